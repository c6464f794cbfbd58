"""The result type, the Wilson interval and the t interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from nalm.errors import InputError

Z_95 = 1.959963984540054  # 97.5 % quantile of the normal distribution
CHI2_95 = Z_95**2  # 95 % quantile of chi-squared with one degree of freedom


class Interval(NamedTuple):
    """A mean with the ends of its 95 % interval; NaN where undefined."""

    mean: float
    lower: float
    upper: float


UNDEFINED = Interval(math.nan, math.nan, math.nan)


def as_sample(x: Sequence[float] | np.ndarray, name: str) -> np.ndarray:
    """Return `x` as a float64 vector.

    Raises:
        InputError: `x` is not a sequence of finite numbers; `name` is the function that the message blames.
    """
    try:
        values = np.asarray(x, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name}: expects a sequence of numbers, got {x!r}") from error
    if values.ndim != 1:
        raise InputError(f"{name}: expects a sequence of numbers, got an array of shape {list(values.shape)}")
    if not np.isfinite(values).all():
        bad = values[~np.isfinite(values)][0]
        raise InputError(f"{name}: expects finite numbers, got {bad}")
    return values


def sample_mean(values: np.ndarray) -> float:
    """Return the mean, exactly the common value if all are equal."""
    if values.min() == values.max():
        return float(values[0])
    return math.fsum(values) / len(values)


def sample_deviation(values: np.ndarray) -> float:
    """Return the sample standard deviation (n - 1 form) of two or more values."""
    mean = sample_mean(values)
    return math.hypot(*(values - mean)) / math.sqrt(len(values) - 1)


def success_interval(solved: int, runs: int) -> Interval:
    """Return the success rate `solved / runs` with its Wilson interval.

    None solved gives a lower end of exactly 0, all solved an upper end of exactly 1; without any run all
    three are NaN.

    Raises:
        InputError: `solved` is not between 0 and `runs`.
    """
    if not 0 <= solved <= runs:
        raise InputError(f"success_interval: expects 0 <= solved <= runs, got solved {solved} and runs {runs}")
    if runs == 0:
        return UNDEFINED
    rate = solved / runs
    scale = 1 + CHI2_95 / runs
    centre = (rate + CHI2_95 / (2 * runs)) / scale
    half = Z_95 / scale * math.sqrt(rate * (1 - rate) / runs + CHI2_95 / (4 * runs**2))
    lower = 0.0 if solved == 0 else centre - half
    upper = 1.0 if solved == runs else centre + half
    return Interval(rate, lower, upper)


def difference_interval(solved: int, runs: int, other_solved: int, other_runs: int) -> Interval:
    """Return the difference of two success rates, the first less the second, with its 95 % interval.

    R. G. Newcombe (1998), "Interval estimation for the difference between independent proportions", Statistics in
    Medicine 17, method 10: from Wilson's intervals of both. Undefined where one of them has no runs.

    Raises:
        InputError: counts that are not possible.
    """
    rate, other = success_interval(solved, runs), success_interval(other_solved, other_runs)
    if not (runs and other_runs):
        return UNDEFINED
    below = math.hypot(rate.mean - rate.lower, other.upper - other.mean)
    above = math.hypot(rate.upper - rate.mean, other.mean - other.lower)
    difference = rate.mean - other.mean
    return Interval(difference, max(difference - below, -1.0), min(difference + above, 1.0))


def t_interval(x: Sequence[float] | np.ndarray, least: float = -math.inf, most: float = math.inf) -> Interval:
    """Return the sample mean with its t interval, mean ± t(0.975, n - 1) sd / sqrt(n).

    One value gives its own mean and NaN ends, no value gives NaN throughout, equal values an interval of
    width zero.

    Args:
        x: finite numbers.
        least: the lower end is raised to this.
        most: the upper end is lowered to this.

    Raises:
        InputError: `x` holds something that is not a finite number.
    """
    values = as_sample(x, "t_interval")
    n = len(values)
    if n == 0:
        return UNDEFINED
    mean = sample_mean(values)
    if n == 1:
        return Interval(mean, math.nan, math.nan)
    half = float(stdtrit(n - 1, 0.975)) * sample_deviation(values) / math.sqrt(n)
    return Interval(mean, max(mean - half, least), min(mean + half, most))
