"""Formulas that differ in one place: each must be clearly worse before a formula is called exact."""

from __future__ import annotations

import math
from collections.abc import Container, Iterator

import numpy as np

from nalm.regression.algebra.formula import Factor, Formula, Term
from nalm.regression.algebra.numbers import ZERO

_CHANCE = 1e-3
"""Chance that a wrong formula among all neighbours is taken to be worse."""
_ROUNDING = 1e-12
_NOTHING = 0.05
"""What is added to a sum must change it by this share to be a neighbour, if it takes part elsewhere in the formula."""
_MOST_SWAPPED = 400


def equal_neighbour(formula: Formula, x: np.ndarray, y: np.ndarray) -> str:
    """Return what could be changed in `formula` without doing clearly worse on the rows; empty where nothing can.

    Neighbours have one input left out, or another in its place, or another sign; an input more; a power one
    step away; one term less; an input of a sum's power that is in one of its factors only. Their scale is fitted anew.
    """
    worse = _limit(formula, x, y)
    for values, change in _neighbours(formula, x):
        if np.isfinite(values).all() and _squares(values, y) <= worse:
            return f"{change} does as well"
    return ""


def split_does_as_well(formula: Formula, x: np.ndarray, y: np.ndarray) -> bool:
    """Return whether a power of a sum may be a product of different sums, for all that the rows tell."""
    limit = _limit(formula, x, y)
    squares = (_squares(values, y) for values, _ in _splits(formula, x) if np.isfinite(values).all())
    return any(own <= limit for own in squares)


def _limit(formula: Formula, x: np.ndarray, y: np.ndarray) -> float:
    """Return the squared residuals up to which a neighbour does as well."""
    rows = len(y)
    own = max(_squares(formula(x), y), rows * (_ROUNDING**2) * float(y @ y))
    return own * math.exp(min(500.0, (2 * math.log(_count(formula, x.shape[1]) / _CHANCE)) / rows))


def _count(formula: Formula, inputs: int) -> int:
    return max(1, (inputs + 4) * sum(len(factor.weights) + 1 for factor in formula.factors()))


def _squares(values: np.ndarray, y: np.ndarray) -> float:
    """Return the squared residuals after fitting the scale."""
    size = float(values @ values)
    residual = y - values * (float(values @ y) / size if size > 0 else 0.0)
    return float(residual @ residual)


def _terms(formula: Formula, x: np.ndarray) -> list[tuple[Term, np.ndarray, np.ndarray]]:
    """Return each term, its values at the rows, and those of the sum of all others."""
    products = [term.coefficient.value * term.product(x) for term in formula.terms]
    total = np.sum(products, axis=0)
    return [(term, product, total - product) for term, product in zip(formula.terms, products, strict=True)]


def _splits(formula: Formula, x: np.ndarray) -> Iterator[tuple[np.ndarray, str]]:
    """Yield values with (s + x)(s - x) in place of a square of a sum s that x is part of, as in `_neighbours`."""
    with np.errstate(all="ignore"):
        for term, product, rest in _terms(formula, x):
            for factor in term.factors:
                if len(factor.weights) < 2 or abs(factor.power.value) < 2:
                    continue
                base, sign = factor.base(x), math.copysign(1.0, factor.power.value)
                for column, weight in factor.weights:
                    share = weight.value * x[:, column]
                    changed = product * ((base + share) * (base - share) / base**2) ** sign
                    yield rest + changed, f"with {{{column}}} in one factor of a power only it"


def _neighbours(formula: Formula, x: np.ndarray) -> Iterator[tuple[np.ndarray, str]]:
    """Yield values at the rows, and what was changed: `{}` stands for inputs by their columns."""
    yield from _splits(formula, x)
    with np.errstate(all="ignore"):
        for term, product, rest in _terms(formula, x):
            if len(formula.terms) > 1:
                yield rest, "without one of its terms it"
                yield rest - product, "with another sign it"
            for index, factor in enumerate(term.factors):
                others = Term(term.coefficient, term.factors[:index] + term.factors[index + 1 :])
                weight = others.coefficient.value * others.product(x)
                for base, power, change in _near_factors(factor, x, formula.inputs):
                    yield rest + weight * _power(base, power), change


def _power(base: np.ndarray, power: float) -> np.ndarray:
    return base ** (int(power) if power == int(power) else power)


def _near_factors(
    factor: Factor, x: np.ndarray, taking_part: Container[int]
) -> Iterator[tuple[np.ndarray, float, str]]:
    base, power = factor.base(x), factor.power.value
    step = 0.5 if power != int(power) else 1.0
    of_truth = factor.is_input and bool(((base == 0) | (base == 1)).all())
    for changed in (power - step, power + step):
        if changed <= 0 or not of_truth:  # all other powers of 0 and 1 are equal
            yield base, changed, "with another power it"
    swaps = x.shape[1] * len(factor.weights) <= _MOST_SWAPPED * len(x)
    varying = np.ptp(x, axis=0) > 0
    others = [column for column in range(x.shape[1]) if varying[column] and column not in factor.inputs]
    for column, weight in factor.weights:
        share = weight.value * x[:, column]
        without = base - share
        if len(factor.weights) > 1 or factor.bias != ZERO:
            yield without, power, f"without {{{column}}} it"
            yield without - share, power, f"with {{{column}}} subtracted it"
        for other in others if swaps else ():
            yield without + weight.value * x[:, other], power, f"with {{{other}}} in place of {{{column}}} it"
    unit = max(abs(weight.value) for _, weight in factor.weights)
    for other in others:
        if not (other in taking_part and _is_nothing(unit * x[:, other], base)):
            yield base + unit * x[:, other], power, f"with {{{other}}} added it"
            yield base - unit * x[:, other], power, f"with {{{other}}} subtracted it"
    if factor.bias != ZERO:
        yield base - factor.bias.value, power, "without a constant it"


def _is_nothing(added: np.ndarray, base: np.ndarray) -> bool:
    """Return whether numbers are of another order of magnitude, as a volume in cubic metres beside a temperature.

    A table cannot tell whether such an input is added, too; that it takes part elsewhere is told by its other place.
    """
    return bool(np.abs(added).max() < _NOTHING * np.abs(base).min())
