"""Formulas and tables for the tests of `nalm.regression`."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from nalm.regression.algebra.formula import Factor, Formula, Term
from nalm.regression.algebra.numbers import ONE, ZERO, Number, rational


def number(value: float | str | Number) -> Number:
    """A recognised number from a whole one or text such as "1/2", a free one from a float."""
    if isinstance(value, Number):
        return value
    return Number(value) if isinstance(value, float) else rational(Fraction(value))


def one(column: int, power: float | str = 1) -> Factor:
    """A power of an input."""
    return Factor(((column, ONE),), ZERO, number(power))


def total(weights: dict[int, float | str], bias: float | str = 0, power: float | str = 1) -> Factor:
    """A power of a sum."""
    return Factor(tuple((column, number(weight)) for column, weight in weights.items()), number(bias), number(power))


def product(*factors: Factor, scale: float | str | Number = 1) -> Formula:
    """A formula of one term."""
    return Formula((Term(ONE, factors),), number(scale))


def terms(*pairs: tuple[float | str | Number, tuple[Factor, ...]], scale: float | str | Number = 1) -> Formula:
    """A formula of several terms, each a coefficient and factors."""
    return Formula(tuple(Term(number(coefficient), factors) for coefficient, factors in pairs), number(scale))


def table(
    law: Callable[[np.ndarray], np.ndarray],
    *,
    rows: int = 200,
    inputs: int = 5,
    low: float = 1.0,
    high: float = 2.0,
    noise: float = 0.0,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Inputs uniform on [low, high], and a law of them with noise, a share of its standard deviation."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(low, high, (rows, inputs))
    y = law(x)
    return x, y + noise * y.std() * rng.standard_normal(rows)
