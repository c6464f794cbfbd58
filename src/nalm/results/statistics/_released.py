"""The intervals that the published R script computes, kept for comparison with published numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import polygamma, psi

from nalm.results.statistics import _beta, _gamma
from nalm.results.statistics._interval import (
    CHI2_95,
    Interval,
    as_sample,
    sample_deviation,
    sample_mean,
    t_interval,
)
from nalm.results.statistics._special import root_outwards

_PROFILE_STEP = 0.607  # standard errors: sqrt(99 % quantile of chi-squared with 2 degrees of freedom) / 5
_PROFILE_TOLERANCE = 1e-3  # by which twice the log likelihood must rise to restart the profile
_LEAST_BETA_MEAN = 1.78e-5  # below it R's numerical derivatives leave the domain and the t interval is shown


def released_gamma_mean_interval(x: Sequence[float] | np.ndarray) -> Interval:
    """Return the mean and interval that the published R script shows for steps at which runs were solved.

    That script's optimiser leaves the variance at its start, the sample variance s². Its interval is
    therefore the set of mu for which 2 (max log L(·, s²) - log L(mu, s²)) is at most 3.841459, too narrow for
    skewed samples; its mean moves off the sample mean where the profile's first steps find a higher
    likelihood. Intervals agree with the script's to 0.1 % (two values: 1.5 %), means exactly where they do
    not move and to 2.5 % where they do.

    Degenerate samples are treated as in `gamma_mean_interval`.

    Raises:
        InputError: `x` holds something other than finite numbers of at least 0.
    """
    values = as_sample(x, "released_gamma_mean_interval")
    if _gamma.is_degenerate(values, "released_gamma_mean_interval"):
        return t_interval(values, least=0.0)
    n, mean = len(values), sample_mean(values)
    likelihood = _FixedVarianceGamma(mean, float(np.log(values).mean()), sample_deviation(values) ** 2, n)
    step = likelihood.standard_error(mean)
    direction = math.copysign(step / mean, likelihood.slope(mean))
    best = math.exp(root_outwards(lambda u: -likelihood.slope(math.exp(u)) * direction, math.log(mean), direction))
    peak = likelihood(best)

    def excess_drop(log_mu: float) -> float:
        return peak - likelihood(math.exp(log_mu)) - CHI2_95 / 2

    lower = root_outwards(excess_drop, math.log(best), -step / mean)
    upper = root_outwards(excess_drop, math.log(best), step / mean)
    return Interval(_moved_mean(likelihood, mean), math.exp(lower), math.exp(upper))


def released_beta_mean_interval(x: Sequence[float] | np.ndarray) -> Interval:
    """Return the mean and interval that the published R script shows for sparsity errors.

    That script evaluates the density of Beta(2 mu v, (1 - 2 mu) v), whose mean is 2 mu, at x itself, so both
    estimate and interval are about half the true ones. Where the estimate falls below 1.78e-5 the script's
    derivatives fail and it shows the (unhalved) t interval within [0, 1/2] instead.

    Degenerate samples are treated as in `beta_mean_interval`.

    Raises:
        InputError: `x` holds something that is not a finite number.
    """
    values = _beta.as_errors(x, "released_beta_mean_interval")
    if not _beta.is_degenerate(values):
        interval = _beta.profile_interval(values, 1 - values)
        if interval.mean / 2 >= _LEAST_BETA_MEAN:
            return Interval(interval.mean / 2, interval.lower / 2, interval.upper / 2)
    return t_interval(values, least=0.0, most=0.5)


@dataclass(frozen=True)
class _FixedVarianceGamma:
    """Log likelihood of n values under a Gamma distribution of mean mu and fixed variance q."""

    mean: float
    mean_log: float
    q: float
    n: int

    def __call__(self, mu: float) -> float:
        shape, rate = mu * mu / self.q, mu / self.q
        value = shape * math.log(rate) - math.lgamma(shape) + (shape - 1) * self.mean_log - rate * self.mean
        return self.n * value

    def slope(self, mu: float) -> float:
        """Return a positive multiple of the derivative."""
        return 2 * mu * self._shape_slope(mu) + mu - self.mean

    def standard_error(self, mu: float) -> float:
        """Return 1 / sqrt(curvature in mu).

        The script inverts a numerical Hessian in (mu, q), whose entries for q, of order 1e-17, are rounding
        noise.
        """
        shape = mu * mu / self.q
        curvature = 4 * shape * float(polygamma(1, shape)) - 3 - 2 * self._shape_slope(mu)  # times q / n
        return math.sqrt(self.q / (self.n * max(curvature, 0.1)))

    def _shape_slope(self, mu: float) -> float:
        return math.log(mu / self.q) - float(psi(mu * mu / self.q)) + self.mean_log


def _moved_mean(likelihood: _FixedVarianceGamma, mean: float) -> float:
    """Follow the script's restarts: step to a higher likelihood, down first, until no step helps."""
    mu = mean
    while True:
        step = _PROFILE_STEP * likelihood.standard_error(mu)
        better = [
            candidate
            for candidate in (mu - step, mu + step)
            if candidate > 0 and 2 * (likelihood(candidate) - likelihood(mu)) > _PROFILE_TOLERANCE
        ]
        if not better:
            return mu
        mu = better[0]
