"""Sums of products of powers, chosen from all of them: orthogonal least squares with a beam.

No product is ever written down: how much each of the L² / 2 (or L³ / 6) would explain follows from L × L matrix
products of the L powers of single inputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from nalm.regression.algebra.formula import Factor, Formula, Term
from nalm.regression.algebra.numbers import ONE, ZERO, Number, rational
from nalm.regression.searching.budget import never

Monomial = tuple[int, ...]
"""Which letters are multiplied, in order."""

_DEPENDENT = 1e-9
"""Products with less than this share outside the span of those already chosen cannot be told from them."""
_MULTIPLICATIONS_PER_S = 4e9
_MOST_EXCHANGES = 10
CUBES = (Fraction(1), Fraction(2), Fraction(3))
POWERS = (Fraction(1), Fraction(2), Fraction(-1), Fraction(-2), Fraction(1, 2), Fraction(-1, 2))


@dataclass(frozen=True)
class Letters:
    """Powers of single inputs, of which products are made.

    Args:
        values: `[rows, letters]`, each of mean square 1.
        inputs: `[letters]`, the column of each.
        powers: the power of each.
    """

    values: np.ndarray
    inputs: np.ndarray
    powers: tuple[Fraction, ...]

    @classmethod
    def of(cls, x: np.ndarray, columns: Sequence[int], powers: Sequence[Fraction] = POWERS) -> Letters:
        """Return the powers that are finite on all rows, of the columns of `x` among some that are no constants."""
        values, inputs, taken = [], [], []
        for column in (column for column in columns if np.ptp(x[:, column]) > 0):
            for power in powers:
                with np.errstate(all="ignore"):
                    value = x[:, column] ** (float(power) if power.denominator > 1 else int(power))
                size = np.sqrt((value**2).mean())
                if np.isfinite(value).all() and 0 < size < 1e100:
                    values.append(value / size)
                    inputs.append(column)
                    taken.append(power)
        stacked = np.stack(values, 1) if values else np.zeros((len(x), 0))
        return cls(stacked, np.array(inputs, dtype=int), tuple(taken))

    def product(self, monomial: Monomial) -> np.ndarray:
        """Return the values of a product, `[rows]`."""
        return np.asarray(self.values[:, list(monomial)].prod(1))

    def factors(self, monomial: Monomial) -> tuple[Factor, ...]:
        """Return a product as factors of a formula."""
        pairs = ((int(self.inputs[letter]), rational(self.powers[letter])) for letter in monomial)
        return tuple(Factor(((column, ONE),), ZERO, power) for column, power in pairs)


class Chosen(NamedTuple):
    """Products chosen so far, with an orthonormal basis of their span and of the constant, and the residual."""

    monomials: tuple[Monomial, ...]
    basis: tuple[np.ndarray, ...]
    residual: np.ndarray

    @property
    def squares(self) -> float:
        """Sum of squared residuals."""
        return float(self.residual @ self.residual)


def scan_work(letters: Letters, degree: int) -> float:
    """Return the nominal seconds that a look at all products takes, for each vector that they are compared with."""
    rows, count = letters.values.shape
    return float(rows * count**2 * (1 if degree < 3 else max(1.0, count / 3)) / _MULTIPLICATIONS_PER_S)


def none_chosen(y: np.ndarray) -> Chosen:
    """Return the choice of no product: the mean of `y` is left."""
    return Chosen((), (np.full(len(y), 1 / math.sqrt(len(y))),), y - y.mean())


def widen(
    beam: Sequence[Chosen], letters: Letters, degree: int, width: int, over: Callable[[], bool] = never
) -> list[Chosen]:
    """Return the `width` best choices that have one product more than those of `beam`, best first.

    Where `over` says that time is up, there are none.
    """
    grown: dict[frozenset[Monomial], Chosen] = {}
    for chosen in beam:
        if over():
            return []
        for monomial in _best(chosen, letters, degree, width):
            key = frozenset((*chosen.monomials, monomial))
            if len(key) > len(chosen.monomials) and key not in grown:
                grown[key] = _with(chosen, letters, monomial)
    return sorted(grown.values(), key=lambda chosen: chosen.squares)[:width]


def exchanged(
    chosen: Chosen, letters: Letters, degree: int, width: int, y: np.ndarray, over: Callable[[], bool] = never
) -> Chosen:
    """Return the choice after replacing one product by a better one, again and again, until none helps."""
    for _ in range(_MOST_EXCHANGES):
        best = chosen
        for place in range(len(chosen.monomials)):
            rest = none_chosen(y)
            for monomial in chosen.monomials[:place] + chosen.monomials[place + 1 :]:
                rest = _with(rest, letters, monomial)
            best = min([best, *widen([rest], letters, degree, width, over)], key=lambda one: one.squares)
        if best.squares > 0.999 * chosen.squares:
            return chosen
        chosen = best
    return chosen


def as_formula(chosen: Chosen, letters: Letters, *, offset: bool) -> Formula:
    """Return a choice as a formula whose coefficients are to be fitted, perhaps with a constant term."""
    factors = [letters.factors(monomial) for monomial in chosen.monomials] + [()] * offset
    if len(factors) == 1:
        return Formula((Term(ONE, factors[0]),), Number(1.0))
    return Formula(tuple(Term(Number(1.0), each) for each in factors))


def _with(chosen: Chosen, letters: Letters, monomial: Monomial) -> Chosen:
    direction = letters.product(monomial)
    for _ in range(2):  # once leaves rounding errors of the size of the part taken out
        for vector in chosen.basis:
            direction = direction - (vector @ direction) * vector
    direction = direction / np.sqrt(direction @ direction)
    residual = chosen.residual - (direction @ chosen.residual) * direction
    return Chosen((*chosen.monomials, monomial), (*chosen.basis, direction), residual)


def _best(chosen: Chosen, letters: Letters, degree: int, width: int) -> list[Monomial]:
    """Return the products that take most off the residual, best first."""
    found: list[tuple[float, Monomial]] = []
    for prefix, gains in _gains(chosen, letters, degree):
        flat = gains.ravel()
        count = min(width, len(flat))
        for place in np.argpartition(flat, -count)[-count:] if count else ():
            if flat[place] > 0:
                rest = np.unravel_index(place, gains.shape)
                found.append((float(flat[place]), (*prefix, *(int(index) for index in rest))))
    found.sort(key=lambda pair: (-pair[0], pair[1]))
    return [monomial for _, monomial in found[:width]]


def _gains(chosen: Chosen, letters: Letters, degree: int) -> Iterator[tuple[Monomial, np.ndarray]]:
    """Yield what each product would take off the squares: of one letter, of two, and of three by the first."""
    values, count = letters.values, letters.values.shape[1]
    if not count:
        return
    vectors = np.stack(chosen.basis)
    inside = ((vectors @ values) ** 2).sum(0)
    yield (), _share(chosen.residual @ values, (values**2).sum(0), inside)
    if degree >= 2:
        apart = np.triu(letters.inputs[:, None] != letters.inputs[None, :])
        yield (), _pair_gains(chosen, values, np.ones(len(values))) * apart
    if degree >= 3:
        for first in range(count):
            other = (letters.inputs[first] != letters.inputs) & (np.arange(count) > first)
            later = apart & other[:, None] & other[None, :]
            yield (first,), _pair_gains(chosen, values, values[:, first]) * later


def _pair_gains(chosen: Chosen, values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    scaled = values * weight[:, None]
    along = scaled.T @ (values * chosen.residual[:, None])
    size = (scaled**2).T @ values**2
    inside = np.zeros_like(size)
    for vector in chosen.basis:
        inside += (scaled.T @ (values * vector[:, None])) ** 2
    return _share(along, size, inside)


def _share(along: np.ndarray, size: np.ndarray, inside: np.ndarray) -> np.ndarray:
    outside = size - inside
    usable = outside > _DEPENDENT * size
    return np.where(usable, along**2 / np.where(usable, outside, 1.0), 0.0)
