"""Products that overflow or vanish on the way although their result, or their gradient, does not.

Rows of ordinary numbers take PyTorch's own product, to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.overrides import handle_torch_function, has_torch_function

_GROUP = 64
"""Factors near 1 that are multiplied before their product is brought back near 1: at most 2^32, at least 2^-32."""

PLAIN: dict[Any, Callable[..., Tensor]] = {}
"""The formula alone of each function here that also takes care of overflow.

For whoever overrides these functions to compile a training step: a run that overflows there has diverged.
"""

F = TypeVar("F", bound=Callable[..., Tensor])


def _guarding(plain: Callable[..., Tensor]) -> Callable[[F], F]:
    """Make a function of tensors one that torch's function modes can replace, for instance by `plain`."""

    def overridable(function: F) -> F:
        @wraps(function)
        def guarded(*tensors: Tensor) -> Any:
            if has_torch_function(tensors):
                return handle_torch_function(guarded, tensors, *tensors)
            return function(*tensors)

        PLAIN[guarded] = plain
        return guarded  # type: ignore[return-value]

    return overridable


@_guarding(lambda gate, value: gate * value)
def gated(gate: Tensor, value: Tensor) -> Tensor:
    """Return gate ⊙ value; where the gate is 0, so are result and gradient, though the value were infinite."""
    return gate * torch.where(gate != 0, value, 0.0)


@_guarding(torch.abs)
def magnitude(x: Tensor) -> Tensor:
    """Return |x|; the gradient at 0 is 0, though what comes back through the function of it were infinite."""
    return torch.where(x == 0, 0.0, x.abs())


@_guarding(lambda x: 1 / x)
def reciprocal(x: Tensor) -> Tensor:
    """Return 1 / x; what comes back as 0 has the gradient 0, though 1 / x² were infinite."""
    small = x.abs() < torch.finfo(x.dtype).max ** -0.5
    fixed = 1 / x.detach()
    # the same value, but its gradient is multiplied by 1 / x twice and never by 1 / x²
    return torch.where(small, fixed * (2 - torch.where(small, x, 1.0) * fixed), 1 / torch.where(small, 1.0, x))


@_guarding(lambda values, used: values)
def in_use(values: Tensor, used: Tensor) -> Tensor:
    """Return `values` where `used`; elsewhere 0, without a gradient."""
    return torch.where(used, values, 0.0)


@_guarding(lambda factors, used: factors)
def factors_in_use(factors: Tensor, used: Tensor) -> Tensor:
    """Return `[..., out, in]` factors of products that count where `used`, `[..., out]`, and are 1 elsewhere."""
    return torch.where(used.unsqueeze(-1), factors, 1.0)


GATES: frozenset[Any] = frozenset({gated, in_use, factors_in_use})
"""Those that leave out what does not count, whatever it is."""


@_guarding(lambda factors: factors.prod(-1))
def prod(factors: Tensor) -> Tensor:
    """Return the product over the last dimension.

    The value and the gradient, each of which is the product of all other factors, are right wherever they can be
    represented, in any order of factors; a gradient beyond that is the largest number. There is no second derivative
    where factors, multiplied in some order, leave the range of the dtype.
    """
    result, fixed = factors.prod(-1), factors.detach()
    if factors.shape[-1] <= 2 and _holds(result.detach().abs().sum() < math.inf):
        return result
    if _holds(_far_from_limits(fixed)):
        return result
    extreme = _leaves_range(fixed)
    if _holds(~extreme.any()):
        return result
    rows = extreme.unsqueeze(-1)
    value, slopes = _value_and_slopes(fixed)
    linear = value + ((factors - fixed) * torch.where(rows, slopes, 0.0)).sum(-1)
    return torch.where(extreme, linear, torch.where(rows, 1.0, factors).prod(-1))


@_guarding(lambda numerators, denominators: numerators.prod(-1) / denominators.prod(-1))
def prod_ratio(numerators: Tensor, denominators: Tensor) -> Tensor:
    """Return the product of `numerators` over that of `denominators`, over the last dimension.

    Where either overflows or the lower one vanishes it is the product of the quotients.
    """
    above, below = prod(numerators), prod(denominators)
    top, bottom = above.detach().abs(), below.detach().abs()
    extreme = ~((top < math.inf) & (bottom < math.inf) & (bottom > 0))
    if _holds(~extreme.any()):
        return above / below
    rows = extreme.unsqueeze(-1)
    # the form that is not taken is fed with ones, so that it has a gradient of 0 and not NaN
    quotients = torch.where(rows, numerators, 1.0) / torch.where(rows, denominators, 1.0)
    ordinary = prod(torch.where(rows, 1.0, numerators)) / prod(torch.where(rows, 1.0, denominators))
    return torch.where(extreme, prod(quotients), ordinary)


