"""A formula: a scaled sum of products of powers of sums, the functions that two or three layers of units are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from nalm.regression.algebra.numbers import ONE, ZERO, Number


class Factor(NamedTuple):
    """(Σ weight · input + bias) ^ power; `weights` pairs an input's column with its weight, in order."""

    weights: tuple[tuple[int, Number], ...]
    bias: Number = ZERO
    power: Number = ONE

    @property
    def inputs(self) -> tuple[int, ...]:
        """The columns of the inputs."""
        return tuple(column for column, _ in self.weights)

    @property
    def is_input(self) -> bool:
        """Whether the base is an input by itself."""
        return len(self.weights) == 1 and self.weights[0][1] == ONE and self.bias == ZERO

    def base(self, x: np.ndarray) -> np.ndarray:
        """Return what is raised to the power, `[rows]`."""
        total = np.full(len(x), self.bias.value)
        for column, weight in self.weights:
            total += weight.value * x[:, column]
        return total


class Term(NamedTuple):
    """coefficient · Π factors; without factors it is a constant."""

    coefficient: Number
    factors: tuple[Factor, ...]

    def product(self, x: np.ndarray) -> np.ndarray:
        """Return the product of the factors, `[rows]`, without the coefficient."""
        total = np.ones(len(x))
        for factor in self.factors:
            total *= power_of(factor.base(x), factor.power.value)
        return total


class Formula(NamedTuple):
    """scale · Σ terms."""

    terms: tuple[Term, ...]
    scale: Number = ONE

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return the values at `x`, `[rows, inputs]` of float64; infinite or NaN where the formula is undefined."""
        total = np.zeros(len(x))
        with np.errstate(all="ignore"):
            for term in self.terms:
                total += term.coefficient.value * term.product(x)
            return self.scale.value * total

    @property
    def inputs(self) -> tuple[int, ...]:
        """The columns of the inputs that take part, in order."""
        return tuple(sorted({column for factor in self.factors() for column in factor.inputs}))

    def factors(self) -> Iterator[Factor]:
        """All factors of all terms."""
        for term in self.terms:
            yield from term.factors

    def numbers(self) -> Iterator[Number]:
        """All numbers, in the order of writing."""
        yield self.scale
        for term in self.terms:
            yield term.coefficient
            for factor in term.factors:
                yield from (weight for _, weight in factor.weights)
                yield factor.bias
                yield factor.power

    @property
    def free(self) -> int:
        """The count of numbers that were fitted and not recognised."""
        return sum(number.is_free for number in self.numbers())

    @property
    def complexity(self) -> int:
        """The count of operators, inputs and constants that it takes to write the formula."""
        return _product_size(self.scale, _sum_size(_term_size(term) for term in self.terms))


def power_of(base: np.ndarray, power: float) -> np.ndarray:
    """Return `base` ** `power`, by multiplication where the power is a small whole number."""
    if power == 1:
        return base
    if power == -1:
        return np.asarray(1 / base)
    if power == 2:
        return np.asarray(base * base)
    if power == -2:
        return np.asarray(1 / (base * base))
    return np.asarray(np.sqrt(base) if power == 0.5 else base**power)


def constant(value: Number) -> Formula:
    """Return the formula that is a number."""
    return Formula((Term(ONE, ()),), value)


def _sum_size(sizes: Iterable[int]) -> int:
    sizes = list(sizes)
    return sum(sizes) + max(0, len(sizes) - 1)


def _product_size(coefficient: Number, size: int) -> int:
    """Return the cost of a factor; a sign is free of charge: it makes a sum a difference."""
    if abs(coefficient.value) == 1 and not coefficient.is_free:
        return size
    return size + 2


def _term_size(term: Term) -> int:
    if not term.factors:
        return 1
    sizes = [_factor_size(factor) for factor in term.factors]
    root = any(abs(factor.power.value) == 0.5 for factor in term.factors)  # one root for all that stand below one
    reciprocal = all(factor.power.value < 0 for factor in term.factors) and abs(term.coefficient.value) == 1
    return _product_size(term.coefficient, _sum_size(sizes)) + root + 2 * reciprocal


def _factor_size(factor: Factor) -> int:
    parts = [_product_size(weight, 1) for _, weight in factor.weights] + [1] * (factor.bias != ZERO)
    power = abs(factor.power.value)
    return _sum_size(parts) + (0 if power in (0.5, 1) else 2)
