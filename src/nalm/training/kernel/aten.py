"""What each ATen operation of a traced step means on arrays of scalar expressions.

Here is what computes; what moves, joins and makes tensors is in `aten_shapes`. To support one more operation, add a row
to `nalm.training.kernel.printer` and its name to `POINTWISE`, or write a function that takes the array algebra and the
operation's own arguments and decorate it with `@operation("name")`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from typing import Any, TypeVar

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
    **{name: name for name in ("minimum", "maximum", "atan2", "fmod", "hypot", "copysign")},
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


def computes(name: str) -> bool:
    """Whether the result of ATen operation `name` is numbers of its own, not a view of its arguments."""
    return name in POINTWISE or (name in OPERATIONS and OPERATIONS[name].__module__ == __name__)


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


@operation("softshrink_backward", "hardshrink_backward")
def _shrink_backward(algebra: Arrays, gradient: Array, x: Array, width: Number) -> Array:
    inside = algebra.map("and", algebra.map("ge", x, -width), algebra.map("le", x, width))
    return algebra.map("where", inside, 0.0, gradient)


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


@operation("var_mean")
def _var_mean(
    algebra: Arrays, x: Array, dim: Sequence[int] | None = None, keepdim: bool = False, **how: Any
) -> tuple[Array, Array]:
    return _var(algebra, x, dim, keepdim=keepdim, **how), _mean(algebra, x, dim, keepdim)


@operation("linalg_vector_norm")
def _vector_norm(
    algebra: Arrays,
    x: Array,
    order: Number = 2,
    dim: Sequence[int] | None = None,
    keepdim: bool = False,
    dtype: Any = None,
) -> Array:
    size = algebra.map("abs", x)
    if order == inf:
        return algebra.reduce("maximum", size, dim, keepdim)
    if order == -inf:
        return algebra.reduce("minimum", size, dim, keepdim)
    if order == 0:
        return algebra.reduce("add", algebra.map("float", algebra.map("ne", x, 0.0)), dim, keepdim)
    if order == 1:
        return algebra.reduce("add", size, dim, keepdim)
    if order == 2:
        return algebra.map("sqrt", algebra.reduce("add", algebra.map("mul", x, x), dim, keepdim))
    total = algebra.reduce("add", _pow(algebra, size, order), dim, keepdim)
    return _pow(algebra, total, 1 / order)


@operation("remainder")
def _remainder(algebra: Arrays, a: Array | Number, b: Array | Number) -> Array:
    rest = algebra.map("fmod", a, b)
    above = algebra.map("and", algebra.map("lt", rest, 0.0), algebra.map("gt", b, 0.0))
    below = algebra.map("and", algebra.map("gt", rest, 0.0), algebra.map("lt", b, 0.0))
    return algebra.map("where", algebra.map("or", above, below), algebra.map("add", rest, b), rest)


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
    if a.symbols[0] or b.symbols[0]:
        products = algebra.map("mul", algebra.unsqueeze(a, 3), algebra.unsqueeze(b, 1))
        return algebra.reduce("add", products, 2, keepdim=False)
    pairs = [algebra.matmul(algebra.select(a, 0, i), algebra.select(b, 0, i)) for i in range(algebra.shape(a)[0])]
    return algebra.concatenate([algebra.unsqueeze(x, 0) for x in pairs], 0)


@operation("addmm")
def _addmm(algebra: Arrays, bias: Array, a: Array, b: Array, beta: Number = 1, alpha: Number = 1) -> Array:
    product = algebra.matmul(a, b)
    product = product if alpha == 1 else algebra.map("mul", product, alpha)
    return algebra.map("add", bias if beta == 1 else algebra.map("mul", bias, beta), product)


@operation("_trilinear")
def _trilinear(
    algebra: Arrays,
    a: Array,
    b: Array,
    c: Array,
    new_a: Sequence[int],
    new_b: Sequence[int],
    new_c: Sequence[int],
    summed: Sequence[int],
    unroll_dim: int = 1,
) -> Array:
    def with_new(x: Array, dims: Sequence[int]) -> Array:
        for dim in sorted(dims):
            x = algebra.unsqueeze(x, dim)
        return x

    products = algebra.map("mul", algebra.map("mul", with_new(a, new_a), with_new(b, new_b)), with_new(c, new_c))
    return algebra.reduce("add", products, summed, keepdim=False)


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
