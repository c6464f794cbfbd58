from __future__ import annotations

import numpy as np
import pytest

from nalm.runs.settings import TrainingSettings
from nalm.training.step.schedules import l1_factor, penalty_factors, ramp


def test_linear_ramp_grows_between_its_ends() -> None:
    settings = TrainingSettings(ramp_start=20_000, ramp_end=35_000)
    steps = np.array([0, 20_000, 27_500, 35_000, 50_000])
    np.testing.assert_array_equal(ramp(settings, steps), [0, 0, 0.5, 1, 1])


def test_exponential_ramp() -> None:
    steps = np.array([0, 100_000])
    np.testing.assert_allclose(ramp(TrainingSettings(ramp="exponential"), steps), [0, 1 - np.exp(-1)])


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (1e-7, 1e-5, [1e-7, 1e-7, 1e-6, 1e-6, 1e-5, 1e-5]),
        (1e-5, 1e-7, [1e-5, 1e-5, 1e-6, 1e-6, 1e-7, 1e-7]),
        (1e-7, 5e-6, [1e-7, 1e-7, 1e-6, 1e-6, 1e-5, 1e-5]),  # overshoots its end once, as the original does
    ],
)
def test_l1_factor_changes_in_the_step_that_its_period_divides(start: float, end: float, expected: list[float]) -> None:
    steps = np.array([0, 9_999, 10_000, 19_999, 20_000, 50_000])
    settings = TrainingSettings(l1=True, l1_start=start, l1_end=end)
    assert l1_factor(settings, steps).tolist() == expected


def test_l1_factor_of_a_later_block_equals_that_of_the_whole() -> None:
    settings = TrainingSettings(l1=True, l1_start=1e-7, l1_end=1e-5)
    whole = l1_factor(settings, np.arange(30_000))
    np.testing.assert_array_equal(l1_factor(settings, np.arange(12_345, 20_100)), whole[12_345:20_100])


def test_only_penalties_with_a_factor_are_applied() -> None:
    settings = TrainingSettings(sparsity_penalty=0, bounds_penalty=0, gate_penalty=0)
    assert penalty_factors(settings, np.zeros(1)) == {}


def test_npu_penalties_follow_the_chosen_scale() -> None:
    steps = np.array([0, 10_000])
    follows_l1 = TrainingSettings(npu_gate_penalty=2, l1_start=1e-3, l1_end=1)
    np.testing.assert_allclose(penalty_factors(follows_l1, steps)["npu_gate"], [2e-3, 2e-2])
    follows_ramp = TrainingSettings(npu_gate_penalty=2, npu_penalty_scale="ramp", ramp_start=0, ramp_end=20_000)
    np.testing.assert_allclose(penalty_factors(follows_ramp, steps)["npu_gate"], [0, 1])


def test_a_ramp_must_increase() -> None:
    with pytest.raises(ValueError, match="ramp_end 5 must be greater than ramp_start 5"):
        TrainingSettings(ramp_start=5, ramp_end=5)
