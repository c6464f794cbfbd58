"""Which inputs take part: numbers that the rows do not need are taken out of a formula, worst first."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np

from nalm.regression.algebra.formula import Factor, Formula, Term
from nalm.regression.algebra.numbers import ONE, ZERO, Number, rational
from nalm.regression.algebra.parameters import Fit, fit, free_values, with_numbers
from nalm.regression.judgement.exactness import SINGLE, is_single

ROUNDING = 1e-10
"""Residuals below this share of the target are taken for rounding errors, if it has more digits than float32."""
_ROUNDINGS = 4


def product_of_sums(weights: np.ndarray, powers: Sequence[Fraction], columns: Sequence[int], x: np.ndarray) -> Formula:
    """Return a product of sums as a formula whose weights are relative to each factor's largest share.

    Args:
        weights: `[factors, inputs + 1]`, the last one of the constant.
        powers: of the factors.
        columns: columns of `x` that the inputs are.
        x: `[rows, columns]`.
    """
    size = np.append(np.sqrt((x[:, list(columns)] ** 2).mean(0)), 1.0)
    scale, factors = 1.0, []
    for row, power in zip(weights, powers, strict=True):
        largest = int(np.argmax(np.abs(row) * size))
        unit = row[largest] if power.denominator == 1 else abs(row[largest])
        scale *= float(unit ** (int(power) if power.denominator == 1 else float(power)))
        numbers = [Number(float(value)) for value in row / unit]
        numbers[largest] = rational(round(numbers[largest].value))
        pairs = tuple(zip(columns, numbers[:-1], strict=True))
        factors.append(Factor(pairs, numbers[-1], rational(power)))
    return Formula((Term(ONE, tuple(factors)),), Number(scale))


def noise(fitted: Fit, y: np.ndarray) -> float:
    """Return the standard deviation of the residuals of a fit, at least that of rounding errors."""
    freedom = max(1, len(y) - len(fitted.errors))
    return math.sqrt(max(fitted.squares / freedom, rounding(y) ** 2))


def rounding(y: np.ndarray) -> float:
    """Return the size below which residuals of a target are taken for rounding errors."""
    return rms(y) * (_ROUNDINGS * SINGLE if is_single(y) else ROUNDING)


def rms(y: np.ndarray) -> float:
    """Return the root of the mean square."""
    return float(np.sqrt((y**2).mean()))


def threshold(rows: int, inputs: int) -> float:
    """Return how many squared standard errors from zero a number must be to stay.

    The extended Bayesian information criterion of Chen & Chen (2008): log n for the number, 2 log d for the
    choice of its input.
    """
    return math.log(rows) + 2 * math.log(inputs + 1)


def prune(formula: Formula, x: np.ndarray, y: np.ndarray, over: Callable[[], bool]) -> Fit | None:
    """Fit a formula, and again without the numbers that are not distinguishable from zero, until all are.

    Args:
        formula: where a free weight, constant of a sum, or coefficient of one of several terms may go.
        x: `[rows, inputs]`.
        y: `[rows]`.
        over: whether time is up, so that the formula is to be taken as it is.

    Returns:
        None where the formula cannot be fitted.
    """
    least = threshold(len(y), x.shape[1])
    best = fit(formula, x, y)
    while best is not None and not over():
        removable = _removable(best.formula)
        values = free_values(best.formula)
        with np.errstate(divide="ignore"):
            sizes = np.where(removable, (values / (best.errors * noise(best, y))) ** 2, np.inf)
        weak = np.flatnonzero(sizes < least)
        weak = weak[np.argsort(sizes[weak], kind="stable")]
        smaller = None
        # all at once, else the weaker half, and so on to the weakest alone
        while len(weak) and smaller is None and not over():
            smaller = _without(best, weak, x, y, least)
            weak = weak[: len(weak) // 2]
        if smaller is None:
            return best
        best = smaller
    return best


def _without(best: Fit, dropped: np.ndarray, x: np.ndarray, y: np.ndarray, least: float) -> Fit | None:
    """Return the fit without some numbers if the rows do not miss them."""
    values = [Number(float(value)) for value in free_values(best.formula)]
    for place in dropped:
        values[place] = ZERO
    fitted = fit(simplified(with_numbers(best.formula, values)), x, y)
    allowed = max(best.squares, len(y) * rounding(y) ** 2) * math.exp(len(dropped) * least / len(y))
    return fitted if fitted is not None and fitted.squares <= allowed else None


def _removable(formula: Formula) -> np.ndarray:
    """Return which free numbers may be set to zero: not the scale, and not the power of a factor."""
    places = [False] * formula.scale.is_free
    for term in formula.terms:
        places += [True] * term.coefficient.is_free
        for factor in term.factors:
            places += [True for _, weight in factor.weights if weight.is_free]
            places += [True] * factor.bias.is_free
            places += [True] * factor.power.is_free
    return np.array(places, dtype=bool)


def simplified(formula: Formula) -> Formula:
    """Return the formula without what is zero; sums of a single summand move into the coefficient."""
    scale = formula.scale
    terms = []
    for term in formula.terms:
        coefficient, factors = term.coefficient, []
        for factor in term.factors:
            weights = tuple(pair for pair in factor.weights if pair[1] != ZERO)
            summands = [weight for _, weight in weights] + [factor.bias] * (factor.bias != ZERO)
            if factor.power == ZERO:
                continue
            if len(summands) == 1 and summands[0] != ONE and _has_power(summands[0], factor.power):
                share = summands[0].value ** factor.power.value
                coefficient = Number(coefficient.value * share)
                weights, bias = (((weights[0][0], ONE),), ZERO) if weights else ((), ONE)
                factor = Factor(weights, bias, factor.power)
            if weights:
                factors.append(factor._replace(weights=weights))
        if coefficient != ZERO:
            terms.append(Term(coefficient, tuple(factors)))
    if len(terms) == 1 and terms[0].coefficient != ONE:
        scale = Number(scale.value * terms[0].coefficient.value)
        terms = [terms[0]._replace(coefficient=ONE)]
    return Formula(tuple(terms), scale)


def _has_power(number: Number, power: Number) -> bool:
    return number.value > 0 or power.value == round(power.value)
