"""Special functions in forms in which the likelihoods lose no digits, and root finders."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq
from scipy.special import psi

_LARGE = 12.0  # from here on the asymptotic series below are exact to double precision
_NEAR = 0.4  # the series for log(1 + x) - x is exact to double precision below
_HALF_LOG_TAU = 0.5 * math.log(2 * math.pi)

# B_2k / (2k (2k - 1)) and B_2k / 2k for k = 1, 2, …, with Bernoulli numbers B
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)
_DIGAMMA = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)


def log_ratio(values: np.ndarray, reference: float, differences: np.ndarray) -> np.ndarray:
    """Return log(values / reference), exact also near 1; `differences` is values - reference."""
    relative = differences / reference
    near = np.abs(relative) < _NEAR
    return np.where(near, np.log1p(np.where(near, relative, 0.0)), np.log(values / reference))


def ratio_excess(values: np.ndarray, reference: float, differences: np.ndarray) -> np.ndarray:
    """Return r - 1 - log r for r = values / reference, exact also near 1 (`differences`: values -
    reference)."""
    relative = differences / reference
    near = np.abs(relative) < _NEAR
    return np.where(near, _excess(np.where(near, relative, 0.0)), relative - np.log(values / reference))


def excess(x: float) -> float:
    """Return x - log(1 + x) for x > -1, without cancellation near 0."""
    return float(_excess(np.float64(x))) if abs(x) < _NEAR else x - math.log1p(x)


def _excess(x: np.ndarray | np.float64) -> np.ndarray | np.float64:
    z = x / (2 + x)  # log(1 + x) = 2 artanh(z), and x - 2 z = x z
    square = z * z
    series = 0 * z
    for k in range(25, 1, -2):
        series = (series + 1 / k) * square
    return z * (x - 2 * series)


def stirling_rest(x: float) -> float:
    """Return log Gamma(x) - (x - 1/2) log x + x - log(2 pi) / 2 for x > 0; it goes to 0 for large x."""
    if x < _LARGE:
        return math.lgamma(x) - (x - 0.5) * math.log(x) + x - _HALF_LOG_TAU
    return _series(_STIRLING, x)


def digamma_gap(x: float) -> float:
    """Return log x - psi(x) for x > 0; it lies between 1 / 2x and 1 / x."""
    if x < _LARGE:
        return math.log(x) - float(psi(x))
    return 0.5 / x + _series(_DIGAMMA, x) / x


def _series(coefficients: tuple[float, ...], x: float) -> float:
    square = 1 / (x * x)
    total = 0.0
    for coefficient in reversed(coefficients):
        total = total * square + coefficient
    return total / x


def root(function: Callable[[float], float], one: float, other: float) -> float:
    """Return the zero of `function` between two points at which its signs differ."""
    return float(brentq(function, one, other, xtol=1e-300, rtol=8.9e-16, maxiter=300))


def root_outwards(function: Callable[[float], float], start: float, step: float) -> float:
    """Return the nearest zero of `function` beyond `start`, in steps that double from `step`.

    `function` is negative at `start` and becomes positive.
    """
    inside = start
    while True:
        outside = inside + step
        if function(outside) >= 0:
            return root(function, inside, outside)
        inside = outside
        step *= 2
