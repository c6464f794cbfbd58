"""The table of arithmetic operations, and the sums that they are of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from nalm.streams import Floats


@dataclass(frozen=True)
class OperationInfo:
    """One operation.

    Args:
        name: Name in studies, in records and among what units can express.
        title: Name in tables.
        arity: How many of a task's operands it takes, from the first on; None means all of them.
        function: Of so many float64 arrays of one shape, elementwise.
        cpp: The same as a C++ expression on doubles, bit for bit: of `a` where `arity` is 1; else of `a`, what the
            operands before give, and `b`, the next one. None: training data are made by `function` too, which takes
            several times as long.
    """

    name: str
    title: str
    arity: int | None
    function: Callable[..., Floats]
    cpp: str | None = None


def _sum(*operands: Floats) -> Floats:
    return reduce(np.add, operands)


def _product(*operands: Floats) -> Floats:
    return reduce(np.multiply, operands)


def _divide(a: Floats, b: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.divide(a, b))


def _root(a: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        return np.asarray(np.sqrt(a))


def _reciprocal(a: Floats) -> Floats:
    return _divide(np.ones_like(a), a)


def _is_greater(a: Floats, b: Floats) -> Floats:
    return np.greater(a, b).astype(np.float64)


def _is_less(a: Floats, b: Floats) -> Floats:
    return np.less(a, b).astype(np.float64)


OPERATIONS: dict[str, OperationInfo] = {
    operation.name: operation
    for operation in (
        OperationInfo("add", "Addition", None, _sum, "a + b"),
        OperationInfo("sub", "Subtraction", 2, np.subtract, "a - b"),
        OperationInfo("mul", "Multiplication", None, _product, "a * b"),
        OperationInfo("div", "Division", 2, _divide, "a / b"),
        OperationInfo("squared", "Square", 1, lambda a: a * a, "a * a"),
        OperationInfo("root", "Square root", 1, _root, "__builtin_sqrt(a)"),
        OperationInfo("reciprocal", "Reciprocal", 1, _reciprocal, "1.0 / a"),
        OperationInfo("greater", "Greater than", 2, _is_greater, "(a > b ? 1.0 : 0.0)"),
        OperationInfo("less", "Less than", 2, _is_less, "(a < b ? 1.0 : 0.0)"),
    )
}
"""All operations by name; one more is a row here."""

if TYPE_CHECKING:
    # names of a table cannot be checked
    Operation: TypeAlias = str
else:
    Operation = Literal[tuple(OPERATIONS)]


def apply(operation: Operation, operands: Sequence[Floats]) -> Floats:
    """Apply `operation` elementwise to the operands that it reads."""
    info = OPERATIONS[operation]
    return info.function(*operands[: info.arity])


def operands_read(operation: Operation, subsets: int) -> int:
    """How many of `subsets` operands `operation` reads."""
    arity = OPERATIONS[operation].arity
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
