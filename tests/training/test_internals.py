"""What is recorded of the inside of networks, and that it changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nalm import units
from nalm.digits import SequentialDigits, StaticDigits, train_digits
from nalm.errors import InputError
from nalm.figures import FIGURES
from nalm.results.output.export import export
from nalm.results.store import Store
from nalm.studies import expand as expanded
from nalm.studies import loads, to_toml
from nalm.training import train
from nalm.training.internals import gate_openings, internals
from results.output.test_export import events

ALL = ("gates", "penalties", "gradients", "weights")


def test_a_nalu_with_everything() -> None:
    torch.manual_seed(0)
    network = torch.nn.Sequential(units.NAU(3, 2, input_penalty=True), units.NALU(2, 1)).eval()
    x, state = torch.rand(20, 3), {name: value.clone() for name, value in network.state_dict().items()}
    before = torch.get_rng_state()
    found = internals(network, lambda: (network(x) - 1).square().mean(), ALL)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(value, state[name]) for name, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())
    openings = torch.sigmoid(network[0](x) @ network[1].opening.G.T).detach()
    assert found["gate_2_mean"] == pytest.approx(float(openings.mean()))
    assert found["gate_2_least"] == pytest.approx(float(openings.min()))
    assert "gate_1_mean" not in found
    assert found["penalty_sparsity"] == pytest.approx(float(network[0].penalties()["sparsity"].detach()))
    assert found["penalty_input"] > 0
    loss = (network(x) - 1).square().mean()
    gradient = torch.autograd.grad(loss, network[0].weights.W)[0]
    assert found["gradient_1"] == pytest.approx(float(gradient.norm()), rel=1e-5)
    weights = network[0].weight.detach()
    assert found["weight_1_mean"] == pytest.approx(float(weights.mean()))
    counts = [found[f"weight_1_bin_{k}"] for k in range(12)]
    assert sum(counts) == 6
    assert counts[6] == int(((weights >= 0) & (weights < 0.25)).sum())


@pytest.mark.parametrize(
    ("name", "value"), [("inalu", 0.5), ("realnpu", 0.5), ("dmu", None), ("naluig", None), ("nmu", None)]
)
def test_gates_of_units(name: str, value: float | None) -> None:
    unit = units.create(name, 2, 1).eval()
    openings = gate_openings(unit, torch.rand(4, 2))
    if name == "nmu":
        assert openings is None
        return
    assert openings is not None
    assert bool((openings >= 0).all() & (openings <= 1).all())
    if value is not None and name == "realnpu":
        assert openings.tolist() == [0.5, 0.5]


STUDY = """
title = "Gates"
seeds = "0:2"
[task]
kind = "single-module"
[grid]
operation = ["add", "mul"]
[settings]
iterations = 200
log_interval = 100
validation_samples = 50
test_samples = 50
{record}
[[networks]]
unit = "nalu"
[[networks]]
unit = "nmu"
settings = {{ sparsity_penalty = 1, ramp_start = 0, ramp_end = 100 }}
"""


def stored(folder: Path, record: str) -> Store:
    study = loads(STUDY.format(record=record), "gates")
    store = Store.create_or_open(folder, to_toml(study))
    train(expanded(study), store.write, workers=1)
    return store


@pytest.mark.heavy
def test_trajectories_are_the_same_with_and_without(tmp_path: Path) -> None:
    plain = stored(tmp_path / "off", "").records()
    store = stored(tmp_path / "on", 'record = ["gates", "penalties", "gradients", "weights"]')
    records = store.read()
    shared = [name for name in plain.columns if name not in ("run",)]
    assert records.table.select(shared).equals(plain.select(shared))
    metrics = set(records.metrics)
    assert {"gate_1_mean", "penalty_sparsity", "gradient_1", "weight_1_bin_0"} <= metrics
    nalu = records.table.filter(unit="nalu")
    assert nalu["gate_1_mean"].is_between(0, 1).all()
    assert records.table.filter(unit="nmu")["gate_1_mean"].is_null().all()
    figure = FIGURES["gates"].data(store)
    assert [len(row.plots) for row in figure.rows] == [1, 1]
    assert sum(value or 0 for curve in figure.rows[0].plots[0].curves for value in curve.y) == 2
    pytest.importorskip("tensorboardX")
    (path, *_) = sorted(export(store, tmp_path / "events").rglob("nmu*/*tfevents*"))
    values = {value.tag: value for value in events(path)[1].summary.value}
    assert values["weights/1"].histo.num == 2
    assert len(values["weights/1"].histo.bucket) == len(values["weights/1"].histo.bucket_limit) == 12
    assert {"gradient/1", "penalty/sparsity", "weight/1_mean"} <= set(values)


@pytest.mark.heavy
def test_without_gates_the_figure_says_how_to_record_them(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="gates: these results have none; nalm run STUDY --set 'record="):
        FIGURES["gates"].data(stored(tmp_path / "off", ""))


DIGITS: list[Any] = [
    StaticDigits(dataset="digits", samples_per_pair=1, epochs=2, stage="snmu"),
    SequentialDigits(dataset="digits", epochs=2, evaluation_interval=1, test_lengths=(1,), batch_size=200, cell="snmu"),
]


@pytest.mark.heavy
@pytest.mark.parametrize("task", DIGITS)
def test_digit_runs_are_the_same_with_and_without(task: Any) -> None:
    plain, recorded = (train_digits(task.model_copy(update={"record": which}), 0) for which in ((), ALL))
    for name, value in plain.state.items():
        np.testing.assert_array_equal(value, recorded.state[name])
    for one, other in zip(plain.records, recorded.records, strict=True):
        assert one.weights == other.weights
        assert one.metrics.items() <= other.metrics.items()
    inside = set(recorded.records[0].metrics) - set(plain.records[0].metrics)
    part = "image_network" if isinstance(task, StaticDigits) else "reader"
    assert {"gradient_1", f"gradient_{part}", "penalty_sparsity", "weight_1_mean", "weight_1_bin_11"} <= inside
    assert isinstance(task, StaticDigits) or "penalty_input" in inside
