"""A gate between a sum and a product: the forward passes of the NALU family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import linear

from nalm.functional._extremes import asinh, gated, magnitude
from nalm.functional._powers import inalu_multiply
from nalm.functional._precision import in_float32
from nalm.functional._products import LOG_EPSILON, product

Multiplication = Literal["exp_log", "safe", "max_safe", "trig", "product"]
"""How a NALU multiplies, see `nalm.units.NALU`."""


@in_float32
def nalu_multiply(x: Tensor, weight: Tensor, form: Multiplication, used: Tensor | None = None) -> Tensor:
    """Return the multiplicative path of a NALU, `[..., out]`.

    Args:
        x: `[..., in]`.
        weight: `[out, in]`.
        form: See `nalm.units.NALU`.
        used: `[..., out]`, where the path counts; elsewhere it is some finite number and has no gradient.
    """
    if form == "product":
        return product(x, weight, used=used)
    if form == "trig":
        growth = linear(asinh(x), weight)
    elif form == "exp_log":
        growth = linear(torch.log(magnitude(x) + LOG_EPSILON), weight)
    else:
        shifted = torch.relu(x - 1) if form == "max_safe" else (x - 1).abs()
        growth = linear(torch.log(shifted + 1), weight)
    growth = growth if used is None else torch.where(used, growth, 0.0)
    return torch.sinh(growth) if form == "trig" else torch.exp(growth)


@in_float32
def nalu(
    x: Tensor,
    gate: Tensor,
    gate_mul: Tensor,
    weight: Tensor,
    weight_mul: Tensor,
    multiply: Callable[[Tensor, Tensor, Tensor], Tensor],
) -> Tensor:
    """Return gate ⊙ W x + gate_mul ⊙ m(x); a path whose gate is 0 is left out, though it were infinite.

    Trask et al. (2018), Neural Arithmetic Logic Units, equation 2.

    Args:
        x: `[..., in]`.
        gate: `[..., out]`, opening of the additive path.
        gate_mul: `[..., out]`, opening of the multiplicative path.
        weight: `[out, in]`, of the additive path.
        weight_mul: `[out, in]`, of the multiplicative path.
        multiply: m, a function of x, `weight_mul` and where the path counts, `[..., out]`; see `nalu_multiply`.
    """
    return gated(gate, linear(x, weight)) + gate_mul * multiply(x, weight_mul, gate_mul != 0)


@in_float32
def inalu(x: Tensor, gate: Tensor, weight: Tensor, weight_mul: Tensor) -> Tensor:
    """Return gate ⊙ W x + (1 - gate) ⊙ m(x), m see `inalu_multiply`; a sum whose gate is 0 is left out.

    Schlör et al. (2020), iNALU: improved neural arithmetic logic unit, equations 3 to 9.

    Args:
        x: `[..., in]`.
        gate: `[out]`.
        weight: `[in, out]`, of the additive path.
        weight_mul: `[in, out]`, of the multiplicative path.
    """
    return gated(gate, x @ weight) + (1 - gate) * inalu_multiply(x, weight_mul.mT)
