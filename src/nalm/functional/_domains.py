"""Sums in two domains, of numbers and of their logarithms, mixed by a gate."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import linear

from nalm.functional._extremes import magnitude
from nalm.functional._precision import in_float32

SIGN_SCALE = 1e-4
"""Sums of this size have a sign of tanh(1) in the linear domain, and at least this magnitude."""

LOG_FLOOR = 1e-11
"""Inputs count as at least this large in the domain of logarithms."""


@in_float32
def domain_mixture(x: Tensor, operands: Tensor, gates: Tensor) -> Tensor:
    """Return s exp(g₁ ln √(r² + 10⁻⁸) + g₂ O ln |x|), r = O x, s = g₁ tanh(10⁴ r) + g₂ cos(π Σ_{x_i < 0} |O_i|).

    Curry (2025), The Domain Mixed Unit: magnitudes are mixed as logarithms, signs as numbers.

    Args:
        x: `[..., in]`.
        operands: O, `[out, in]`, of -1, 0 and 1.
        gates: `[out, 2]`, of the linear and of the logarithmic domain.
    """
    total = linear(x, operands)
    logarithms = linear(torch.log(magnitude(x).clamp_min(LOG_FLOOR)), operands)
    negative = linear((x < 0).to(x.dtype), operands.abs())
    of_sum, of_product = gates.unbind(-1)
    growth = of_sum * _log_smooth(total) + of_product * logarithms
    sign = of_sum * torch.tanh(total / SIGN_SCALE) + of_product * torch.cos(math.pi * negative)
    return sign * torch.exp(growth)


def _log_smooth(x: Tensor) -> Tensor:
    """Return ln √(x² + 10⁻⁸), without squaring what is large."""
    size = magnitude(x)
    larger, smaller = size.clamp_min(SIGN_SCALE), size.clamp_max(SIGN_SCALE)
    return torch.log(larger) + 0.5 * torch.log1p((smaller / larger) ** 2)


@in_float32
def status_bits(x: Tensor, first: Tensor, second: Tensor, w_sign: Tensor, w_zero: Tensor, scale: float) -> Tensor:
    """Return w± tanh(λ d) + w₀ (1 - 2 tanh²(λ d)), d = (V₁ - V₂) x, `[..., out]`.

    Faber & Wattenhofer (2023), Neural Status Registers: a sign bit and a zero bit without corners.

    Args:
        x: `[..., in]`.
        first: V₁, `[out, in]`.
        second: V₂, `[out, in]`.
        w_sign: w±, `[out]`.
        w_zero: w₀, `[out]`.
        scale: λ.
    """
    sign = torch.tanh(scale * linear(x, first - second))
    return w_sign * sign + w_zero * (1 - 2 * sign**2)
