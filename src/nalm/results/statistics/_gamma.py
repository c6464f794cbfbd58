"""Mean of a Gamma distribution with its exact profile-likelihood interval."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nalm.errors import InputError
from nalm.results.statistics._interval import (
    CHI2_95,
    Interval,
    as_sample,
    sample_deviation,
    sample_mean,
    t_interval,
)
from nalm.results.statistics._special import digamma_gap, excess, ratio_excess, root, stirling_rest

LEAST_DEVIATION = 1e-5  # below it values count as equal, as in the released script


def gamma_mean_interval(x: Sequence[float] | np.ndarray) -> Interval:
    """Return the mean of `x` with its interval under a Gamma distribution; for solved-at steps.

    The interval holds the means mu for which 2 (log L(best) - max over the shape of log L(mu, shape)) is at
    most 3.841459, the 95 % quantile of chi-squared with one degree of freedom. The maximum-likelihood mean is
    the sample mean. Solved to double precision; Madsen & Johansen (2020) describe the same interval; their
    program does not reach it (`released_gamma_mean_interval`).

    Degenerate samples get the t interval with its lower end raised to 0: a sample with a value of 0, whose
    likelihood is unbounded, and one whose standard deviation is at most 1e-5 (equal values: width zero). One
    value gives its own mean and NaN ends; no value gives NaN throughout.

    Args:
        x: finite numbers, none negative.

    Raises:
        InputError: `x` holds something else.
    """
    values = as_sample(x, "gamma_mean_interval")
    if is_degenerate(values, "gamma_mean_interval"):
        return t_interval(values, least=0.0)
    n, mean = len(values), sample_mean(values)
    # With the best shape a for a mean mu, log L per value is g(a) = a psi(a) - a - log Gamma(a), up to a
    # constant, and a solves gap(a) := log a - psi(a) = gap(best a) + mean / mu - 1 - log(mean / mu).
    best_gap = math.fsum(ratio_excess(values, mean, values - mean)) / n
    best_shape = _shape(best_gap)
    drop = CHI2_95 / (2 * n)
    best_level = _level(best_shape)
    log_shape = root(
        lambda u: _level(math.exp(u)) - best_level + drop,
        math.log(best_shape) - 2.5 * drop,  # the slope of g in log a lies between 1/2 and 1
        math.log(best_shape) - 0.5 * drop,
    )
    distance = digamma_gap(math.exp(log_shape)) - best_gap
    lower = mean / (1 + _ratio_above(distance))
    upper = mean * math.exp(_log_ratio_below(distance))
    return Interval(mean, lower, upper)


def is_degenerate(values: np.ndarray, name: str) -> bool:
    """Return whether the Gamma likelihood of `values` has no proper maximum.

    Raises:
        InputError: a value is negative; `name` is the function that the message blames.
    """
    if len(values) and values.min() < 0:
        raise InputError(f"{name}: expects numbers of at least 0, got {values.min()}")
    return len(values) < 2 or values.min() == 0 or sample_deviation(values) <= LEAST_DEVIATION


def _shape(gap: float) -> float:
    """Solve log a - psi(a) = gap."""
    return root(lambda a: digamma_gap(a) / gap - 1, 0.49 / gap, 1.01 / gap)


def _level(shape: float) -> float:
    """Return a psi(a) - a - log Gamma(a) + log(2 pi) / 2."""
    return 0.5 * math.log(shape) - shape * digamma_gap(shape) - stirling_rest(shape)


def _ratio_above(distance: float) -> float:
    """Solve v - log(1 + v) = distance for v > 0."""
    most = distance + math.sqrt(distance * (distance + 2))
    return root(lambda v: excess(v) - distance, 0.0, 1.01 * most)


def _log_ratio_below(distance: float) -> float:
    """Solve y - 1 + exp(-y) = distance for y > 0."""

    def error(y: float) -> float:
        left = y + math.expm1(-y) if y > 0.5 else excess(math.expm1(-y))
        return left - distance

    return root(error, 0.0, 1.01 * (distance + math.sqrt(2 * distance)))
