"""What each ATen operation of a traced step means on arrays of scalar expressions.

To support one more operation, add a row to `nalm.training.kernel.printer` and its name to `POINTWISE`, or write a
function that takes the array algebra and the operation's own arguments and decorate it with `@operation("name")`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import torch

from nalm.training.kernel.arrays import Array, Arrays, UnsupportedError
from nalm.training.kernel.printer import COMPARISONS, ELEMENTARY

Operation = Callable[..., Any]
F = TypeVar("F", bound=Operation)
Number = float | int | bool

# ATen name -> expression name, for operations that act element by element on all their arguments
POINTWISE: dict[str, str] = {
    **{name: name for name in (*ELEMENTARY, *COMPARISONS)},
    **{name: name for name in ("neg", "round", "reciprocal", "rsqrt", "sigmoid", "sign", "mul", "where")},
    **{name: name for name in ("minimum", "maximum", "atan2", "fmod")},
    "sgn": "sign",
    "logical_and": "and",
    "logical_or": "or",
    "logical_not": "not",
    "bitwise_and": "and",
    "bitwise_or": "or",
    "bitwise_not": "not",
}

UNCHANGED = frozenset(["clone", "alias", "detach", "lift_fresh_copy", "contiguous", "lift", "positive", "view_of"])

OPERATIONS: dict[str, Operation] = {}

# the operations of `nalm.training.kernel.products`
OWN: dict[str, Operation] = {
    "product": lambda algebra, x, dim: algebra.reduce("mul", x, dim, keepdim=False),
    "others": lambda algebra, x, dim: algebra.others(x, dim),
}


def operation(*names: str) -> Callable[[F], F]:
    """Register the meaning of the ATen operations `names` (all overloads)."""

    def register(function: F) -> F:
        for name in names:
            OPERATIONS[name] = function
        return function

    return register


def known() -> frozenset[str]:
    """ATen operations that need not be decomposed any further."""
    return frozenset(OPERATIONS) | frozenset(POINTWISE) | UNCHANGED


def apply(algebra: Arrays, name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Return the result of ATen operation `name`.

    Raises:
        UnsupportedError: the operation, or this use of it, has no scalar form.
    """
    found = OWN.get(name) or OPERATIONS.get(name)
    if found is not None:
        return found(algebra, *args, **kwargs)
    if name in UNCHANGED:
        return args[0]
    if name in POINTWISE and not kwargs:
        return algebra.map(POINTWISE[name], *args)
    raise UnsupportedError(f"the operation {name}")


@operation("add")
def _add(algebra: Arrays, a: Array, b: Array | Number, alpha: Number = 1) -> Array:
    return algebra.map("add", a, b if alpha == 1 else algebra.map("mul", b, alpha))


@operation("sub")
def _sub(algebra: Arrays, a: Array, b: Array | Number, alpha: Number = 1) -> Array:
    return algebra.map("sub", a, b if alpha == 1 else algebra.map("mul", b, alpha))


@operation("div")
def _div(algebra: Arrays, a: Array, b: Array | Number, rounding_mode: str | None = None) -> Array:
    quotient = algebra.map("div", a, b)
    return quotient if rounding_mode is None else algebra.map(rounding_mode, quotient)


@operation("rsub")
def _rsub(algebra: Arrays, a: Array, b: Array | Number, alpha: Number = 1) -> Array:
    return _sub(algebra, algebra.lift(b), a, alpha)


@operation("pow")
def _pow(algebra: Arrays, a: Array | Number, b: Array | Number) -> Array:
    if isinstance(b, Array):
        return algebra.map("pow", a, b)
    match float(b):
        case 0.0:
            return algebra.map("add", algebra.map("mul", a, 0.0), 1.0)
        case 1.0:
            return algebra.lift(a)
        case 2.0:
            return algebra.map("mul", a, a)
        case 3.0:
            return algebra.map("mul", algebra.map("mul", a, a), a)
        case 0.5:
            return algebra.map("sqrt", a)
    return algebra.map("pow", a, b)


@operation("clamp", "hardtanh")
def _clamp(algebra: Arrays, x: Array, min: Array | Number | None = None, max: Array | Number | None = None) -> Array:
    if min is not None:
        x = algebra.map("maximum", x, min)
    return x if max is None else algebra.map("minimum", x, max)


@operation("clamp_min")
def _clamp_min(algebra: Arrays, x: Array, min: Array | Number) -> Array:
    return _clamp(algebra, x, min=min)


@operation("clamp_max")
def _clamp_max(algebra: Arrays, x: Array, max: Array | Number) -> Array:
    return _clamp(algebra, x, max=max)


@operation("relu")
def _relu(algebra: Arrays, x: Array) -> Array:
    return algebra.map("maximum", x, 0.0)


@operation("masked_fill")
def _masked_fill(algebra: Arrays, x: Array, mask: Array, value: Array | Number) -> Array:
    return algebra.map("where", mask, value, x)


@operation("isnan")
def _isnan(algebra: Arrays, x: Array) -> Array:
    return algebra.map("ne", x, x)


