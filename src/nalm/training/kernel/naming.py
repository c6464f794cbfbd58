"""What the values of expressions are called in C++, and where they are kept."""

from __future__ import annotations

import math
from typing import cast

from nalm.training.kernel.expressions import Axes, Axis, Expression

BATCH: Axes = frozenset({"batch"})
WIDE: Axes = frozenset({"wide"})
BOTH: Axes = BATCH | WIDE
# element count and loop variable of each axis
COUNT: dict[Axis, str] = {"batch": "B", "wide": "F"}
INDEX: dict[Axis, str] = {"batch": "b", "wide": "f"}


def _literal(value: float) -> str:
    if math.isnan(value):
        return "NAN"
    if math.isinf(value):
        return "INFINITY" if value > 0 else "(-INFINITY)"
    text = f"{value:.9g}"
    text = text if any(c in text for c in ".e") else text + ".0"
    return f"({text}f)" if value < 0 else f"{text}f"


def leaf_of(node: Expression) -> tuple[str, int]:
    """Return the kind and the number of an input."""
    return cast(tuple[str, int], node.value)


def scalar(node: Expression) -> str:
    """Return a scalar's name, or its value."""
    if node.op == "constant":
        assert node.constant is not None
        return _literal(node.constant)
    if node.op == "leaf":
        kind, index = leaf_of(node)
        return f"{kind}{index}"
    return f"k{node.index}"


def address(node: Expression) -> str:
    """Where the elements of an input or of a node kept in memory begin, which has one axis."""
    if node.op != "leaf":
        return f"kept{node.index}"
    kind, index = leaf_of(node)
    return f"{kind} + {index}" if node.axes == WIDE else f"{kind} + {index} * B"


def broadcast(node: Expression, hoisted: dict[str, str]) -> str:
    """Return a scalar as a vector made before a loop, which `hoisted` is told of."""
    value = scalar(node)
    hoisted[f"w{node.index}"] = f"({value} ? TRUE : ZERO)" if node.boolean else f"V({value})"
    return f"w{node.index}"


def defined(values: dict[str, str]) -> list[str]:
    """Return statements that define vectors by name."""
    return [f"const V {name} = {value};" for name, value in values.items()]
