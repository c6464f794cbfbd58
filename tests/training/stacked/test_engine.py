"""A run's result depends on nothing but its own content, whatever it is trained with and by whichever lowering."""

from __future__ import annotations

import numpy as np
import pytest

from nalm.runs.record import TrainedRuns
from nalm.training.lowerings.choice import program_key, step_of
from nalm.training.lowerings.native import generate
from support.lowered import errors_of, trained
from support.runs import grid, run, wide_run

UNITS = ["nmu", "snmu", "snmu_batch", "nac_mul", "nalu", "gnalu", "inalu", "npu", "realnpu", "relu_1"]


@pytest.fixture(scope="module")
def together() -> TrainedRuns:
    return trained(grid(UNITS, range(2)))


@pytest.mark.parametrize("unit", UNITS)
def test_a_run_alone_equals_itself_in_a_batch_bit_for_bit(unit: str, together: TrainedRuns) -> None:
    mine = run(unit, 1, "[-2,2]")
    alone = trained([mine])
    np.testing.assert_array_equal(errors_of(alone, mine), errors_of(together, mine))
    for name, values in alone.state[mine.id].items():
        np.testing.assert_array_equal(values, together.state[mine.id][name])


def test_the_same_batch_twice_is_the_same(together: TrainedRuns) -> None:
    again = trained(together.runs)
    assert len(together.metrics) == 5
    for name, values in together.metrics.items():
        np.testing.assert_array_equal(*(np.ma.filled(column, np.nan) for column in (again.metrics[name], values)))


def test_rows_hold_the_state_before_their_update() -> None:
    mine = run("nmu", iterations=0, log_interval=10)
    result = trained([mine])
    assert result.steps.tolist() == [0]
    # check values of the original code: seed 0, second draw
    np.testing.assert_allclose(result.weights[0], [[0.294238716, 0.316015244]], rtol=1e-7)
    (final,) = result.state[mine.id].values()
    assert not np.array_equal(result.weights[0][0], final.reshape(-1))


@pytest.mark.parametrize("lowering", ["native", "tensors"])
def test_a_run_that_diverges_is_recorded_and_disturbs_nobody(lowering: str) -> None:
    bad, good = run("support.modules:Exploding", 0, "[10,20]"), run("nmu", 0)
    result = trained([bad, good], lowering)
    assert result.status == ("failed", "finished")
    assert result.failed_step[0] is not None
    assert result.failed_step[0] < 300
    assert f"update of step {result.failed_step[0]}" in str(result.reason[0])
    assert (result.run_index == 0).sum() == result.failed_step[0] // 100 + 1
    assert (result.run_index == 1).sum() == 4
    np.testing.assert_array_equal(errors_of(result, good), errors_of(trained([good], lowering), good))


def test_reinitialisation_inside_a_batch_equals_alone() -> None:
    settings = {"reinitialise": True, "reinitialise_stored_losses": 100, "reinitialise_threshold": 1e-9}
    runs = [run("inalu", seed, r, **settings) for seed in range(2) for r in ("[1,2]", "[10,20]")]
    batch = trained(runs)
    without = trained([run("inalu", 0, "[1,2]")])
    for mine in runs:
        np.testing.assert_array_equal(errors_of(trained([mine]), mine), errors_of(batch, mine))
    assert not np.array_equal(errors_of(batch, runs[0])[-1], errors_of(without, without.runs[0])[-1])


def test_fast_streams_give_other_numbers_but_the_same_independence() -> None:
    mine = run("snmu", 1, "[10,20]", streams="fast")
    batch = trained([mine, run("snmu", 2, "[10,20]", streams="fast"), run("nmu", 1, "[1,2]", streams="fast")])
    np.testing.assert_array_equal(errors_of(trained([mine]), mine), errors_of(batch, mine))
    paper = run("snmu", 1, "[10,20]")
    assert not np.array_equal(errors_of(batch, mine), errors_of(trained([paper]), paper))


