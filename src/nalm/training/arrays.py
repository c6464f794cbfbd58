"""Tensors of a traced step as small arrays of scalar expressions.

Every dimension is unrolled except the batch, which stays one lane: an `Array` has size 1 there and remembers which axis
it is. All functions are pure; shapes are those that PyTorch would report.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from nalm.training.expressions import Expression, Graph

# object arrays, whose elements numpy's stubs take for arrays
Values = Any


class UnsupportedError(Exception):
    """The native kernel cannot express this operation; the message says which."""


@dataclass(frozen=True)
class Array:
    """`values`: object array of `Expression`; `batch_axis`: the axis that stands for the whole batch, or None."""

    values: Values
    batch_axis: int | None = None

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        ndim: int = self.values.ndim
        return ndim


class Arrays:
    """Array operations for one graph and one batch size."""

    def __init__(self, graph: Graph, rows: int) -> None:
        self.graph = graph
        self.rows = rows

    def shape(self, x: Array) -> list[int]:
        """The shape that PyTorch sees."""
        shape = list(x.values.shape)
        if x.batch_axis is not None:
            shape[x.batch_axis] = self.rows
        return shape

    def lift(self, x: Array | float | bool) -> Array:
        """A Python number as a zero-dimensional array."""
        return x if isinstance(x, Array) else self.filled((), self.graph.constant(float(x)))

    @staticmethod
    def filled(shape: Sequence[int], value: Expression, batch_axis: int | None = None) -> Array:
        """`value` everywhere."""
        values = np.empty(tuple(shape), dtype=object)
        values[...] = value
        return Array(values, batch_axis)

    def full(self, shape: Sequence[int], value: float) -> Array:
        """A new tensor; its axis of the batch's size is the batch."""
        sizes = list(shape)
        axes = [axis for axis, size in enumerate(sizes) if size == self.rows]
        if not axes:
            return self.filled(sizes, self.graph.constant(value))
        if len(axes) > 1:
            raise UnsupportedError(f"a new tensor of shape {sizes} in which more than one axis has the batch size")
        sizes[axes[0]] = 1
        return self.filled(sizes, self.graph.constant(value), axes[0])

    def map(self, op: str, *operands: Array | float | bool) -> Array:
        """`op` element by element, with broadcasting."""
        arrays = [self.lift(x) for x in operands]
        ndim = max(x.ndim for x in arrays)
        aligned = [x.values.reshape((1,) * (ndim - x.ndim) + x.values.shape) for x in arrays]
        axes = {x.batch_axis + ndim - x.ndim for x in arrays if x.batch_axis is not None}
        if len(axes) > 1:
            raise UnsupportedError(f"{op} of tensors whose batch axes differ: every row against every row")
        batch_axis = next(iter(axes), None)
        if batch_axis is not None and any(values.shape[batch_axis] != 1 for values in aligned):
            raise UnsupportedError(f"{op} of a batch with a tensor that has a value of its own for each row")
        spread: Values = np.broadcast_arrays(*aligned)
        out = np.empty(spread[0].shape, dtype=object)
        for position in np.ndindex(out.shape):
            out[position] = self.graph.apply(op, *(values[position] for values in spread))
        return Array(out, batch_axis)

    def _axes(self, x: Array, dims: int | Sequence[int] | None) -> list[int]:
        if dims is None or (not isinstance(dims, int) and len(dims) == 0):
            return list(range(x.ndim))
        given = [dims] if isinstance(dims, int) else list(dims)
        return sorted(d % x.ndim for d in given) if x.ndim else []

    def reduce(self, op: str, x: Array, dims: int | Sequence[int] | None, keepdim: bool) -> Array:
        """Combine elements along `dims` from the first to the last; over the batch only sums exist."""
        axes = self._axes(x, dims)
        values = x.values
        for axis in axes:
            if axis == x.batch_axis:
                if op != "add":
                    raise UnsupportedError(f"{op} over the rows of the batch")
                values = self._each(values, lambda e: self.graph.sum(e, self.rows))
                continue
            slices = [values.take([i], axis=axis) for i in range(values.shape[axis])]
            if not slices:
                raise UnsupportedError(f"{op} over an axis of size 0")
            total = slices[0]
            for part in slices[1:]:
                total = self._pairs(op, total, part)
            values = total
        batch_axis = None if x.batch_axis in axes else x.batch_axis
        reduced = Array(values, batch_axis)
        return reduced if keepdim else self.squeeze(reduced, axes)

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
        return prod(shape[axis] for axis in self._axes(x, dims))

    def squeeze(self, x: Array, axes: Sequence[int]) -> Array:
        """Drop axes of size 1 (the batch axis is never one of them)."""
        shape = [size for axis, size in enumerate(x.values.shape) if axis not in axes]
        batch_axis = x.batch_axis
        if batch_axis is not None:
            batch_axis -= sum(axis < batch_axis for axis in axes)
        return Array(x.values.reshape(shape), batch_axis)

    @staticmethod
    def unsqueeze(x: Array, dim: int) -> Array:
        """Insert an axis of size 1."""
        axis = dim % (x.ndim + 1)
        batch_axis = x.batch_axis
        if batch_axis is not None and axis <= batch_axis:
            batch_axis += 1
        return Array(np.expand_dims(x.values, axis), batch_axis)

    def reshape(self, x: Array, shape: Sequence[int]) -> Array:
        """Same elements, new shape; the batch must stay an axis of its own."""
        current = self.shape(x)
        sizes = list(shape)
        if -1 in sizes:
            known = prod(size for size in sizes if size != -1)
            sizes[sizes.index(-1)] = prod(current) // known
        if x.batch_axis is None:
            return Array(x.values.reshape(sizes))
        before = prod(current[: x.batch_axis])
        for axis, size in enumerate(sizes):
            if size == self.rows and prod(sizes[:axis]) == before:
                return Array(x.values.reshape([*sizes[:axis], 1, *sizes[axis + 1 :]]), axis)
        raise UnsupportedError(f"a view from {current} to {sizes} that mixes rows of the batch")

    def permute(self, x: Array, dims: Sequence[int]) -> Array:
        """Reorder axes."""
        order = [d % x.ndim for d in dims]
        batch_axis = None if x.batch_axis is None else order.index(x.batch_axis)
        return Array(x.values.transpose(order), batch_axis)

    def expand(self, x: Array, shape: Sequence[int]) -> Array:
        """Repeat axes of size 1 without copying."""
        offset = len(shape) - x.ndim
        current = [1] * offset + self.shape(x)
        sizes = [now if size == -1 else size for size, now in zip(shape, current, strict=True)]
        values = x.values.reshape((1,) * offset + x.values.shape)
        if x.batch_axis is not None:
            batch_axis: int | None = x.batch_axis + offset
        else:
            grown = [a for a, (size, now) in enumerate(zip(sizes, current, strict=True)) if size != now]
            candidates = [a for a in grown if sizes[a] == self.rows]
            if len(candidates) > 1:
                raise UnsupportedError(f"an expansion to {sizes} in which more than one axis has the batch size")
            batch_axis = candidates[0] if candidates else None
        if batch_axis is not None:
            sizes[batch_axis] = 1
        return Array(np.broadcast_to(values, sizes), batch_axis)

    def select(self, x: Array, dim: int, index: int) -> Array:
        """One slice along an axis other than the batch."""
        axis = dim % x.ndim
        self._not_batch(x, axis, "select")
        return self.squeeze(Array(x.values.take([index], axis=axis), x.batch_axis), [axis])

    def slice(self, x: Array, dim: int, start: int | None, end: int | None, step: int) -> Array:
        """A range of slices along an axis."""
        axis = dim % x.ndim
        size = self.shape(x)[axis]
        positions = range(size)[slice(start, end, step)]
        if axis == x.batch_axis:
            if len(positions) != size:
                raise UnsupportedError("a slice of the rows of the batch")
            return x
        return Array(x.values.take(list(positions), axis=axis), x.batch_axis)

    def scatter(self, base: Array, source: Array, dim: int, positions: Sequence[int]) -> Array:
        """`base` with `source` written at `positions` of axis `dim`."""
        axis = dim % base.ndim
        batch_axis = source.batch_axis if source.batch_axis is not None else base.batch_axis
        if axis == batch_axis:
            if len(positions) != self.rows:
                raise UnsupportedError("writing to some rows of the batch")
            return source
        if batch_axis is not None and base.values.shape[batch_axis] != 1:
            raise UnsupportedError("writing a batch into a tensor that has a value of its own for each row")
        out = base.values.copy()
        target: list[slice | list[int]] = [slice(None)] * base.ndim
        target[axis] = list(positions)
        out[tuple(target)] = source.values
        return Array(out, batch_axis)

    def concatenate(self, arrays: Sequence[Array], dim: int) -> Array:
        """Join along an axis other than the batch."""
        axis = dim % arrays[0].ndim
        batch_axis = next((x.batch_axis for x in arrays if x.batch_axis is not None), None)
        if axis == batch_axis:
            raise UnsupportedError("joining batches row after row")
        return Array(np.concatenate([x.values for x in arrays], axis), batch_axis)

    def matmul(self, a: Array, b: Array) -> Array:
        """Matrix product of two two-dimensional arrays; contracting over the batch is a sum over its rows."""
        if (a.batch_axis == 1) != (b.batch_axis == 0):
            raise UnsupportedError("a matrix product of a batch with a tensor that has a value of its own for each row")
        if a.batch_axis == 0 and b.batch_axis == 1:
            raise UnsupportedError("a matrix product of every row of the batch with every other")
        contracts_batch = a.batch_axis == 1
        out = np.empty((a.values.shape[0], b.values.shape[1]), dtype=object)
        for i, j in np.ndindex(out.shape):
            terms = [self.graph.apply("mul", a.values[i, k], b.values[k, j]) for k in range(a.values.shape[1])]
            if contracts_batch:
                out[i, j] = self.graph.sum(terms[0], self.rows)
                continue
            total = terms[0]
            for term in terms[1:]:
                total = self.graph.apply("add", total, term)
            out[i, j] = total
        if contracts_batch:
            return Array(out)
        return Array(out, 0 if a.batch_axis == 0 else (1 if b.batch_axis == 1 else None))

    def cumulate(self, op: str, x: Array, dim: int) -> Array:
        """Running `op` along an axis other than the batch."""
        axis = dim % x.ndim
        self._not_batch(x, axis, "a running " + op)
        parts = [x.values.take([i], axis=axis) for i in range(x.values.shape[axis])]
        for before, now in pairwise(range(len(parts))):
            parts[now] = self._pairs(op, parts[before], parts[now])
        return Array(np.concatenate(parts, axis), x.batch_axis)

    @staticmethod
    def _not_batch(x: Array, axis: int, what: str) -> None:
        if axis == x.batch_axis:
            raise UnsupportedError(f"{what} over the rows of the batch")
