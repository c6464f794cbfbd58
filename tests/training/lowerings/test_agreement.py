"""Every lowering means what the step says, to the precision that float32 has.

No two of them, and no two processors, round alike. So each is held to the same step in float64, as closely as its
conditioning allows: see `support.rounding`.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from nalm import units
from nalm.runs import Run
from nalm.streams import weight_generator
from nalm.tasks import Range
from nalm.training.stacked import data
from support.lowered import LOWERINGS, errors_of, trained
from support.reference import truth
from support.rounding import assert_within, tolerance
from support.runs import run, wide_run

pytestmark = pytest.mark.heavy

UNITS = ["nmu", "snmu", "snmu_batch", "nac_mul", "nalu", "gnalu", "inalu", "npu", "realnpu", "relu_1"]


@pytest.mark.parametrize("unit", UNITS)
def test_units_mean_the_same_in_every_lowering(unit: str) -> None:
    runs = [run(unit, seed, "[1,2]", iterations=20, log_interval=10) for seed in range(2)]
    exact = truth(runs)
    for lowering in LOWERINGS:
        exact.assert_agrees(trained(runs, lowering))
    # a bound that anything meets would prove nothing
    assert (tolerance(exact.rows)[..., :3] < 1e-3 * exact.rows[0, ..., :3]).all()


@pytest.mark.parametrize(
    "settings",
    [
        {"loss": "pcc"},
        {"loss": "mape"},
        {"loss": "pcc-mse", "pcc_to_mse_iteration": 10},
        {"optimizer": "sgd", "learning_rate": 1e-2},
        {"optimizer": "sgd", "momentum": 0.9, "learning_rate": 1e-3},
        {"clip_gradient_norm": 0.5},
        {"clip_gradient_value": 0.01},
        {"l1": True, "l1_start": 1e-3, "l1_end": 1e-1, "l1_step": 5},
        {"constraints": "released"},
        {"ramp": "exponential"},
        {"batch_size": 50},
    ],
    ids=str,
)
def test_every_setting_means_the_same_in_every_lowering(settings: dict[str, object]) -> None:
    short = {"iterations": 20, "log_interval": 10}
    runs = [run("nalu", seed, "[1,2]", **short, **settings) for seed in range(2)]
    exact = truth(runs)
    for lowering in LOWERINGS:
        exact.assert_agrees(trained(runs, lowering))
    default = trained([run("nalu", 0, "[1,2]", **short)])
    if settings not in ({"constraints": "released"}, {"ramp": "exponential"}):  # the NALU has no such penalty
        assert not np.array_equal(errors_of(trained(runs), runs[0])[-1], errors_of(default, default.runs[0])[-1])


WIDE = [
    ("nau", "nmu"),
    ("nau", "snmu_batch"),
    ("nac", "nac_mul"),
    ("nalu", "nalu"),
    ("linear", "linear"),
    ("nau", "realnpu"),
    ("nmu",),
    ("nau", "gated_nau_nmu"),
    ("gated_nau_nmu", "gated_nau_nmu"),
]


CLIPPED = {"clip_gradient_norm": 1.0, "l1": True}


@pytest.mark.parametrize(
    ("layers", "settings"),
    [*((layers, CLIPPED) for layers in WIDE), (("nau", "nmu"), {})],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else str(value),
)
def test_wide_layers_mean_the_same_in_every_lowering(layers: tuple[str, ...], settings: dict[str, object]) -> None:
    runs = [wide_run(*layers, seed=seed, **settings) for seed in range(2)]
    if layers[0] in ("nmu", "gated_nau_nmu"):
        # a product of all inputs, which float32 holds where they are near 1
        near_one = {"interpolation_range": Range([0.5, 1.5]), "extrapolation_range": Range([0.9, 1.1])}
        runs = [run.model_copy(update={"task": run.task.model_copy(update=near_one)}) for run in runs]
    exact = truth(runs)
    for lowering in LOWERINGS:
        exact.assert_agrees(trained(runs, lowering))


def ordinary_loop(mine: Run, updates: int) -> np.ndarray:
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
    mine = run(unit, seed=3, iterations=59, log_interval=20, ramp_start=10, ramp_end=30)
    exact = truth([mine])
    assert_within(ordinary_loop(mine, 60), exact.networks[:, 0], "parameter of the loop")
    exact.assert_agrees(trained([mine]))


PUBLISHED = {
    "nmu": (1.726494, 248.9514),
    "nalu": (2.633731, 345.2421),
    "gnalu": (2.300098, 324.8754),
    "inalu": (1.746466, 294.6907),
    "npu": (2.498382, 300.4862),
    "nac_mul": (5.630942, 303.7),
    "relu_1": (1.612178, 282.0641),
}


@pytest.mark.parametrize("unit", PUBLISHED)
def test_step_zero_errors_are_the_published_ones(unit: str) -> None:
    runs = [run(unit, 0, "[-2,2]", iterations=0)]
    exact = truth(runs)
    np.testing.assert_allclose(exact.rows[0, 0, 0, :2], PUBLISHED[unit], rtol=1e-6)
    exact.assert_agrees(trained(runs))


def test_step_zero_of_the_arithmetic_dataset_task_is_the_published_one() -> None:
    runs = [wide_run("nau", "nmu", iterations=0, validation_samples=10_000, test_samples=10_000)]
    exact, result = truth(runs), trained(runs)
    np.testing.assert_allclose(exact.rows[0, 0, 0, :3], [1989354.25, 101442112.0, 2016044.625], rtol=1e-6)
    exact.assert_agrees(result)
    np.testing.assert_allclose(result.metrics["sparsity_error"].filled(np.nan), [0.381966], atol=1e-6)