def test_published_programs_reach_no_unit_of_the_single_module_task() -> None:
    settings = {"iterations": 20, "log_interval": 1, "learning_rate": 0.1, "ramp_start": 0}
    paper, released = (run("nmu", constraints=constraints, **settings) for constraints in ("paper", "released"))
    result = trained([paper, released])
    assert errors_of(result, paper)[:, 3].any()
    assert not errors_of(result, released)[:, 3].any()
    kept, left = result.weights
    assert kept.max() == 1
    assert left.max() > 1.01


@pytest.mark.parametrize("lowering", ["native", "tensors"])
def test_published_programs_reach_both_layers_of_the_arithmetic_dataset_task(lowering: str) -> None:
    settings = {"learning_rate": 0.1, "ramp_start": 0}
    paper, released = (
        wide_run("nau", "nmu", constraints=constraints, **settings) for constraints in ("paper", "released")
    )
    result = trained([paper, released], lowering)
    assert errors_of(result, released)[-1, 3] > 0
    np.testing.assert_array_equal(errors_of(result, released), errors_of(result, paper))
    for name, values in result.state[paper.id].items():
        np.testing.assert_array_equal(result.state[released.id][name], values)


def test_wide_layers_keep_their_inputs_as_a_loop() -> None:
    """Not thousands of unrolled expressions, which take half a minute to compile."""
    step = step_of(program_key(wide_run("nau", "nmu")))
    assert len(generate(step, (1000,))) < 30_000


def test_a_wide_run_alone_equals_itself_in_a_batch_bit_for_bit() -> None:
    runs = [wide_run("nau", unit, seed=seed) for unit in ("nmu", "snmu") for seed in range(2)]
    together = trained(runs)
    for mine in runs:
        np.testing.assert_array_equal(errors_of(trained([mine]), mine), errors_of(together, mine))


@pytest.mark.parametrize("unit", ["gumbel_nac", "gumbel_nmu", "multi_weight_nau", "bandit_nac", "bandit_nalu"])
def test_units_that_keep_buffers_train(unit: str) -> None:
    """Their temperature, their turn or what they have learnt is part of a run's state."""
    mine = run(unit, 1, "[1,2]", iterations=61, log_interval=20)
    results = [trained([mine]), trained([mine, run(unit, 2, "[10,20]", iterations=61, log_interval=20)])]
    np.testing.assert_array_equal(errors_of(results[0], mine), errors_of(results[1], mine))
    start = trained([run(unit, 1, "[1,2]", iterations=0, log_interval=20)])
    (first,) = start.state.values()
    changed = [name for name, value in results[0].state[mine.id].items() if not np.array_equal(value, first[name])]
    assert set(step_of(program_key(mine)).buffers) & set(changed)


def test_a_module_without_reset_is_built_anew_for_each_seed() -> None:
    runs = [run("support.modules:OwnParameter", seed) for seed in (0, 1, 0)]
    result = trained(runs[:2])
    first, second = (result.weights[i][0] for i in range(2))
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(trained(runs[2:]).weights[0][0], first)


def test_the_best_network_can_be_kept_instead_of_the_last() -> None:
    # far too large a step: the error goes up and down
    settings = {"learning_rate": 1.0, "iterations": 400, "log_interval": 10}
    best, last = (run("linear", 0, "[10,20]", saved_weights=which, **settings) for which in ("best", "last"))
    result = trained([best, last])
    np.testing.assert_array_equal(errors_of(result, best), errors_of(result, last))
    row = int(np.argmin(errors_of(result, best)[:, 0]))
    assert row < 40
    kept = trained([run("linear", 0, "[10,20]", **{**settings, "iterations": row * 10 - 1})])
    for name, values in kept.state[kept.runs[0].id].items():
        np.testing.assert_array_equal(result.state[best.id][name], values)
    assert any(not np.array_equal(result.state[best.id][k], result.state[last.id][k]) for k in result.state[best.id])
