"""Arithmetic operations on operand sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Literal, get_args

import numpy as np

from nalm.streams import Floats

Operation = Literal["add", "sub", "mul", "div", "squared", "root", "reciprocal"]


def _divide(a: Floats, b: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.divide(a, b))


def _root(a: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        return np.asarray(np.sqrt(a))


_FUNCTIONS: dict[Operation, Callable[[Sequence[Floats]], Floats]] = {
    "add": lambda operands: reduce(np.add, operands),
    "sub": lambda operands: operands[0] - operands[1],
    "mul": lambda operands: reduce(np.multiply, operands),
    "div": lambda operands: _divide(operands[0], operands[1]),
    "squared": lambda operands: operands[0] * operands[0],
    "root": lambda operands: _root(operands[0]),
    "reciprocal": lambda operands: _divide(np.ones_like(operands[0]), operands[0]),
}
# how many of a task's operands an operation reads; None means all of them
_ARITY: dict[Operation, int | None] = {
    "add": None,
    "sub": 2,
    "mul": None,
    "div": 2,
    "squared": 1,
    "root": 1,
    "reciprocal": 1,
}
assert set(_FUNCTIONS) == set(_ARITY) == set(get_args(Operation))


def apply(operation: Operation, operands: Sequence[Floats]) -> Floats:
    """Apply `operation` elementwise to the operands that it reads."""
    return _FUNCTIONS[operation](operands)


def operands_read(operation: Operation, subsets: int) -> int:
    """How many of `subsets` operands `operation` reads."""
    arity = _ARITY[operation]
    return subsets if arity is None else arity


def lane_sum(x: Floats, start: int, stop: int) -> Floats:
    """Sum `x[start:stop]` of `x` `[inputs, …]` over the inputs.

    The additions are made in the order of NumPy's pairwise summation over a contiguous axis, so that the
    result equals that of `sum(axis=-1)` over the same slice of a row-major `[…, inputs]` array bit for
    bit.
    """
    count = stop - start
    total: Floats = x[start]
    if count == 1:
        return total
    if count < 8:
        total = reduce(np.add, x[start + 1 : stop], x[start])
        return total
    if count > 128:
        half = count // 2
        half -= half % 8
        return lane_sum(x, start, start + half) + lane_sum(x, start + half, stop)
    whole = stop - count % 8
    total = reduce(np.add, (x[i : i + 8] for i in range(start + 8, whole, 8)), x[start : start + 8])
    while len(total) > 1:
        total = total[0::2] + total[1::2]
    total = reduce(np.add, x[whole:stop], total[0])
    return total
