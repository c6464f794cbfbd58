"""One call for all steps between two logged ones makes the updates that blocks of steps make, bit for bit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from nalm.runs import Run
from nalm.runs.record import TrainedRuns
from nalm.training.stacked import blocks
from nalm.training.stacked.blocks import Chunks
from nalm.training.stacked.data import features
from support.lowered import errors_of, network_of, trained
from support.runs import grid, run, wide_run

pytestmark = pytest.mark.heavy


@pytest.fixture
def chunked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Lengths of the calls that are made."""
    lengths: list[int] = []
    original = Chunks._train

    def noted(self: Chunks, start: int, count: int, logged: bool) -> None:
        lengths.append(count)
        original(self, start, count, logged)

    monkeypatch.setattr(Chunks, "_train", noted)
    return lengths


def in_blocks(runs: Sequence[Run], monkeypatch: pytest.MonkeyPatch) -> TrainedRuns:
    with monkeypatch.context() as patch:
        patch.setattr(Chunks, "can_train", lambda groups, data: False)
        return trained(runs)


DIVERGING = {"optimizer": "sgd", "learning_rate": 1e6, "constraints": "released"}
BATCHES = {
    "two inputs": lambda: grid(["nmu", "snmu", "nalu"], [0, 1], iterations=299, log_interval=130),
    "wide": lambda: [
        *(
            wide_run("nau", unit, seed=seed, iterations=13, log_interval=5)
            for unit in ("nmu", "snmu")
            for seed in (0, 1)
        ),
        wide_run("nau", "nmu", iterations=13, log_interval=5, learning_rate=1e-2),
        wide_run("nmu", iterations=13, log_interval=5),
    ],
    "with one that diverges": lambda: [run("nmu", interpolation_range="[10,20]", **DIVERGING), run("nmu"), run("snmu")],
}


@pytest.mark.parametrize("batch", BATCHES)
def test_chunks_are_blocks(batch: str, chunked: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    runs = BATCHES[batch]()
    monkeypatch.setattr(blocks, "MOST_READ", 7 * sum(features(mine) for mine in runs))
    result, expected = trained(runs), in_blocks(runs, monkeypatch)
    assert chunked
    assert result.status == expected.status
    assert result.failed_step == expected.failed_step
    for mine in runs:
        np.testing.assert_array_equal(errors_of(result, mine), errors_of(expected, mine))
        np.testing.assert_array_equal(network_of(result, mine), network_of(expected, mine))


def test_an_interval_is_one_call(chunked: list[int]) -> None:
    trained([run("nmu", seed, iterations=300, log_interval=100) for seed in range(2)])
    assert chunked == [100, 100, 100, 1] * 2


def test_runs_that_may_be_drawn_anew_hold_up_no_others(chunked: list[int]) -> None:
    settings = {"iterations": 200, "log_interval": 100}
    trained([run("nmu", **settings), run("inalu", reinitialise=True, **settings)])
    assert chunked == [100, 100, 1]


def test_data_that_numpy_makes_come_in_blocks(chunked: list[int]) -> None:
    pair = run("nmu")
    task = pair.task.model_copy(update={"interpolation_range": type(pair.task.interpolation_range)([[-2, -1], [1, 2]])})
    trained([pair.model_copy(update={"task": task})])
    assert not chunked


@pytest.mark.parametrize("interval", [2**21, 2**62])
def test_an_interval_longer_than_memory_is_trained_as_any_other(interval: int) -> None:
    short, long = (grid(["nmu", "snmu"], [0], iterations=299, log_interval=each) for each in (10**5, interval))
    result, expected = trained(long), trained(short)
    for mine, other in zip(long, short, strict=True):
        np.testing.assert_array_equal(errors_of(result, mine), errors_of(expected, other))
        np.testing.assert_array_equal(network_of(result, mine), network_of(expected, other))