@_guarding(lambda factors, base, exponents: factors.prod(-1) * base ** exponents.sum(-1))
def prod_times_power(factors: Tensor, base: Tensor, exponents: Tensor) -> Tensor:
    """Return the product of `factors` over the last dimension times base^(Σ exponents), base a positive scalar.

    Where either overflows or vanishes it is the product of the factors times their powers.
    """
    total = exponents.sum(-1)
    product, power = prod(factors), base**total
    size, scale = product.detach().abs(), power.detach()
    extreme = ~((size < math.inf) & (scale < math.inf) & (scale > 0))
    if _holds(~extreme.any()):
        return product * power
    rows = extreme.unsqueeze(-1)
    ordinary = prod(torch.where(rows, 1.0, factors)) * base ** torch.where(extreme, 0.0, total)
    together = torch.where(rows, factors, 1.0) * base ** torch.where(rows, exponents, 0.0)
    return torch.where(extreme, prod(together), ordinary)


def _plain_asinh(x: Tensor) -> Tensor:
    sign = torch.where(x < 0, -1.0, 1.0)
    magnitude = sign * x
    squared = magnitude.square()
    return sign * torch.log1p(magnitude + squared / (1 + torch.sqrt(squared + 1)))


@_guarding(_plain_asinh)
def asinh(x: Tensor) -> Tensor:
    """Return asinh(x), to rounding for inputs of any sign and size, with a gradient that is right at all of them."""
    sign = torch.where(x < 0, -1.0, 1.0)
    large = x.abs() > torch.finfo(x.dtype).eps ** -0.5  # from here on asinh(x) is ln(2x), and x² could overflow
    logarithm = torch.log(torch.where(large, sign * x, 1.0)) + math.log(2)
    return torch.where(large, sign * logarithm, _plain_asinh(torch.where(large, 1.0, x)))


def _holds(condition: Tensor) -> bool:
    """Return whether a condition is known to hold; not under vmap or a compiler, nor where asking would take time.

    What it decides changes no result, only the time on a CPU.
    """
    if condition.device.type != "cpu" or torch.compiler.is_compiling() or torch.jit.is_tracing():  # type: ignore[attr-defined, no-untyped-call]
        return False
    try:
        return bool(condition)
    except RuntimeError:  # a batched or a fake tensor
        return False


def _far_from_limits(factors: Tensor) -> Tensor:
    """Return whether as many factors as a row has, all as large as the largest or as small as the smallest, are normal.

    A quick look that finds most tensors in order; one without elements is not.
    """
    if not factors.numel():
        return torch.zeros((), dtype=torch.bool)
    limits, count = torch.finfo(factors.dtype), factors.shape[-1]
    smallest, largest = factors.abs().aminmax()
    lower, upper = limits.tiny ** (1 / count) * 2, limits.max ** (1 / count) / 2
    return torch.logical_and(smallest > lower, largest < upper)


def _leaves_range(factors: Tensor) -> Tensor:
    """Return which rows, multiplied in some order, leave the normal numbers of the dtype; not those with inf or NaN."""
    limits = torch.finfo(factors.dtype)
    logarithms = torch.log2(torch.where(factors == 0, 1.0, factors).abs())
    up, down = logarithms.clamp_min(0).sum(-1), logarithms.clamp_max(0).sum(-1)
    return ((up > math.log2(limits.max) - 1) & (up < math.inf)) | (down < math.log2(limits.tiny) + 1)


def _value_and_slopes(factors: Tensor) -> tuple[Tensor, Tensor]:
    """Return the product of each row and, per factor, that of all others, at most the largest number."""
    zero = factors == 0
    mantissas, exponents = _near_one(torch.where(zero, 1.0, factors))
    mantissa, exponent = _product_near_one(mantissas, exponents)
    zeros = zero.sum(-1, keepdim=True)
    value = torch.where(zeros.squeeze(-1) > 0, 0.0, _scaled(mantissa, exponent))
    others = _scaled(mantissa.unsqueeze(-1) / mantissas, exponent.unsqueeze(-1) - exponents)
    largest = torch.finfo(factors.dtype).max
    return value, torch.where(zeros > zero, 0.0, others.clamp(-largest, largest))


def _near_one(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return m and integers e with x = m 2^e and |m| within 2^±½, exactly."""
    exponent = torch.round(torch.log2(x.abs()))
    return _scaled(x, -exponent), exponent


def _scaled(x: Tensor, exponent: Tensor) -> Tensor:
    """Return x 2^exponent, in two steps because 2^exponent alone may overflow."""
    half = torch.floor(exponent / 2)
    return x * torch.exp2(half) * torch.exp2(exponent - half)


def _product_near_one(mantissas: Tensor, exponents: Tensor) -> tuple[Tensor, Tensor]:
    """Return the product of a row's numbers m 2^e as one such number."""
    exponent = exponents.sum(-1)
    while mantissas.shape[-1] > 1:
        missing = -mantissas.shape[-1] % _GROUP
        padded = torch.nn.functional.pad(mantissas, (0, missing), value=1.0)
        mantissas, more = _near_one(padded.reshape(*padded.shape[:-1], padded.shape[-1] // _GROUP, _GROUP).prod(-1))
        exponent = exponent + more.sum(-1)
    return mantissas.squeeze(-1), exponent
