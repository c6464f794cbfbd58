"""Formulas near one that was found, to be fitted anew: with the inputs that it lacks, or with simpler sums."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nalm.regression.algebra.formula import Factor, Formula, Term
from nalm.regression.algebra.numbers import ONE, ZERO, Number, rational
from nalm.regression.algebra.parameters import derivatives
from nalm.regression.searching.pruning import rounding, threshold

_SHARE = 0.25
"""What is added at once follows the residuals at least this share as much as what follows them most."""
_MOST_ADDED = 12
_MOST_FREE = 80


def grown(formula: Formula, x: np.ndarray, y: np.ndarray) -> Formula | None:
    """Return the formula with what it lacks, to be fitted anew; None where the rows ask for nothing.

    For each input, and a constant, in each sum and as a term of its own, this is a score test: how much of the
    residuals its derivative explains that the derivatives of the formula's own numbers do not.

    Args:
        formula: fitted to the rows.
        x: `[rows, inputs]`.
        y: `[rows]`.
    """
    loose = loosened(formula)
    if loose.free + 1 >= min(len(y), _MOST_FREE):
        return None
    residual = y - formula(x)
    own = derivatives(loose, x)
    if not (np.isfinite(own).all() and np.isfinite(residual).all()):
        return None
    basis = np.linalg.qr(own / np.maximum(np.sqrt((own**2).sum(0)), 1e-300))[0]
    residual = residual - basis @ (basis.T @ residual)
    variance = max(float(residual @ residual) / (len(y) - loose.free), rounding(y) ** 2)
    size = np.sqrt((x**2).mean(0))
    inputs = np.column_stack([x / np.where(size > 0, size, 1.0), np.ones(len(x))])
    scores = np.stack([_scores(slope[:, None] * inputs, basis, residual) for slope in _slopes(loose, x)]) / variance
    least = max(threshold(len(y), x.shape[1]), _SHARE * float(scores.max()))
    order = np.argsort(-scores, axis=None, kind="stable")[:_MOST_ADDED]
    places = zip(*np.unravel_index(order, scores.shape), strict=True)
    missing = [(int(place), int(column)) for place, column in places if scores[place, column] > least]
    return _with(loose, missing, x.shape[1]) if missing else None


def loosened(formula: Formula) -> Formula:
    """Return the formula with its numbers free, but for powers and the first weight of each sum, which is 1 or -1."""
    terms = []
    for term in formula.terms:
        scale, factors = formula.scale.value * term.coefficient.value, []
        for factor in term.factors:
            unit, power = factor.weights[0][1].value, factor.power.value
            if power != int(power):
                unit = abs(unit)
            shares = [(column, Number(weight.value / unit)) for column, weight in factor.weights]
            shares[0] = (shares[0][0], rational(round(shares[0][1].value)))
            bias = factor.bias if factor.bias == ZERO else Number(factor.bias.value / unit)
            factors.append(Factor(tuple(shares), bias, factor.power))
            scale *= unit**power
        terms.append(Term(Number(scale), tuple(factors)))
    if len(terms) == 1:
        return Formula((terms[0]._replace(coefficient=ONE),), terms[0].coefficient)
    return Formula(tuple(terms))


def simpler(formula: Formula) -> Iterator[Formula]:
    """Yield the formula with one of its sums simpler: of weights 1 and -1, or without an input; all else is free."""
    loose = loosened(formula)
    for place, term in enumerate(loose.terms):
        for index, factor in enumerate(term.factors):
            if any(abs(weight.value) != 1 for _, weight in factor.weights):
                yield _exchanged(loose, place, index, factor._replace(weights=_signs(factor)))
            for left_out in range(len(factor.weights)) if len(factor.weights) > 1 else ():
                weights = factor.weights[:left_out] + factor.weights[left_out + 1 :]
                yield loosened(_exchanged(loose, place, index, factor._replace(weights=weights)))
            if factor.bias != ZERO:
                yield _exchanged(loose, place, index, factor._replace(bias=ZERO))


def _signs(factor: Factor) -> tuple[tuple[int, Number], ...]:
    return tuple((column, ONE if weight.value > 0 else -ONE) for column, weight in factor.weights)


def _exchanged(formula: Formula, place: int, index: int, factor: Factor) -> Formula:
    """Return the formula with another factor in one of its terms."""
    term = formula.terms[place]
    term = term._replace(factors=(*term.factors[:index], factor, *term.factors[index + 1 :]))
    return formula._replace(terms=(*formula.terms[:place], term, *formula.terms[place + 1 :]))


def _slopes(formula: Formula, x: np.ndarray) -> list[np.ndarray]:
    """Return the derivative by each sum, in order, and that by a term beside the others."""
    slopes = []
    with np.errstate(all="ignore"):
        for term in formula.terms:
            whole = formula.scale.value * term.coefficient.value
            for place, factor in enumerate(term.factors):
                rest = Term(ONE, term.factors[:place] + term.factors[place + 1 :]).product(x)
                power = factor.power.value
                slopes.append(whole * rest * power * factor.base(x) ** (power - 1))
    return [*(np.nan_to_num(slope, nan=0.0, posinf=0.0, neginf=0.0) for slope in slopes), np.ones(len(x))]


def _scores(columns: np.ndarray, basis: np.ndarray, residual: np.ndarray) -> np.ndarray:
    """Return the squares that each column explains beside the basis; none where it is within its span."""
    size = np.sqrt((columns**2).sum(0))
    columns = columns / np.where(size > 0, size, 1.0)
    apart = columns - basis @ (basis.T @ columns)
    outside = (apart**2).sum(0)
    usable = outside > 1e-9
    return np.asarray(np.where(usable, (apart.T @ residual) ** 2 / np.where(usable, outside, 1.0), 0.0))


def _with(formula: Formula, missing: list[tuple[int, int]], inputs: int) -> Formula:
    """Return the formula with inputs (or the constant, column `inputs`) in its sums, each with a weight of 0."""
    place, terms = 0, []
    for term in formula.terms:
        factors = []
        for factor in term.factors:
            columns = [column for where, column in missing if where == place]
            added = [(column, Number(0.0)) for column in columns if column < inputs]
            weights = tuple(sorted((*factor.weights, *added), key=lambda pair: pair[0]))
            bias = Number(0.0) if inputs in columns and factor.bias == ZERO else factor.bias
            factors.append(Factor(weights, bias, factor.power))
            place += 1
        terms.append(term._replace(factors=tuple(factors)))
    for where, column in missing:
        if where == place:
            terms.append(Term(Number(0.0), (Factor(((column, ONE),)),) if column < inputs else ()))
    if len(terms) > 1 and formula.scale.is_free:
        terms = [term._replace(coefficient=Number(formula.scale.value * term.coefficient.value)) for term in terms]
        return Formula(tuple(terms))
    return Formula(tuple(terms), formula.scale)
