"""A run's result depends on nothing but its own content, whatever it is trained with and by whichever lowering."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import nn

from nalm import units
from nalm.runs import Run
from nalm.runs.record import TrainedRuns
from nalm.streams import weight_generator
from nalm.training.lowerings.choice import Fallback, Lowered, ProgramKey, lower, program_key, step_of
from nalm.training.lowerings.native import generate
from nalm.training.stacked import data
from nalm.training.stacked.batches import Batch
from nalm.training.stacked.engine import train_batch
from support.runs import grid, run, wide_run

UNITS = ["nmu", "snmu", "snmu_batch", "nac_mul", "nalu", "gnalu", "inalu", "npu", "realnpu", "relu_1"]


def lowered(runs: Sequence[Run], native: bool = True) -> dict[ProgramKey, Lowered]:
    keys = {program_key(run) for run in runs}
    return {key: lower(key) if native else Fallback("by request", compiler=False) for key in keys}


def trained(runs: Sequence[Run], native: bool = True) -> TrainedRuns:
    return train_batch(Batch(tuple(runs)), lowered(runs, native))


def errors_of(result: TrainedRuns, run: Run) -> np.ndarray:
    rows = result.run_index == result.runs.index(run)
    columns = (
        result.metrics["interpolation_error"],
        result.metrics["extrapolation_error"],
        result.metrics["train_loss"],
        result.metrics["penalty_loss"],
    )
    return np.stack([column[rows] for column in columns], axis=1)


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


@pytest.mark.parametrize("unit", UNITS)
def test_tensor_program_equals_native_kernel(unit: str) -> None:
    runs = [run(unit, seed, "[1,2]", iterations=40, log_interval=20) for seed in range(2)]
    native, tensors = trained(runs), trained(runs, native=False)
    for mine in runs:
        np.testing.assert_allclose(errors_of(native, mine), errors_of(tensors, mine), rtol=2e-3, atol=1e-6)
        for name, values in native.state[mine.id].items():
            np.testing.assert_allclose(values, tensors.state[mine.id][name], rtol=1e-3, atol=2e-5)


def eager(mine: Run, updates: int) -> np.ndarray:
    """What a person would write: one module, autograd, torch.optim.Adam, one step after the other."""
    settings = mine.training
    generator = weight_generator(mine.seed, "paper")
    module = mine.network.build(2, 1)
    for _ in range(2):
        units.reset_parameters(module, generator)
    optimizer = torch.optim.Adam(module.parameters(), lr=settings.learning_rate)
    (block,) = data.GeneralSource([mine], updates).next(updates)
    with torch.random.fork_rng():
        torch.set_rng_state(generator.get_state())
        for step, batch in enumerate(torch.from_numpy(block)):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(module(batch[:2].T.contiguous()), batch[2:].T)
            ramp = min(max((step - settings.ramp_start) / (settings.ramp_end - settings.ramp_start), 0), 1)
            penalty = units.penalties(module).get("sparsity", torch.zeros(()))
            (loss + settings.sparsity_penalty * ramp * penalty).backward()
            optimizer.step()
            units.project_(module)
    return torch.cat([p.detach().reshape(-1) for p in module.parameters()]).numpy()


@pytest.mark.parametrize("unit", ["nmu", "snmu", "snmu_batch", "nac_mul", "nalu", "inalu", "npu", "realnpu", "relu_1"])
def test_training_equals_an_ordinary_loop(unit: str) -> None:
    mine = run(unit, seed=3, iterations=149, log_interval=50, ramp_start=20, ramp_end=60)
    got = np.concatenate([v.reshape(-1) for v in trained([mine]).state[mine.id].values()])
    np.testing.assert_allclose(got, eager(mine, 150), rtol=1e-4, atol=1e-5)


def test_rows_hold_the_state_before_their_update() -> None:
    mine = run("nmu", iterations=0, log_interval=10)
    result = trained([mine])
    assert result.steps.tolist() == [0]
    # check values of the original code: seed 0, second draw
    np.testing.assert_allclose(result.weights[0], [[0.294238716, 0.316015244]], rtol=1e-7)
    (final,) = result.state[mine.id].values()
    assert not np.array_equal(result.weights[0][0], final.reshape(-1))


def test_step_zero_errors_are_the_published_ones() -> None:
    expected = {"nmu": (1.726494, 248.9514), "nalu": (2.633731, 345.2421), "gnalu": (2.300098, 324.8754)}
    expected |= {"inalu": (1.746466, 294.6907), "npu": (2.498382, 300.4862), "nac_mul": (5.630942, 303.7)}
    expected |= {"relu_1": (1.612178, 282.0641)}
    runs = [run(unit, 0, "[-2,2]", iterations=0) for unit in expected]
    result = trained(runs)
    np.testing.assert_allclose(result.metrics["interpolation_error"], [v for v, _ in expected.values()], rtol=2e-6)
    np.testing.assert_allclose(result.metrics["extrapolation_error"], [v for _, v in expected.values()], rtol=2e-6)


@pytest.mark.parametrize("native", [True, False])
def test_a_run_that_diverges_is_recorded_and_disturbs_nobody(native: bool) -> None:
    bad, good = run("support.modules:Exploding", 0, "[10,20]"), run("nmu", 0)
    result = trained([bad, good], native)
    assert result.status == ("failed", "finished")
    assert result.failed_step[0] is not None
    assert result.failed_step[0] < 300
    assert f"update of step {result.failed_step[0]}" in str(result.reason[0])
    assert (result.run_index == 0).sum() == result.failed_step[0] // 100 + 1
    assert (result.run_index == 1).sum() == 4
    np.testing.assert_array_equal(errors_of(result, good), errors_of(trained([good], native), good))


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


@pytest.mark.parametrize(
    "settings",
    [
        {"loss": "pcc"},
        {"loss": "mape"},
        {"loss": "pcc-mse", "pcc_to_mse_iteration": 25},
        {"optimizer": "sgd", "learning_rate": 1e-2},
        {"optimizer": "sgd", "momentum": 0.9, "learning_rate": 1e-3},
        {"clip_gradient_norm": 0.5},
        {"clip_gradient_value": 0.01},
        {"l1": True, "l1_start": 1e-3, "l1_end": 1e-1, "l1_step": 10},
        {"constraints": "released"},
        {"ramp": "exponential"},
        {"batch_size": 50},
    ],
    ids=str,
)
def test_every_setting_means_the_same_in_both_lowerings(settings: dict[str, object]) -> None:
    runs = [run("nalu", seed, "[1,2]", iterations=50, log_interval=25, **settings) for seed in range(2)]
    native, tensors = trained(runs), trained(runs, native=False)
    for mine in runs:
        np.testing.assert_allclose(errors_of(native, mine), errors_of(tensors, mine), rtol=1e-3, atol=1e-6)
    default = trained([run("nalu", 0, "[1,2]", iterations=50, log_interval=25)])
    if settings not in ({"constraints": "released"}, {"ramp": "exponential"}):  # the NALU has no such penalty
        assert not np.array_equal(errors_of(native, runs[0])[-1], errors_of(default, default.runs[0])[-1])


def test_published_programs_reach_no_unit_of_the_single_module_task() -> None:
    settings = {"iterations": 20, "log_interval": 1, "learning_rate": 0.1, "ramp_start": 0}
    paper, released = (run("nmu", constraints=constraints, **settings) for constraints in ("paper", "released"))
    result = trained([paper, released])
    assert errors_of(result, paper)[:, 3].any()
    assert not errors_of(result, released)[:, 3].any()
    kept, left = result.weights
    assert kept.max() == 1
    assert left.max() > 1.01


@pytest.mark.parametrize("native", [True, False])
def test_published_programs_reach_both_layers_of_the_arithmetic_dataset_task(native: bool) -> None:
    settings = {"learning_rate": 0.1, "ramp_start": 0}
    paper, released = (
        wide_run("nau", "nmu", constraints=constraints, **settings) for constraints in ("paper", "released")
    )
    result = trained([paper, released], native)
    assert errors_of(result, released)[-1, 3] > 0
    np.testing.assert_array_equal(errors_of(result, released), errors_of(result, paper))
    for name, values in result.state[paper.id].items():
        np.testing.assert_array_equal(result.state[released.id][name], values)


WIDE = [
    ("nau", "nmu"),
    ("nau", "snmu_batch"),
    ("nac", "nac_mul"),
    ("nalu", "nalu"),
    ("linear", "linear"),
    ("nau", "realnpu"),
]


@pytest.mark.parametrize("layers", WIDE, ids="-".join)
@pytest.mark.parametrize("settings", [{}, {"clip_gradient_norm": 1.0, "l1": True}], ids=str)
def test_wide_layers_mean_the_same_in_both_lowerings(layers: tuple[str, ...], settings: dict[str, object]) -> None:
    runs = [wide_run(*layers, seed=seed, **settings) for seed in range(2)]
    native, tensors = trained(runs), trained(runs, native=False)
    for mine in runs:
        np.testing.assert_allclose(errors_of(native, mine), errors_of(tensors, mine), rtol=2e-3)
        for name, values in native.state[mine.id].items():
            np.testing.assert_allclose(values, tensors.state[mine.id][name], rtol=2e-3, atol=1e-4)


def test_wide_layers_keep_their_inputs_as_a_loop() -> None:
    """Not thousands of unrolled expressions, which take half a minute to compile."""
    step = step_of(program_key(wide_run("nau", "nmu")))
    assert len(generate(step, (1000,))) < 30_000


def test_a_wide_run_alone_equals_itself_in_a_batch_bit_for_bit() -> None:
    runs = [wide_run("nau", unit, seed=seed) for unit in ("nmu", "snmu") for seed in range(2)]
    together = trained(runs)
    for mine in runs:
        np.testing.assert_array_equal(errors_of(trained([mine]), mine), errors_of(together, mine))


def test_step_zero_of_the_arithmetic_dataset_task_is_the_published_one() -> None:
    mine = wide_run("nau", "nmu", iterations=0, validation_samples=10_000, test_samples=10_000)
    result = trained([mine])
    np.testing.assert_allclose(result.metrics["train_loss"], [2016044.625], rtol=2e-6)
    np.testing.assert_allclose(result.metrics["interpolation_error"], [1989354.25], rtol=2e-6)
    np.testing.assert_allclose(result.metrics["extrapolation_error"], [101442112.0], rtol=2e-6)
    np.testing.assert_allclose(result.metrics["sparsity_error"].filled(np.nan), [0.381966], atol=1e-6)


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