@operation("tanh_backward")
def _tanh_backward(algebra: Arrays, gradient: Array, output: Array) -> Array:
    return algebra.map("mul", gradient, algebra.map("sub", 1.0, algebra.map("mul", output, output)))


@operation("sigmoid_backward")
def _sigmoid_backward(algebra: Arrays, gradient: Array, output: Array) -> Array:
    slope = algebra.map("mul", algebra.map("sub", 1.0, output), output)
    return algebra.map("mul", gradient, slope)


@operation("threshold_backward")
def _threshold_backward(algebra: Arrays, gradient: Array, x: Array, threshold: Number) -> Array:
    return algebra.map("where", algebra.map("le", x, threshold), 0.0, gradient)


@operation("_to_copy")
def _to_copy(algebra: Arrays, x: Array, *_: Any, dtype: torch.dtype | None = None, **__: Any) -> Array:
    if dtype is None or dtype == torch.float32:
        return algebra.map("float", x)
    if dtype == torch.bool:
        return algebra.map("ne", x, 0.0)
    raise UnsupportedError(f"a conversion to {dtype}: the native kernel computes in float32")


@operation("sum")
def _sum(
    algebra: Arrays, x: Array, dim: Sequence[int] | None = None, keepdim: bool = False, dtype: Any = None
) -> Array:
    return algebra.reduce("add", x, dim, keepdim)


@operation("mean")
def _mean(
    algebra: Arrays, x: Array, dim: Sequence[int] | None = None, keepdim: bool = False, dtype: Any = None
) -> Array:
    return algebra.map("div", algebra.reduce("add", x, dim, keepdim), float(algebra.count(x, dim)))


@operation("prod")
def _prod(algebra: Arrays, x: Array, dim: int | None = None, keepdim: bool = False, dtype: Any = None) -> Array:
    return algebra.reduce("mul", x, dim, keepdim)


@operation("amax", "max")
def _amax(algebra: Arrays, x: Array, dim: Sequence[int] | None = None, keepdim: bool = False) -> Array:
    return algebra.reduce("maximum", x, dim, keepdim)


@operation("amin", "min")
def _amin(algebra: Arrays, x: Array, dim: Sequence[int] | None = None, keepdim: bool = False) -> Array:
    return algebra.reduce("minimum", x, dim, keepdim)


@operation("var")
def _var(
    algebra: Arrays,
    x: Array,
    dim: Sequence[int] | None = None,
    correction: Number | None = 1,
    keepdim: bool = False,
) -> Array:
    centred = algebra.map("sub", x, _mean(algebra, x, dim, keepdim=True))
    squares = algebra.reduce("add", algebra.map("mul", centred, centred), dim, keepdim)
    divisor = algebra.count(x, dim) - (1 if correction is None else correction)
    return algebra.map("div", squares, float(divisor))


@operation("std")
def _std(algebra: Arrays, x: Array, *args: Any, **kwargs: Any) -> Array:
    return algebra.map("sqrt", _var(algebra, x, *args, **kwargs))


@operation("cumsum")
def _cumsum(algebra: Arrays, x: Array, dim: int, dtype: Any = None) -> Array:
    return algebra.cumulate("add", x, dim)


@operation("cumprod")
def _cumprod(algebra: Arrays, x: Array, dim: int, dtype: Any = None) -> Array:
    return algebra.cumulate("mul", x, dim)


@operation("mm")
def _mm(algebra: Arrays, a: Array, b: Array) -> Array:
    return algebra.matmul(a, b)


@operation("bmm")
def _bmm(algebra: Arrays, a: Array, b: Array) -> Array:
    pairs = [algebra.matmul(algebra.select(a, 0, i), algebra.select(b, 0, i)) for i in range(algebra.shape(a)[0])]
    return algebra.concatenate([algebra.unsqueeze(x, 0) for x in pairs], 0)


@operation("addmm")
def _addmm(algebra: Arrays, bias: Array, a: Array, b: Array, beta: Number = 1, alpha: Number = 1) -> Array:
    product = algebra.matmul(a, b)
    product = product if alpha == 1 else algebra.map("mul", product, alpha)
    return algebra.map("add", bias if beta == 1 else algebra.map("mul", bias, beta), product)


@operation("mv")
def _mv(algebra: Arrays, a: Array, b: Array) -> Array:
    return algebra.squeeze(algebra.matmul(a, algebra.unsqueeze(b, 1)), [1])


@operation("dot")
def _dot(algebra: Arrays, a: Array, b: Array) -> Array:
    return algebra.reduce("add", algebra.map("mul", a, b), None, False)


@operation("addcmul")
def _addcmul(algebra: Arrays, x: Array, a: Array, b: Array, value: Number = 1) -> Array:
    return _add(algebra, x, algebra.map("mul", a, b), value)


@operation("addcdiv")
def _addcdiv(algebra: Arrays, x: Array, a: Array, b: Array, value: Number = 1) -> Array:
    return algebra.map("add", x, algebra.map("div", algebra.map("mul", a, value), b))


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
