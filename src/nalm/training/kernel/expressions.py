"""Scalar expressions of one run's training step, shared wherever they are equal.

An expression has one value per run (a scalar), or one per element of its *axes*: the rows of the batch, the inputs of a
wide layer, or both. A reduction over an axis, its sum or its product, gives an expression of the next *level*;
everything of level `n` can be computed after `n` passes over the data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

import numpy as np

from nalm.training.kernel.printer import COMPARISONS

Axis = Literal["batch", "wide"]
Axes = frozenset[Axis]
NO_AXES: Axes = frozenset()

LOGICAL = frozenset({"and", "or", "not"})
REDUCTIONS = frozenset({"sum batch", "sum wide", "product wide"})
# of each element along an axis, the product of all others
OTHERS = frozenset({"others wide"})


class Expression:
    """One node; equal nodes of a graph are the same object, so `is` compares them."""

    __slots__ = ("args", "axes", "boolean", "index", "level", "op", "value")

    def __init__(
        self, op: str, args: tuple[Expression, ...], value: float | tuple[str, int] | None, axes: Axes, index: int
    ) -> None:
        self.op = op
        self.args = args
        self.value = value
        self.index = index
        self.boolean = op in COMPARISONS or op in LOGICAL
        self.axes = axes
        self.level: int = max((arg.level for arg in args), default=0) + (op in REDUCTIONS)

    @property
    def constant(self) -> float | None:
        """The value of a constant, None for anything else."""
        return self.value if self.op == "constant" else None  # type: ignore[return-value]


def _division(a: np.float32, b: np.float32) -> np.float32:
    return np.float32(np.divide(a, b))


_FOLD: dict[str, Callable[..., np.float32 | np.bool_]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": _division,
    "neg": lambda a: -a,
    "sqrt": np.sqrt,
    "minimum": np.minimum,
    "maximum": np.maximum,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "gt": lambda a, b: a > b,
    "le": lambda a, b: a <= b,
    "ge": lambda a, b: a >= b,
}


class Graph:
    """Builds expressions; constant arithmetic is folded in float32 and neutral elements are dropped."""

    def __init__(self) -> None:
        self._nodes: dict[tuple[object, ...], Expression] = {}

    def __len__(self) -> int:
        return len(self._nodes)

    def has(self, op: str) -> bool:
        """Whether there is an expression with this function."""
        return any(key[0] == op for key in self._nodes)

    def _node(
        self,
        op: str,
        args: tuple[Expression, ...],
        value: float | tuple[str, int] | None = None,
        axes: Axes = NO_AXES,
    ) -> Expression:
        # repr keeps 0.0 and -0.0 apart, and NaN equal to itself
        key = (op, *(arg.index for arg in args), repr(value), axes)
        node = self._nodes.get(key)
        if node is None:
            node = self._nodes[key] = Expression(op, args, value, axes, len(self._nodes))
        return node

    def _function(self, op: str, args: tuple[Expression, ...]) -> Expression:
        return self._node(op, args, axes=NO_AXES.union(*(arg.axes for arg in args)))

    def constant(self, value: float) -> Expression:
        """Return a number known when the step is traced."""
        return self._node("constant", (), float(value))

    def leaf(self, kind: str, index: int, axes: Iterable[Axis] = ()) -> Expression:
        """Input number `index` of `kind`; with axes it stands for all their elements (`index` is that of the first)."""
        return self._node("leaf", (), (kind, index), frozenset(axes))

    def apply(self, op: str, *operands: Expression) -> Expression:
        """`op` of `operands`, simplified where that changes no finite result."""
        args = self._typed(op, operands)
        constants = [arg.constant for arg in args]
        if op in _FOLD and all(value is not None for value in constants):
            with np.errstate(all="ignore"):
                return self.constant(float(_FOLD[op](*(np.float32(value) for value in constants))))
        return self._simplified(op, args, constants) or self._function(op, args)

    def _typed(self, op: str, args: tuple[Expression, ...]) -> tuple[Expression, ...]:
        """Arithmetic sees truth values as 0.0 and 1.0; logic sees numbers as "is not zero"."""
        if op == "where":
            condition, *branches = args
            return self._truth(condition), *(self.apply("float", branch) for branch in branches)
        if op in LOGICAL:
            return tuple(self._truth(arg) for arg in args)
        if op == "float":
            return args
        return tuple(self.apply("float", arg) if arg.boolean else arg for arg in args)

    def _truth(self, x: Expression) -> Expression:
        return x if x.boolean or x.op == "constant" else self._function("ne", (x, self.constant(0.0)))

    def _simplified(self, op: str, args: tuple[Expression, ...], constants: list[float | None]) -> Expression | None:
        match op:
            case "add" if constants[0] == 0:
                return args[1]
            case "add" | "sub" if constants[1] == 0:
                return args[0]
            case "mul" if constants[0] == 1:
                return args[1]
            case "mul" | "div" if constants[1] == 1:
                return args[0]
            # Autograd makes exact zeros for paths without gradient; keeping them would only cost time.
            case "mul" if constants[0] == 0:
                return args[0]
            case "mul" if constants[1] == 0:
                return args[1]
            # the value of what a product over a wide layer has for its gradient alone
            case "sub" if args[0] is args[1] and len(args[0].axes) > 1:
                return self.constant(0.0)
            case "neg" if args[0].op == "neg":
                return args[0].args[0]
            case "and" | "or" if constants[0] is not None:
                return args[1] if bool(constants[0]) == (op == "and") else args[0]
            case "and" | "or" if constants[1] is not None:
                return args[0] if bool(constants[1]) == (op == "and") else args[1]
            case "not" if constants[0] is not None:
                return self.constant(not constants[0])
            case "where" if constants[0] is not None:
                return args[1] if constants[0] else args[2]
            case "where" if args[1] is args[2]:
                return args[1]
            case "float" if not args[0].boolean:
                return args[0]
        return None

    def sum(self, value: Expression, axis: Axis, size: int) -> Expression:
        """Sum over the `size` elements of `axis`."""
        if axis not in value.axes:
            return self.apply("mul", value, self.constant(size))
        return self._node(f"sum {axis}", (value,), axes=value.axes - {axis})

    def product(self, value: Expression, axis: Axis, size: int) -> Expression:
        """Product of the `size` elements of `axis`."""
        if axis not in value.axes:
            return self.apply("pow", value, self.constant(size))
        return self._node(f"product {axis}", (value,), axes=value.axes - {axis})

    def others(self, value: Expression, axis: Axis) -> Expression:
        """For each element of `axis` the product of all other elements of it."""
        return self._node(f"others {axis}", (value,), axes=value.axes)


def ordered(roots: Iterable[Expression], known: Iterable[Expression] = ()) -> list[Expression]:
    """Everything that `roots` need, each after its arguments; what is `known` is not computed again."""
    done = {node.index for node in known}
    order: list[Expression] = []
    stack = [(root, False) for root in reversed(list(roots))]
    while stack:
        node, expanded = stack.pop()
        if node.index in done:
            continue
        if expanded:
            done.add(node.index)
            order.append(node)
        else:
            stack.append((node, True))
            stack.extend((arg, False) for arg in reversed(node.args) if arg.index not in done)
    return order
