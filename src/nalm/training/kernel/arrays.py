"""Tensors of a traced step as small arrays of scalar expressions.

Every dimension is unrolled except the symbolic ones, the rows of the batch and, if there is one, the width of a wide
layer: an `Array` has size 1 there and remembers which axis it stands for. All functions are pure; shapes are those that
PyTorch would report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from nalm.training.kernel.expressions import Axis, Expression, Graph

# object arrays, whose elements numpy's stubs take for arrays
Values = Any
Symbols = tuple[Axis | None, ...]


class UnsupportedError(Exception):
    """The native kernel cannot express this operation; the message says which."""


@dataclass(frozen=True)
class Array:
    """`values`: object array of `Expression`; `symbols`: for each dimension the axis that it stands for, or None."""

    values: Values
    symbols: Symbols

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.symbols)


def plain(values: Values) -> Array:
    """Return an array without symbolic dimensions."""
    return Array(values, (None,) * values.ndim)


class Arrays:
    """Array operations for one graph.

    Args:
        graph: where expressions are made.
        sizes: the size that PyTorch sees for each symbolic axis; no ordinary dimension may have the same.
    """

    def __init__(self, graph: Graph, sizes: Mapping[Axis, int]) -> None:
        self.graph = graph
        self.sizes = dict(sizes)

    def shape(self, x: Array) -> list[int]:
        """Return the shape that PyTorch sees."""
        return [self.sizes[symbol] if symbol else size for symbol, size in zip(x.symbols, x.values.shape, strict=True)]

    def symbols_of(self, shape: Sequence[int]) -> Symbols:
        """Which axes the dimensions of a new tensor stand for, told by their sizes."""
        by_size: dict[int, Axis] = {size: axis for axis, size in self.sizes.items()}
        symbols = tuple(by_size.get(size) for size in shape)
        self._refuse_twice(symbols, f"a tensor of shape {list(shape)}")
        return symbols

    @staticmethod
    def _refuse_twice(symbols: Symbols, what: str) -> None:
        named = [symbol for symbol in symbols if symbol]
        if len(set(named)) < len(named):
            raise UnsupportedError(
                f"{what} in which more than one dimension has the size of an axis: every against every"
            )

    def lift(self, x: Array | float | bool) -> Array:
        """Return a Python number as a zero-dimensional array."""
        return x if isinstance(x, Array) else self.filled((), self.graph.constant(float(x)), ())

    @staticmethod
    def filled(shape: Sequence[int], value: Expression, symbols: Symbols) -> Array:
        """`value` everywhere; `shape` has size 1 in symbolic dimensions."""
        values = np.empty(tuple(shape), dtype=object)
        values[...] = value
        return Array(values, symbols)

    def full(self, shape: Sequence[int], value: float) -> Array:
        """Return a new tensor of one number."""
        symbols = self.symbols_of(shape)
        sizes = [1 if symbol else size for symbol, size in zip(symbols, shape, strict=True)]
        return self.filled(sizes, self.graph.constant(value), symbols)

    def map(self, op: str, *operands: Array | float | bool) -> Array:
        """`op` element by element, with broadcasting."""
        arrays = [self.lift(x) for x in operands]
        ndim = max(x.ndim for x in arrays)
        aligned = [x.values.reshape((1,) * (ndim - x.ndim) + x.values.shape) for x in arrays]
        labels = [(None,) * (ndim - x.ndim) + x.symbols for x in arrays]
        symbols = tuple(self._common(op, column) for column in zip(*labels, strict=True))
        self._refuse_twice(symbols, op)
        for dimension, symbol in enumerate(symbols):
            if symbol and any(values.shape[dimension] != 1 for values in aligned):
                raise UnsupportedError(f"{op} of a symbolic dimension with a tensor that has a value for each element")
        spread: Values = np.broadcast_arrays(*aligned)
        out = np.empty(spread[0].shape, dtype=object)
        for position in np.ndindex(out.shape):
            out[position] = self.graph.apply(op, *(values[position] for values in spread))
        return Array(out, symbols)

    @staticmethod
    def _common(op: str, symbols: Iterable[Axis | None]) -> Axis | None:
        found = {symbol for symbol in symbols if symbol}
        if len(found) > 1:
            raise UnsupportedError(f"{op} of the rows of the batch with the elements of another dimension")
        return next(iter(found), None)

    def _dims(self, x: Array, dims: int | Sequence[int] | None) -> list[int]:
        if dims is None or (not isinstance(dims, int) and len(dims) == 0):
            return list(range(x.ndim))
        given = [dims] if isinstance(dims, int) else list(dims)
        return sorted(d % x.ndim for d in given) if x.ndim else []

    def reduce(self, op: str, x: Array, dims: int | Sequence[int] | None, keepdim: bool) -> Array:
        """Combine elements along `dims` from the first to the last; symbolic ones have sums, the wide one products."""
        reduced = self._dims(x, dims)
        values = x.values
        for dimension in reduced:
            symbol = x.symbols[dimension]
            if symbol:
                values = self._reduced(op, values, symbol)
                continue
            slices = [values.take([i], axis=dimension) for i in range(values.shape[dimension])]
            if not slices:
                raise UnsupportedError(f"{op} over a dimension of size 0")
            total = slices[0]
            for part in slices[1:]:
                total = self._pairs(op, total, part)
            values = total
        symbols = tuple(None if i in reduced else symbol for i, symbol in enumerate(x.symbols))
        result = Array(values, symbols)
        return result if keepdim else self.squeeze(result, reduced)

    def _reduced(self, op: str, values: Values, symbol: Axis) -> Values:
        reductions = {
            ("add", "batch"): self.graph.sum,
            ("add", "wide"): self.graph.sum,
            ("mul", "wide"): self.graph.product,
        }
        reduction = reductions.get((op, symbol))
        if reduction is None or (op == "mul" and any(e.axes == {"wide"} for e in values.reshape(-1))):
            raise UnsupportedError(f"{op} over {_NAMES[symbol]}")
        return self._each(values, lambda e: reduction(e, symbol, self.sizes[symbol]))

    def others(self, x: Array, dim: int) -> Array:
        """For each element along a wide dimension the product of all others."""
        symbol = x.symbols[dim % x.ndim]
        if symbol != "wide" or any(e.axes != {"batch", "wide"} for e in x.values.reshape(-1)):
            raise UnsupportedError("the gradient of a product of numbers that are not one for each row and input")
        return Array(self._each(x.values, lambda e: self.graph.others(e, symbol)), x.symbols)

    @staticmethod
    def _each(values: Values, function: Callable[[Expression], Expression]) -> Values:
        out = np.empty(values.shape, dtype=object)
        for position in np.ndindex(values.shape):
            out[position] = function(values[position])
        return out

    def _pairs(self, op: str, a: Values, b: Values) -> Values:
        out = np.empty(a.shape, dtype=object)
        for position in np.ndindex(a.shape):
            out[position] = self.graph.apply(op, a[position], b[position])
        return out

    def count(self, x: Array, dims: int | Sequence[int] | None) -> int:
        """How many elements a reduction over `dims` combines."""
        shape = self.shape(x)
        return prod(shape[dimension] for dimension in self._dims(x, dims))

    def squeeze(self, x: Array, dims: Sequence[int]) -> Array:
        """Drop dimensions of size 1, which are not symbolic."""
        kept = [i for i in range(x.ndim) if i not in dims]
        values = x.values.reshape([x.values.shape[i] for i in kept])
        return Array(values, tuple(x.symbols[i] for i in kept))

    @staticmethod
    def unsqueeze(x: Array, dim: int) -> Array:
        """Insert a dimension of size 1."""
        at = dim % (x.ndim + 1)
        return Array(np.expand_dims(x.values, at), (*x.symbols[:at], None, *x.symbols[at:]))

    def reshape(self, x: Array, shape: Sequence[int]) -> Array:
        """Return same elements, new shape; symbolic dimensions must stay dimensions of their own."""
        current = self.shape(x)
        sizes = list(shape)
        if -1 in sizes:
            known = prod(size for size in sizes if size != -1)
            sizes[sizes.index(-1)] = prod(current) // known
        symbols: list[Axis | None] = [None] * len(sizes)
        for dimension, symbol in enumerate(x.symbols):
            if symbol:
                symbols[self._same(current, dimension, sizes)] = symbol
        values = x.values.reshape([1 if symbol else size for symbol, size in zip(symbols, sizes, strict=True)])
        return Array(values, tuple(symbols))

    @staticmethod
    def _same(current: list[int], dimension: int, sizes: list[int]) -> int:
        """Return the dimension of the new shape `sizes` that `dimension` of the shape `current` becomes."""
        before = prod(current[:dimension])
        for position, size in enumerate(sizes):
            if size == current[dimension] and prod(sizes[:position]) == before:
                return position
        raise UnsupportedError(f"a view from {current} to {sizes} that mixes rows of the batch or of a wide layer")

    def permute(self, x: Array, dims: Sequence[int]) -> Array:
        """Reorder dimensions."""
        order = [d % x.ndim for d in dims]
        return Array(x.values.transpose(order), tuple(x.symbols[i] for i in order))

    def expand(self, x: Array, shape: Sequence[int]) -> Array:
        """Repeat dimensions of size 1 without copying."""
        offset = len(shape) - x.ndim
        current = [1] * offset + self.shape(x)
        sizes = [now if size == -1 else size for size, now in zip(shape, current, strict=True)]
        grown = self.symbols_of([size if size != now else 0 for size, now in zip(sizes, current, strict=True)])
        old: Symbols = (None,) * offset + x.symbols
        symbols = tuple(a or b for a, b in zip(old, grown, strict=True))
        self._refuse_twice(symbols, f"an expansion to {sizes}")
        values = x.values.reshape((1,) * offset + x.values.shape)
        target = [1 if symbol else size for symbol, size in zip(symbols, sizes, strict=True)]
        return Array(np.broadcast_to(values, target), symbols)

    def select(self, x: Array, dim: int, index: int) -> Array:
        """One slice along an ordinary dimension."""
        at = dim % x.ndim
        self._ordinary(x, at, "a selection")
        return self.squeeze(Array(x.values.take([index], axis=at), x.symbols), [at])

    def slice(self, x: Array, dim: int, start: int | None, end: int | None, step: int) -> Array:
        """Return a range of slices along a dimension."""
        at = dim % x.ndim
        size = self.shape(x)[at]
        positions = range(size)[slice(start, end, step)]
        if len(positions) == size and step == 1:
            return x
        return self.pick(x, at, positions)

    def pick(self, x: Array, dim: int, positions: Sequence[int]) -> Array:
        """Return the slices at `positions` of an ordinary dimension."""
        self._ordinary(x, dim, "a slice")
        self._refuse_new(len(positions))
        return Array(x.values.take(list(positions), axis=dim), x.symbols)

    def scatter(self, base: Array, source: Array, dim: int, positions: Sequence[int]) -> Array:
        """Return `base` with `source` written at `positions` of dimension `dim`."""
        at = dim % base.ndim
        if len(positions) == self.shape(base)[at]:
            return source
        self._ordinary(base, at, "a write to a part")
        symbols = tuple(a or b for a, b in zip(base.symbols, source.symbols, strict=True))
        if any(symbol and size != 1 for symbol, size in zip(symbols, base.values.shape, strict=True)):
            raise UnsupportedError("writing a batch into a tensor that has a value of its own for each row")
        out = base.values.copy()
        target: list[slice | list[int]] = [slice(None)] * base.ndim
        target[at] = list(positions)
        out[tuple(target)] = source.values
        return Array(out, symbols)

    def concatenate(self, arrays: Sequence[Array], dim: int) -> Array:
        """Join along an ordinary dimension."""
        at = dim % arrays[0].ndim
        for x in arrays:
            self._ordinary(x, at, "joining")
        symbols = tuple(self._common("joining", column) for column in zip(*(x.symbols for x in arrays), strict=True))
        values = np.concatenate([x.values for x in arrays], at)
        self._refuse_new(values.shape[at])
        return Array(values, symbols)

    def _refuse_new(self, size: int) -> None:
        """Check that a new ordinary dimension is not taken for a symbolic one later on."""
        if size in self.sizes.values():
            raise UnsupportedError(f"a dimension of size {size}, which is that of the batch or of a wide layer")

    def matmul(self, a: Array, b: Array) -> Array:
        """Matrix product of two two-dimensional arrays; contracting a symbolic dimension is a sum over it."""
        (rows, inner), (other, columns) = a.symbols, b.symbols
        if inner != other:
            raise UnsupportedError("a matrix product of a batch with a tensor that has a value of its own for each row")
        self._refuse_twice((rows, columns), "a matrix product")
        out = np.empty((a.values.shape[0], b.values.shape[1]), dtype=object)
        for i, j in np.ndindex(out.shape):
            terms = [self.graph.apply("mul", a.values[i, k], b.values[k, j]) for k in range(a.values.shape[1])]
            total = terms[0]
            for term in terms[1:]:
                total = self.graph.apply("add", total, term)
            out[i, j] = self.graph.sum(total, inner, self.sizes[inner]) if inner else total
        return Array(out, (rows, columns))

    def cumulate(self, op: str, x: Array, dim: int) -> Array:
        """Return running `op` along an ordinary dimension."""
        at = dim % x.ndim
        self._ordinary(x, at, "a running " + op)
        parts = [x.values.take([i], axis=at) for i in range(x.values.shape[at])]
        for before, now in pairwise(range(len(parts))):
            parts[now] = self._pairs(op, parts[before], parts[now])
        return Array(np.concatenate(parts, at), x.symbols)

    @staticmethod
    def _ordinary(x: Array, dimension: int, what: str) -> None:
        symbol = x.symbols[dimension]
        if symbol:
            raise UnsupportedError(f"{what} over {_NAMES[symbol]}")


_NAMES: dict[Axis, str] = {"batch": "the rows of the batch", "wide": "the inputs of a wide layer"}
