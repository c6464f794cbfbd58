"""What the ATen operations that move, join, pick and make tensors mean on arrays of scalar expressions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nalm.training.kernel.arrays import Array, Arrays, UnsupportedError, plain
from nalm.training.kernel.aten import OPERATIONS, Number, Operation, operation


@operation("view", "_unsafe_view")
def _view(algebra: Arrays, x: Array, shape: Sequence[int]) -> Array:
    return algebra.reshape(x, shape)


@operation("permute")
def _permute(algebra: Arrays, x: Array, dims: Sequence[int]) -> Array:
    return algebra.permute(x, dims)


@operation("t")
def _t(algebra: Arrays, x: Array) -> Array:
    return algebra.permute(x, range(x.ndim)[::-1])


@operation("transpose")
def _transpose(algebra: Arrays, x: Array, first: int, second: int) -> Array:
    order = list(range(x.ndim))
    order[first], order[second] = order[second], order[first]
    return algebra.permute(x, order)


@operation("expand")
def _expand(algebra: Arrays, x: Array, shape: Sequence[int], implicit: bool = False) -> Array:
    return algebra.expand(x, shape)


@operation("copy")
def _copy(algebra: Arrays, target: Array, source: Array, non_blocking: bool = False) -> Array:
    return algebra.expand(algebra.map("float", source), algebra.shape(target))


@operation("unsqueeze")
def _unsqueeze(algebra: Arrays, x: Array, dim: int) -> Array:
    return algebra.unsqueeze(x, dim)


@operation("squeeze")
def _squeeze(algebra: Arrays, x: Array, dim: int | Sequence[int] | None = None) -> Array:
    shape = algebra.shape(x)
    dims = range(x.ndim) if dim is None else [dim] if isinstance(dim, int) else dim
    return algebra.squeeze(x, [d % x.ndim for d in dims if shape[d] == 1])


@operation("select")
def _select(algebra: Arrays, x: Array, dim: int, index: int) -> Array:
    return algebra.select(x, dim, index)


@operation("slice")
def _slice(
    algebra: Arrays, x: Array, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Array:
    return algebra.slice(x, dim, start, end, step)


@operation("select_scatter")
def _select_scatter(algebra: Arrays, base: Array, source: Array, dim: int, index: int) -> Array:
    axis = dim % base.ndim
    return algebra.scatter(base, algebra.unsqueeze(source, axis), axis, [index % algebra.shape(base)[axis]])


@operation("slice_scatter")
def _slice_scatter(
    algebra: Arrays,
    base: Array,
    source: Array,
    dim: int = 0,
    start: int | None = None,
    end: int | None = None,
    step: int = 1,
) -> Array:
    positions = range(algebra.shape(base)[dim])[slice(start, end, step)]
    return algebra.scatter(base, source, dim, positions)


@operation("select_backward")
def _select_backward(algebra: Arrays, gradient: Array, shape: Sequence[int], dim: int, index: int) -> Array:
    return _select_scatter(algebra, algebra.full(shape, 0.0), gradient, dim, index)


@operation("slice_backward")
def _slice_backward(
    algebra: Arrays, gradient: Array, shape: Sequence[int], dim: int, start: int, end: int, step: int
) -> Array:
    return _slice_scatter(algebra, algebra.full(shape, 0.0), gradient, dim, start, end, step)


@operation("cat")
def _cat(algebra: Arrays, arrays: Sequence[Array], dim: int = 0) -> Array:
    return algebra.concatenate(arrays, dim)


@operation("stack")
def _stack(algebra: Arrays, arrays: Sequence[Array], dim: int = 0) -> Array:
    return algebra.concatenate([algebra.unsqueeze(x, dim) for x in arrays], dim)


@operation("split", "split_with_sizes")
def _split(algebra: Arrays, x: Array, sizes: int | Sequence[int], dim: int = 0) -> list[Array]:
    total = algebra.shape(x)[dim]
    if isinstance(sizes, int):
        sizes = [min(sizes, total - start) for start in range(0, total, sizes)]
    parts, start = [], 0
    for size in sizes:
        parts.append(algebra.slice(x, dim, start, start + size, 1))
        start += size
    return parts


@operation("unbind")
def _unbind(algebra: Arrays, x: Array, dim: int = 0) -> list[Array]:
    return [algebra.select(x, dim, i) for i in range(algebra.shape(x)[dim])]


@operation("flip")
def _flip(algebra: Arrays, x: Array, dims: Sequence[int]) -> Array:
    flipped = [d % x.ndim for d in dims]
    if any(x.symbols[d] for d in flipped):
        raise UnsupportedError("flip over the rows of the batch or the inputs of a wide layer")
    return Array(np.flip(x.values, tuple(flipped)), x.symbols)


@operation("repeat")
def _repeat(algebra: Arrays, x: Array, times: Sequence[int]) -> Array:
    for _ in range(len(times) - x.ndim):
        x = algebra.unsqueeze(x, 0)
    for dim, count in enumerate(times):
        x = x if count == 1 else algebra.concatenate([x] * count, dim)
    return x


@operation("constant_pad_nd")
def _pad(algebra: Arrays, x: Array, widths: Sequence[int], value: Number = 0) -> Array:
    for number in range(len(widths) // 2):
        dim = x.ndim - 1 - number
        before, after = widths[2 * number : 2 * number + 2]
        x = algebra.slice(x, dim, max(-before, 0), algebra.shape(x)[dim] - max(-after, 0), 1)
        borders = [_border(algebra, x, dim, width, value) for width in (before, after)]
        x = algebra.concatenate([*borders[0], x, *borders[1]], dim) if before > 0 or after > 0 else x
    return x


def _border(algebra: Arrays, x: Array, dim: int, width: int, value: Number) -> list[Array]:
    if width <= 0:
        return []
    shape = list(x.values.shape)
    shape[dim] = width
    return [algebra.filled(shape, algebra.graph.constant(float(value)), x.symbols)]


@operation("index")
def _index(algebra: Arrays, x: Array, indices: Sequence[Array | None]) -> Array:
    dim, positions = _picked(algebra, x, indices)
    return algebra.pick(x, dim, positions)


@operation("index_put")
def _index_put(
    algebra: Arrays, base: Array, indices: Sequence[Array | None], source: Array, accumulate: bool = False
) -> Array:
    dim, positions = _picked(algebra, base, indices)
    shape = algebra.shape(base)
    shape[dim] = len(positions)
    source = algebra.expand(source, shape)
    for number, position in enumerate(positions):
        part = algebra.pick(source, dim, [number])
        if accumulate:
            part = algebra.map("add", algebra.pick(base, dim, [position]), part)
        base = algebra.scatter(base, part, dim, [position])
    return base


@operation("index_select")
def _index_select(algebra: Arrays, x: Array, dim: int, index: Array) -> Array:
    return _index(algebra, x, [None] * (dim % x.ndim) + [index])


def _picked(algebra: Arrays, x: Array, indices: Sequence[Array | None]) -> tuple[int, list[int]]:
    """Return the one dimension that is indexed, and the positions."""
    given = [(dim, index) for dim, index in enumerate(indices) if index is not None]
    if len(given) != 1 or given[0][1].ndim != 1:
        raise UnsupportedError("an index of more than one dimension")
    dim, index = given[0]
    size = algebra.shape(x)[dim]
    values = [expression.constant for expression in index.values]
    if any(value is None for value in values) or any(index.symbols):
        raise UnsupportedError("an index that is computed")
    if any(expression.boolean for expression in index.values):
        raise UnsupportedError("an index of truth values")
    return dim, [int(value) % size for value in values if value is not None]


@operation("arange")
def _arange(algebra: Arrays, *ends: Number, **_: Any) -> Array:
    numbers = np.arange(*ends)
    algebra.full([len(numbers)], 0.0)  # refuses sizes of axes
    values = np.empty(len(numbers), dtype=object)
    values[:] = [algebra.graph.constant(float(number)) for number in numbers]
    return plain(values)


@operation("diagonal")
def _diagonal(algebra: Arrays, x: Array, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Array:
    first, second = dim1 % x.ndim, dim2 % x.ndim
    if x.symbols[first] or x.symbols[second]:
        raise UnsupportedError("a diagonal over the rows of the batch or the inputs of a wide layer")
    kept = tuple(symbol for dim, symbol in enumerate(x.symbols) if dim not in (first, second))
    return Array(np.diagonal(x.values, offset, first, second), (*kept, None))


@operation("diagonal_scatter")
def _diagonal_scatter(
    algebra: Arrays, base: Array, source: Array, offset: int = 0, dim1: int = 0, dim2: int = 1
) -> Array:
    if any((*base.symbols, *source.symbols)):
        raise UnsupportedError("writing the diagonal of a batch or of a wide layer")
    out = base.values.copy()
    places = np.arange(out.size).reshape(out.shape).diagonal(offset, dim1, dim2)
    out.reshape(-1)[places.reshape(-1)] = source.values.reshape(-1)
    return plain(out)


@operation("diagonal_backward")
def _diagonal_backward(
    algebra: Arrays, gradient: Array, shape: Sequence[int], offset: int = 0, dim1: int = 0, dim2: int = 1
) -> Array:
    return _diagonal_scatter(algebra, algebra.full(shape, 0.0), gradient, offset, dim1, dim2)


@operation("full", "new_full")
def _full(algebra: Arrays, *args: Any, **_: Any) -> Array:
    shape, value = args[-2:]
    return algebra.full(shape, float(value))


def _constant_like(value: float) -> Operation:
    def like(algebra: Arrays, x: Array, *_: Any, **__: Any) -> Array:
        return algebra.filled(x.values.shape, algebra.graph.constant(value), x.symbols)

    return like


def _constant_of_shape(value: float) -> Operation:
    def of_shape(algebra: Arrays, *args: Any, **_: Any) -> Array:
        return algebra.full(args[-1], value)

    return of_shape


# "empty" tensors are always written before they are read in a functional graph
for _name, _value in {"zeros": 0.0, "ones": 1.0, "empty": 0.0}.items():
    OPERATIONS[f"{_name}_like"] = _constant_like(_value)
    OPERATIONS[_name] = OPERATIONS[f"new_{_name}"] = _constant_of_shape(_value)


@operation("full_like")
def _full_like(algebra: Arrays, x: Array, value: Number, **_: Any) -> Array:
    return algebra.filled(x.values.shape, algebra.graph.constant(float(value)), x.symbols)


@operation("scalar_tensor")
def _scalar_tensor(algebra: Arrays, value: Number, **_: Any) -> Array:
    return algebra.lift(value)
