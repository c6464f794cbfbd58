"""Fitted numbers become recognised ones where the rows allow it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from nalm.regression.algebra.formula import Factor, Formula, Term
from nalm.regression.algebra.numbers import ONE, ZERO, Number, bits, free_bits, rational, recognise, to_digits
from nalm.regression.algebra.parameters import Fit, fit, free_values, with_free_values, with_numbers
from nalm.regression.searching.pruning import noise, simplified

_MOST_DENOMINATOR = 12
"""Weights of a sum are written as whole numbers if a denominator up to this makes them whole."""
_MARGIN = 2.0
"""Bits that recognising the coefficient of a term must save; weights and powers are simple where they can be."""


class Rounded(NamedTuple):
    """A formula whose numbers are recognised as far as the rows allow, fitted to them."""

    fit: Fit
    bits: float
    """How many bits its numbers take to write."""


def round_numbers(fitted: Fit, x: np.ndarray, y: np.ndarray, over: Callable[[], bool]) -> Rounded:
    """Recognise the numbers of a fitted formula; of several ways to write it take the one of fewest bits.

    `over` says whether time is up, so that no more is to be tried.
    """
    ways = [_rounded(variant, x, y, over) for variant in _variants(fitted, x, y)]
    return min(ways, key=lambda way: way.bits)


def _variants(fitted: Fit, x: np.ndarray, y: np.ndarray) -> Iterable[Fit]:
    """Yield the fit with a coefficient for each term, and with coefficients relative to one of them."""
    yield fitted
    terms = fitted.formula.terms
    if len(terms) > 1 and fitted.formula.scale == ONE:
        precision = fitted.errors / np.abs(free_values(fitted.formula))
        places = _coefficient_places(fitted.formula)
        reference = min(range(len(terms)), key=lambda place: (precision[places[place]], place))
        unit = terms[reference].coefficient.value
        relative = [term._replace(coefficient=Number(term.coefficient.value / unit)) for term in terms]
        relative[reference] = terms[reference]._replace(coefficient=ONE)
        again = fit(Formula(tuple(relative), Number(unit)), x, y)
        if again is not None:
            yield again


def _coefficient_places(formula: Formula) -> list[int]:
    """Return the place of each term's coefficient among the free numbers of a formula of scale 1."""
    places, place = [], 0
    for term in formula.terms:
        places.append(place)
        place += Formula((term,)).free
    return places


def _rounded(fitted: Fit, x: np.ndarray, y: np.ndarray, over: Callable[[], bool]) -> Rounded:
    fitted = _round_inner(fitted, x, y, over)
    whole = fit(with_whole_weights(fitted.formula), x, y)
    fitted = _round_scale(whole if whole is not None else fitted, x, y)
    errors = fitted.errors * noise(fitted, y)
    digits = sum(free_bits(*pair) for pair in zip(free_values(fitted.formula), errors, strict=True))
    written = digits + sum(bits(number) for number in fitted.formula.numbers() if not number.is_free)
    return Rounded(with_digits(fitted, x, y), written)


def with_digits(fitted: Fit, x: np.ndarray, y: np.ndarray) -> Fit:
    """Return the fit with free numbers that have no more digits than mean something: those that are shown."""
    deviations = fitted.errors * math.sqrt(fitted.squares / max(1, len(y) - len(fitted.errors)))
    shown = [to_digits(*pair) for pair in zip(free_values(fitted.formula), deviations, strict=True)]
    formula = with_free_values(fitted.formula, np.array(shown))
    residual = y - formula(x)
    return Fit(formula, float(residual @ residual), fitted.errors)


