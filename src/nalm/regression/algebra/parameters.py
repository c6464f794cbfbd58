"""The free numbers of a formula as a vector, with derivatives, and their least-squares fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import least_squares
from scipy.special import xlogy

from nalm.regression.algebra.formula import Formula, Term, power_of
from nalm.regression.algebra.numbers import Number


class Fit(NamedTuple):
    """A formula with its free numbers fitted.

    Args:
        formula: the fitted formula.
        squares: sum of squared residuals over the rows.
        errors: standard errors of the free numbers, in the formula's order, for residuals of variance 1.
    """

    formula: Formula
    squares: float
    errors: np.ndarray


def free_values(formula: Formula) -> np.ndarray:
    """Return the free numbers, in the formula's order."""
    return np.array([number.value for number in formula.numbers() if number.is_free])


def with_free_values(formula: Formula, values: np.ndarray) -> Formula:
    """Return the formula with other free numbers, in the formula's order."""
    return with_numbers(formula, [Number(float(value)) for value in values])


def with_numbers(formula: Formula, numbers: list[Number]) -> Formula:
    """Return the formula with `numbers` in place of its free ones, in the formula's order."""
    rest = iter(numbers)

    def renewed(number: Number) -> Number:
        return next(rest) if number.is_free else number

    scale = renewed(formula.scale)
    terms = []
    for term in formula.terms:
        coefficient = renewed(term.coefficient)
        factors = []
        for factor in term.factors:
            weights = tuple((column, renewed(weight)) for column, weight in factor.weights)
            factors.append(factor._replace(weights=weights, bias=renewed(factor.bias), power=renewed(factor.power)))
        terms.append(Term(coefficient, tuple(factors)))
    return Formula(tuple(terms), scale)


def derivatives(formula: Formula, x: np.ndarray) -> np.ndarray:
    """Return the derivatives of the formula by its free numbers, `[rows, free numbers]`."""
    with np.errstate(all="ignore"):
        columns = list(_derivatives(formula, x))
    return np.stack(columns, 1) if columns else np.zeros((len(x), 0))


def fit(formula: Formula, x: np.ndarray, y: np.ndarray, evaluations: int = 60) -> Fit | None:
    """Fit the free numbers to rows by Levenberg-Marquardt from where they are; None where that fails.

    It fails where there are no more rows than free numbers, or where the formula or its derivatives are not
    finite on a row.
    """
    start = free_values(formula)
    if len(start) >= len(y):
        return None
    fitted = formula
    if len(start):
        if not _is_finite(formula, x):
            return None
        found = least_squares(
            lambda values: _large(with_free_values(formula, values)(x) - y),
            start,
            lambda values: _large(derivatives(with_free_values(formula, values), x)),
            method="lm",
            x_scale="jac",
            ftol=1e-15,
            xtol=1e-15,
            gtol=1e-15,
            max_nfev=evaluations,
        )
        fitted = with_free_values(formula, found.x)
    residual = fitted(x) - y
    if not np.isfinite(residual).all():
        return None
    errors = standard_errors(fitted, x)
    return None if errors is None else Fit(fitted, float(residual @ residual), errors)


def standard_errors(formula: Formula, x: np.ndarray) -> np.ndarray | None:
    """Return the standard errors of the free numbers for residuals of variance 1; None where undetermined."""
    jacobian = derivatives(formula, x)
    size = np.sqrt((jacobian**2).sum(0))
    if jacobian.shape[1] == 0:
        return np.zeros(0)
    if not (np.isfinite(size).all() and (size > 0).all()):
        return None
    triangle = np.linalg.qr(jacobian / size, mode="r")
    pivots = np.abs(np.diag(triangle))
    if pivots.min() < 1e-12 * pivots.max():
        return None
    inverse = solve_triangular(triangle, np.eye(len(triangle)))
    return np.asarray(np.sqrt((inverse**2).sum(1)) / size)


def _is_finite(formula: Formula, x: np.ndarray) -> bool:
    return bool(np.isfinite(formula(x)).all() and np.isfinite(derivatives(formula, x)).all())


def _large(values: np.ndarray) -> np.ndarray:
    """Replace what is not finite by a large number, from which the search steps back."""
    return np.asarray(np.nan_to_num(values, nan=1e100, posinf=1e100, neginf=-1e100))


def _derivatives(formula: Formula, x: np.ndarray) -> Iterator[np.ndarray]:
    scale = formula.scale.value
    products = [term.product(x) for term in formula.terms]
    if formula.scale.is_free:
        yield sum(
            (term.coefficient.value * product for term, product in zip(formula.terms, products, strict=True)),
            start=np.zeros(len(x)),
        )
    for term, product in zip(formula.terms, products, strict=True):
        if term.coefficient.is_free:
            yield scale * product
        for place, factor in enumerate(term.factors):
            numbers = [weight for _, weight in factor.weights] + [factor.bias, factor.power]
            if not any(number.is_free for number in numbers):
                continue
            base, power = factor.base(x), factor.power.value
            own = power_of(base, power)
            rest = scale * term.coefficient.value * (product / own if own.all() else _others(term, place, x))
            slope = rest * power * power_of(base, power - 1) if power != 1 else rest
            for column, weight in factor.weights:
                if weight.is_free:
                    yield slope * x[:, column]
            if factor.bias.is_free:
                yield slope
            if factor.power.is_free:
                # of |base|: whole powers of negative bases have a derivative too; that of 0 is 0
                yield rest * xlogy(own, np.abs(base))


def _others(term: Term, place: int, x: np.ndarray) -> np.ndarray:
    return Term(term.coefficient, term.factors[:place] + term.factors[place + 1 :]).product(x)
