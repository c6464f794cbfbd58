"""Intervals against published values, golden statistics and the definition of a profile likelihood."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import gammaln

from nalm.errors import InputError
from nalm.results.statistics import (
    Interval,
    beta_mean_interval,
    gamma_mean_interval,
    released_beta_mean_interval,
    released_gamma_mean_interval,
    success_interval,
    t_interval,
)

GOLDEN = Path(__file__).parents[1] / "assets" / "golden"
THOUSANDS = [3, 34, 46, 3, 7, 66, 32, 10, 14, 15, 21, 18, 71, 8, 8, 6, 11, 10, 7, 9, 33, 21, 34, 2, 7]
TIGHT = [24000] * 7 + [25000] * 12 + [26000] * 5 + [28000]
SKEWED = [1000, 2000, 3000, 2500, 4000, 1500, 2200, 1800]
SPARSITY = [0.01, 0.02, 0.05, 0.03, 0.015, 0.12, 0.2, 0.07]
SMALL_SPARSITY = [1e-3, 2e-3, 1.5e-3, 5e-4, 3e-3, 2.5e-3, 1.2e-3, 8e-4]


@pytest.mark.parametrize(
    ("solved", "runs", "lower", "upper"),
    [
        (0, 25, 0, 0.133192),
        (12, 25, 0.300313, 0.665015),
        (25, 25, 0.866808, 1),
        (0, 20, 0, 0.161125),
        (20, 20, 0.838875, 1),
        (93, 100, 0.862505, 0.965681),
    ],
)
def test_success_interval_is_wilsons(solved: int, runs: int, lower: float, upper: float) -> None:
    interval = success_interval(solved, runs)
    assert interval == pytest.approx((solved / runs, lower, upper), abs=6e-7)
    assert interval.lower >= 0
    assert interval.upper <= 1


def test_success_interval_without_runs_is_undefined() -> None:
    assert all(map(math.isnan, success_interval(0, 0)))


@pytest.mark.parametrize(("solved", "runs"), [(3, 2), (-1, 2)])
def test_success_interval_refuses_impossible_counts(solved: int, runs: int) -> None:
    with pytest.raises(InputError, match=f"expects 0 <= solved <= runs, got solved {solved} and runs {runs}"):
        success_interval(solved, runs)


@pytest.mark.parametrize("interval", [t_interval, gamma_mean_interval, beta_mean_interval])
class TestDegenerateSamples:
    def test_no_value(self, interval: Callable[[list[float]], Interval]) -> None:
        assert all(map(math.isnan, interval([])))

    def test_one_value_is_its_own_mean(self, interval: Callable[[list[float]], Interval]) -> None:
        mean, lower, upper = interval([0.25])
        assert mean == 0.25
        assert math.isnan(lower)
        assert math.isnan(upper)

    @pytest.mark.parametrize("value", [0.1, 0.3, 1e-7])
    def test_equal_values_have_width_zero(self, interval: Callable[[list[float]], Interval], value: float) -> None:
        assert interval([value] * 7) == (value, value, value)

    @pytest.mark.parametrize("bad", [[0.1, math.nan], [0.1, math.inf], [[0.1, 0.2]], ["a"]])
    def test_refuses_what_is_not_a_finite_number(
        self, interval: Callable[[list[float]], Interval], bad: list[float]
    ) -> None:
        with pytest.raises(InputError, match=f"{interval.__name__}: expects"):
            interval(bad)


def test_gamma_with_a_zero_is_the_t_interval_clamped_at_zero() -> None:
    x = [0, 1000, 2000]
    assert gamma_mean_interval(x) == t_interval(x, least=0.0)
    assert gamma_mean_interval(x).lower == 0.0
    assert released_gamma_mean_interval(x) == t_interval(x, least=0.0)


def test_gamma_refuses_negative_values() -> None:
    with pytest.raises(InputError, match=r"expects numbers of at least 0, got -1\.0"):
        gamma_mean_interval([2, -1])


def test_beta_of_zeros_is_the_margin() -> None:
    assert beta_mean_interval([0.0] * 5) == (1e-16, 1e-16, 1e-16)


def test_beta_moves_values_into_its_support() -> None:
    assert beta_mean_interval([0.1, 0.6, -1]) == beta_mean_interval([0.1, 0.5, 0])


@pytest.mark.parametrize(
    ("x", "lower", "upper"),
    [
        ([21000, 23000, 22000, 25000, 21000, 22000, 24000, 26000, 21000, 23000], 21712.8, 23961.0),
        (SKEWED, 1689.2, 3089.1),
        ([4000, 5000, 4000], 3669.7378615095554, 5167.049100111073),
    ],
)
def test_gamma_interval_is_the_exact_profile(x: list[float], lower: float, upper: float) -> None:
    assert gamma_mean_interval(x) == pytest.approx((np.mean(x), lower, upper), rel=3e-5)


@pytest.mark.parametrize(
    ("x", "expected", "tolerance"),
    [
        (TIGHT, (25040, 24674.63, 25406.30), 1e-5),
        ([21000, 23000], (22000, 20031.6, 23943.5), 1e-4),
        ([21000, 22000, 23000], (22000, 20865.7, 23125.8), 1e-4),
        (SKEWED, (2250, 1706.1, 2818.7), 3e-5),
        ([1000 * v for v in THOUSANDS], (21237.4, 16988.6, 25442.2), 0.005),
    ],
)
def test_released_gamma_interval(x: list[float], expected: tuple[float, float, float], tolerance: float) -> None:
    assert released_gamma_mean_interval(x) == pytest.approx(expected, rel=tolerance)


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (SPARSITY, (0.0323383, 0.0175238, 0.0657614)),
        (SMALL_SPARSITY, (7.8124e-4, 5.3067e-4, 1.21729e-3)),
        ([1e-6, 2e-6, 1.5e-6, 3e-6, 2e-6, 1e-6], (1.75e-6, 9.54226e-7, 2.54577e-6)),
        ([0.0] * 5, (1e-16, 1e-16, 1e-16)),
    ],
)
def test_released_beta_interval_halves_unless_tiny(x: list[float], expected: tuple[float, float, float]) -> None:
    assert released_beta_mean_interval(x) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("family", ["gamma", "beta"])
def test_intervals_agree_with_the_golden_statistics(family: str) -> None:
    interval = {"gamma": gamma_mean_interval, "beta": beta_mean_interval}[family]
    lines = (GOLDEN / "statistics" / "exact_intervals.jsonl").read_text().splitlines()
    cases = [case for case in map(json.loads, lines) if case["family"] == family]
    assert cases
    for case in cases:
        result = interval(case["x"])
        assert result.lower == pytest.approx(case["lower"], rel=1e-8)
        assert result.upper == pytest.approx(case["upper"], rel=1e-8)
        assert result.mean == pytest.approx(case["mean"], rel=2e-5)  # theirs is an optimiser's


def naive_gamma(x: np.ndarray, mu: float, log_v: float) -> float:
    shape = math.exp(log_v)
    rate = shape / mu
    return float(np.sum(shape * np.log(rate) - gammaln(shape) + (shape - 1) * np.log(x) - rate * x))


def naive_beta(x: np.ndarray, mu: float, log_v: float) -> float:
    v = math.exp(log_v)
    a, b = 2 * mu * v, (1 - 2 * mu) * v
    norm = gammaln(v) - gammaln(a) - gammaln(b)
    return float(np.sum(norm + (a - 1) * np.log(2 * x) + (b - 1) * np.log1p(-2 * x)))


def naive_profile(likelihood: Callable[[np.ndarray, float, float], float], x: np.ndarray, mu: float) -> float:
    best = minimize_scalar(lambda v: -likelihood(x, mu, v), bounds=(-12, 25), method="bounded", options={"xatol": 1e-9})
    return -float(best.fun)


@pytest.mark.parametrize(
    ("interval", "likelihood", "x"),
    [
        (gamma_mean_interval, naive_gamma, SKEWED),
        (gamma_mean_interval, naive_gamma, [1000, 1_000_000]),
        (gamma_mean_interval, naive_gamma, [1000 * v for v in THOUSANDS]),
        (beta_mean_interval, naive_beta, SPARSITY),
        (beta_mean_interval, naive_beta, [1e-8] * 10 + [2e-8, 0.3]),
        (beta_mean_interval, naive_beta, [0.499, 0.4999, 0.25, 0.49]),
        (beta_mean_interval, naive_beta, [0.1, 0.2]),
    ],
)
def test_ends_lie_where_the_deviance_is_the_quantile(
    interval: Callable[[list[float]], Interval],
    likelihood: Callable[[np.ndarray, float, float], float],
    x: list[float],
) -> None:
    sample = np.array(x, dtype=float)
    result = interval(x)
    peak = naive_profile(likelihood, sample, result.mean)
    for neighbour in (result.mean * 0.999, result.mean * 1.001):
        assert naive_profile(likelihood, sample, neighbour) < peak
    for end in (result.lower, result.upper):
        deviance = 2 * (peak - naive_profile(likelihood, sample, end))
        assert deviance == pytest.approx(3.841458820694124, abs=1e-5)


steps = st.lists(st.integers(1, 10_000), min_size=2, max_size=30)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(steps, st.sampled_from([1e-3, 10.0, 1e6]))
def test_gamma_interval_scales_with_its_unit(x: list[int], unit: float) -> None:
    small, large = gamma_mean_interval(x), gamma_mean_interval([v * unit for v in x])
    assert large == pytest.approx([v * unit for v in small], rel=1e-9)
    assert small.lower <= small.mean <= small.upper


errors = st.lists(st.floats(0, 0.5) | st.floats(-16, -0.5).map(lambda power: 10**power), min_size=2, max_size=30)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(errors)
def test_beta_interval_is_ordered_and_inside_its_support(x: list[float]) -> None:
    mean, lower, upper = beta_mean_interval(x)
    assert 0 <= lower <= mean <= upper <= 0.5
    released = released_beta_mean_interval(x)
    assert 0 <= released.lower <= released.mean <= released.upper <= 0.5


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(st.integers(1, 2**20 - 1), min_size=2, max_size=30))
def test_beta_interval_is_symmetric(x: list[int]) -> None:
    values = [v / 2**21 for v in x]
    mean, lower, upper = beta_mean_interval(values)
    mirrored = beta_mean_interval([0.5 - v for v in values])
    assert mirrored == pytest.approx((0.5 - mean, 0.5 - upper, 0.5 - lower), rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("width", [1e-9, 1e-7, 1e-4])
def test_nearly_equal_sparsity_errors_keep_their_digits(width: float) -> None:
    """A narrow sample has the interval of a normal likelihood, of half-width sd sqrt(exp(q / n) - 1)."""
    x = [0.2, 0.2 + width, 0.2 + 2 * width]
    mean, lower, upper = beta_mean_interval(x)
    half = width * math.sqrt(2 / 3) * math.sqrt(math.exp(3.841458820694124 / 3) - 1)
    assert mean == pytest.approx(0.2 + width, abs=1e-3 * width)
    assert mean - lower == pytest.approx(half, rel=0.01)
    assert upper - mean == pytest.approx(half, rel=0.01)