def _round_inner(fitted: Fit, x: np.ndarray, y: np.ndarray, over: Callable[[], bool]) -> Fit:
    """Recognise all numbers but the scale: at once, else the surer half of them first."""
    scaled = fitted.formula.scale.is_free
    while True:
        sigma = noise(fitted, y)
        values, errors = free_values(fitted.formula), fitted.errors * sigma
        coefficients = _coefficients(fitted.formula)
        found = [
            recognise(value, error, _MARGIN if outer else 0.0, symbols=outer)
            for value, error, outer in zip(values, errors, coefficients, strict=True)
        ]
        order = [place for place in range(int(scaled), len(values)) if found[place][1] > 0]
        order.sort(key=lambda place: -found[place][1])
        while order and not over():
            numbers = [Number(float(value)) for value in values]
            for place in order:
                numbers[place] = found[place][0]
            again = fit(with_numbers(fitted.formula, numbers), x, y)
            if again is not None and _no_worse(again, fitted, sigma, len(order), y):
                break
            order = order[: len(order) // 2]
        else:
            return fitted
        fitted = again


def _coefficients(formula: Formula) -> list[bool]:
    """Return which free numbers are scale or coefficients, not weights, constants or powers of a factor."""
    outer = [True] * formula.scale.is_free
    for term in formula.terms:
        outer += [True] * term.coefficient.is_free
        outer += [False] * Formula((term._replace(coefficient=ONE),)).free
    return outer


def _round_scale(fitted: Fit, x: np.ndarray, y: np.ndarray) -> Fit:
    if not fitted.formula.scale.is_free:
        return fitted
    sigma = noise(fitted, y)
    found, _ = recognise(fitted.formula.scale.value, fitted.errors[0] * sigma)
    if found.is_free:
        return fitted
    again = fit(fitted.formula._replace(scale=found), x, y)
    return again if again is not None and _no_worse(again, fitted, sigma, 1, y) else fitted


def _no_worse(rounded: Fit, fitted: Fit, sigma: float, count: int, y: np.ndarray) -> bool:
    """Return whether `count` numbers fewer cost no more squares than chance (four standard deviations) allows."""
    chance = count + 4 * math.sqrt(2 * count) + 4
    return rounded.squares <= fitted.squares + sigma**2 * chance


def with_whole_weights(formula: Formula) -> Formula:
    """Return the same formula with recognised weights made whole numbers, most of each sum's positive.

    Sums that have become equal are one factor, its power their sum.
    """
    scale, terms = formula.scale, []
    for term in formula.terms:
        share, factors = Fraction(1), []
        for factor in term.factors:
            unit = _unit([weight for _, weight in factor.weights] + [factor.bias] * (factor.bias != ZERO), factor.power)
            share *= unit ** int(factor.power.value) if unit != 1 else 1
            weights = tuple((column, weight.times(1 / unit)) for column, weight in factor.weights)
            factors.append(Factor(weights, factor.bias.times(1 / unit), factor.power))
        terms.append(Term(term.coefficient.times(share), _merged(factors)))
    if len(terms) > 1:
        unit = _unit([term.coefficient for term in terms], ONE, keep_sign=not scale.is_free)
        terms = [term._replace(coefficient=term.coefficient.times(1 / unit)) for term in terms]
        scale = scale.times(unit)
        if not scale.is_free:
            terms = [term._replace(coefficient=_product(term.coefficient, scale)) for term in terms]
            scale = ONE
    elif terms and not terms[0].coefficient.is_free:
        scale = scale.times(terms[0].coefficient.fraction)
        terms = [terms[0]._replace(coefficient=ONE)]
    return simplified(Formula(tuple(terms), scale))


def _product(number: Number, scale: Number) -> Number:
    return number.times(scale.fraction) if scale.kind == "rational" else Number(number.value * scale.value)


def _unit(numbers: list[Number], power: Number, *, keep_sign: bool = False) -> Fraction:
    """Return what the numbers of a sum are to be divided by: whole afterwards, without common divisor."""
    if power.value != round(power.value) or any(number.kind != "rational" for number in numbers):
        return Fraction(1)
    shares = [number.fraction for number in numbers]
    denominator = math.lcm(*(share.denominator for share in shares))
    if denominator > _MOST_DENOMINATOR:
        return Fraction(1)
    divisor = math.gcd(*(int(share * denominator) for share in shares))
    minus = 2 * sum(share < 0 for share in shares) - len(shares)
    flipped = not keep_sign and (minus > 0 or (minus == 0 and shares[0] < 0))
    return Fraction(-divisor if flipped else divisor, denominator)


def _merged(factors: list[Factor]) -> tuple[Factor, ...]:
    """Return the factors with equal sums put together."""
    powers: dict[tuple[tuple[tuple[int, Number], ...], Number], Fraction] = {}
    for factor in factors:
        if factor.power.is_free or any(number.is_free for _, number in factor.weights):
            return tuple(factors)
        key = factor.weights, factor.bias
        powers[key] = powers.get(key, Fraction(0)) + factor.power.fraction
    merged = (Factor(*key, rational(power)) for key, power in powers.items() if power)
    return tuple(sorted(merged, key=lambda factor: (factor.power.value < 0, factor.inputs, factor)))
