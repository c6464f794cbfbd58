"""Mean of a Beta distribution on [0, 1/2] with its exact profile-likelihood interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nalm.results.statistics._interval import CHI2_95, Interval, as_sample, sample_deviation, t_interval
from nalm.results.statistics._special import (
    digamma_gap,
    log_ratio,
    ratio_excess,
    root,
    root_outwards,
    stirling_rest,
)

MARGIN = 1e-16  # values are moved this far inside [0, 1/2], as in the released script
LEAST_DEVIATION = 1e-10  # below it values count as equal, as in the released script


def beta_mean_interval(x: Sequence[float] | np.ndarray) -> Interval:
    """Return the mean of `x` with its interval under a Beta distribution on [0, 1/2]; for sparsity errors.

    2x ~ Beta(2 mu v, (1 - 2 mu) v). The mean is the maximum-likelihood estimate of mu, which differs a little
    from the sample mean. The interval holds the mu for which 2 (log L(best) - max over v of log L(mu, v)) is
    at most 3.841459, the 95 % quantile of chi-squared with one degree of freedom. Solved to double precision;
    Madsen & Johansen (2020) describe the same interval; their program evaluates the density at x instead of
    2x, which halves it (`released_beta_mean_interval`).

    Values, also those outside [0, 1/2] (a weight beyond ±3/2), are first moved to at least 1e-16 from both
    ends. Samples whose standard deviation then is at most 1e-10 get the t interval within [0, 1/2] (equal
    values: width zero). One value gives its own mean and NaN ends; no value gives NaN throughout.

    Args:
        x: finite numbers, as a rule in [0, 1/2].

    Raises:
        InputError: `x` holds something that is not a finite number.
    """
    values = as_errors(x, "beta_mean_interval")
    if is_degenerate(values):
        return t_interval(values, least=0.0, most=0.5)
    mean, lower, upper = profile_interval(2 * values, 2 * (0.5 - values))
    return Interval(mean / 2, lower / 2, upper / 2)


def as_errors(x: Sequence[float] | np.ndarray, name: str) -> np.ndarray:
    """Return `x` as a vector, moved to at least 1e-16 from both ends of [0, 1/2].

    Raises:
        InputError: a value is not a finite number; `name` is the function that the message blames.
    """
    return as_sample(x, name).clip(MARGIN, 0.5 - MARGIN)


def is_degenerate(values: np.ndarray) -> bool:
    """Return whether `values` are too few or too equal for the Beta likelihood."""
    return len(values) < 2 or sample_deviation(values) <= LEAST_DEVIATION


def profile_interval(z: np.ndarray, rest: np.ndarray) -> Interval:
    """Return the maximum-likelihood mean of a Beta distribution on [0, 1] with its profile interval.

    Args:
        z: two or more values in (0, 1), not all equal.
        rest: 1 - z, given apart because z near 1 cannot hold it.
    """
    likelihood = _MeanLikelihood(z, rest)
    start = math.log(z.sum() / rest.sum())
    step = likelihood.standard_error(start)
    direction = math.copysign(step, likelihood.slope(start))
    best = root_outwards(lambda u: -likelihood.slope(u) * direction, start, direction)
    peak = likelihood.profile(best)
    drop = CHI2_95 / (2 * len(z))

    def excess_drop(u: float) -> float:
        return peak - drop - likelihood.profile(u)

    lower = root_outwards(excess_drop, best, -2 * step)
    upper = root_outwards(excess_drop, best, 2 * step)
    return Interval(*(_expit(u) for u in (best, lower, upper)))


def _expit(u: float) -> float:
    return 1 / (1 + math.exp(-u)) if u > 0 else math.exp(u) / (1 + math.exp(u))


@dataclass(frozen=True)
class _MeanLikelihood:
    """Log likelihood per value by u = logit m, with mean m and the best concentration v = a + b.

    Written as log L = G(m, v) - v K(m), where K is the mean Kullback-Leibler distance of the values from m
    and G collects what Stirling's formula leaves of the Beta function: both stay small when v is 1e16.
    """

    z: np.ndarray
    rest: np.ndarray

    def profile(self, u: float) -> float:
        m, complement = _expit(u), _expit(-u)
        distance = self._distance(m, complement)
        v = self._concentration(m, complement, distance)
        a, b = v * m, v * complement
        gaussian = 0.5 * (math.log(v) + math.log(m) + math.log(complement))
        return gaussian + stirling_rest(v) - stirling_rest(a) - stirling_rest(b) - v * distance

    def slope(self, u: float) -> float:
        """Return a positive multiple of the derivative of `profile`."""
        m, complement = _expit(u), _expit(-u)
        v = self._concentration(m, complement, self._distance(m, complement))
        difference = self._difference(m, complement)
        observed = log_ratio(self.z, m, difference) - log_ratio(self.rest, complement, -difference)
        return float(observed.mean()) + digamma_gap(v * m) - digamma_gap(v * complement)

    def standard_error(self, u: float) -> float:
        """Return a rough standard error of the best u, the length of the first step of the searches."""
        m, complement = _expit(u), _expit(-u)
        v = self._concentration(m, complement, self._distance(m, complement))
        return 1 / math.sqrt(len(self.z) * max(v, 1.0) * m * complement + 1)

    def _difference(self, m: float, complement: float) -> np.ndarray:
        """Return z - m."""
        return np.where(self.z < 0.5, self.z - m, complement - self.rest)

    def _distance(self, m: float, complement: float) -> float:
        difference = self._difference(m, complement)
        above = m * ratio_excess(self.z, m, difference)
        below = complement * ratio_excess(self.rest, complement, -difference)
        return math.fsum(above + below) / len(self.z)

    def _concentration(self, m: float, complement: float, distance: float) -> float:
        """Solve d(log L) / dv = 0; v times it is h(v) - v K with h between 1/2 and 3/2."""

        def error(v: float) -> float:
            a, b = v * m, v * complement
            h = a * digamma_gap(a) + b * digamma_gap(b) - v * digamma_gap(v)
            return h / (v * distance) - 1

        return root(error, 0.4 / distance, 1.6 / distance)
