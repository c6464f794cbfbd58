"""Whether residuals hold anything but noise."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy.special import chdtri, ndtri

from nalm.regression.algebra.formula import Formula

_DOUBT = 0.01
"""Chance that pure noise is taken for more."""
_TESTS = 5
_DEGREE = 6
_SHUFFLES = 60
_OUTLIER = 5.0
"""Standard deviations by which a square of a sum must stand out among those of shuffled residuals."""
_MOST_SUMMED = 120
_MOST_SHUFFLED_ROWS = 1500
_MOST_INPUTS = 12
"""More inputs than this are not tested in pairs and neighbourhoods."""


def left_over(residual: np.ndarray, formula: Formula, x: np.ndarray) -> str:
    """Return what residuals depend on, `{3}` for the input in column 3; empty where they may be pure noise.

    Tested are correlations with polynomials of each input, with products of the formula's inputs with any
    other, jointly with smooth functions of the formula's inputs and of its value, among neighbours, and with the square
    of any sum of inputs: the square of a mean of two long sums is near their product, and differs from it by one.

    Args:
        residual: `[rows]`.
        formula: whose residuals they are.
        x: `[rows, inputs]`.
    """
    noise = residual - residual.mean()
    spread = math.sqrt(float((noise**2).mean()))
    if spread == 0 or len(residual) < 8:
        return ""
    noise = noise / spread
    used = list(formula.inputs)
    polynomials = {column: _polynomials(x[:, column], min(_DEGREE, len(noise) // 8)) for column in range(x.shape[1])}
    for found in (
        _single(noise, polynomials),
        _pairs(noise, polynomials, used[:_MOST_INPUTS]),
        _joint(noise, polynomials, used),
        _joint_of_value(noise, formula(x)),
        _among_neighbours(noise, x, used[:_MOST_INPUTS]),
        _squared_sum(noise, x, used),
    ):
        if found:
            return found
    return ""


def _polynomials(values: np.ndarray, degree: int) -> np.ndarray:
    """Return orthonormal polynomials of the values' ranks, `[rows, degree]` or fewer where values repeat."""
    ranks = np.unique(values, return_inverse=True)[1].astype(float)
    if ranks.max() == 0:
        return np.zeros((len(values), 0))
    ranks = 2 * ranks / ranks.max() - 1
    degree = min(degree, len(np.unique(ranks)) - 1)
    basis = np.linalg.qr(np.polynomial.legendre.legvander(ranks, degree))[0]
    return np.asarray(basis[:, 1:])


def _limit(count: int) -> float:
    """Return the size that the largest of `count` normal numbers has by chance only."""
    return -float(ndtri(_DOUBT / _TESTS / (2 * max(1, count))))


def _single(noise: np.ndarray, polynomials: dict[int, np.ndarray]) -> str:
    limit = _limit(sum(basis.shape[1] for basis in polynomials.values()))
    for column, basis in polynomials.items():
        if basis.shape[1] and np.abs(noise @ basis).max() > limit:
            return f"{{{column}}}"
    return ""


def _pairs(noise: np.ndarray, polynomials: dict[int, np.ndarray], used: list[int]) -> str:
    root = math.sqrt(len(noise))
    tests = list(_products(polynomials, used))
    limit = _limit(len(tests))
    for first, second, values in tests:
        size = math.sqrt(float(values @ values))
        if size > 1e-6 / root and abs(float(noise @ values)) / size > limit:
            return f"{{{first}}} and {{{second}}}"
    return ""


def _products(polynomials: dict[int, np.ndarray], used: list[int]) -> Iterator[tuple[int, int, np.ndarray]]:
    for first in used:
        for second in polynomials:
            if second == first or (second in used and second < first):
                continue
            most = 2 if second in used else 1
            for one in polynomials[first].T[:most]:
                for two in polynomials[second].T[:most]:
                    values = one * two
                    yield first, second, values - values.mean()


def _joint(noise: np.ndarray, polynomials: dict[int, np.ndarray], used: list[int]) -> str:
    for column in used:
        basis = polynomials[column]
        count = basis.shape[1]
        if count and float(((noise @ basis) ** 2).sum()) > chdtri(count, _DOUBT / _TESTS / len(used)):
            return f"{{{column}}}"
    return ""


def _joint_of_value(noise: np.ndarray, value: np.ndarray) -> str:
    basis = _polynomials(value, min(_DEGREE, len(noise) // 8))
    count = basis.shape[1]
    if count and float(((noise @ basis) ** 2).sum()) > chdtri(count, _DOUBT / _TESTS):
        return "the formula's value"
    return ""


def _among_neighbours(noise: np.ndarray, x: np.ndarray, used: list[int]) -> str:
    """Rows that are near each other must not have residuals that are: along each input, and in all together."""
    from scipy.spatial import cKDTree  # takes a while to import

    limit = _limit(len(used) + 1)
    for column in used:
        order = np.argsort(x[:, column], kind="stable")
        if abs(float(noise[order][1:] @ noise[order][:-1])) / math.sqrt(len(noise)) > limit:
            return f"{{{column}}}"
    ranks = np.stack([np.argsort(np.argsort(x[:, column], kind="stable")) for column in used], 1).astype(float)
    nearest = cKDTree(ranks).query(ranks, k=2)[1][:, 1]
    # mutual neighbours count twice, so that the variance is at most twice that of independent pairs
    if abs(float(noise @ noise[nearest])) / math.sqrt(2 * len(noise)) > limit:
        return "the formula's inputs"
    return ""


def _squared_sum(noise: np.ndarray, x: np.ndarray, used: list[int]) -> str:
    """Test the sum of inputs whose square the residuals follow most, which is an eigenvector.

    Each pair of many inputs may have no visible share of it.
    """
    # those of the formula stand out more among themselves
    both = any(_stands_out(noise, x[:, columns[:_MOST_SUMMED]]) for columns in (used, [*range(x.shape[1])]))
    return "a square of a sum of inputs" if both else ""


def _stands_out(noise: np.ndarray, x: np.ndarray) -> bool:
    few = np.linspace(0, len(noise) - 1, min(len(noise), _MOST_SHUFFLED_ROWS)).astype(int)
    noise, centred = noise[few], x[few] - x[few].mean(axis=0)
    spread = centred.std(axis=0)
    scaled = centred[:, spread > 0] / spread[spread > 0]
    if scaled.shape[1] < 2:
        return False
    draw = np.random.default_rng(0)
    chance = np.array([_largest_form(draw.permutation(noise), scaled) for _ in range(_SHUFFLES)])
    return _largest_form(noise, scaled) > float(chance.mean() + _OUTLIER * chance.std())


def _largest_form(noise: np.ndarray, scaled: np.ndarray) -> float:
    return float(np.abs(np.linalg.eigvalsh((scaled * noise[:, None]).T @ scaled)).max())
