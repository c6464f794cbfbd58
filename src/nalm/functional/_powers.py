"""Signed powers: the forward passes of the NPU family and of the iNALU's multiplicative path."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import linear

from nalm.functional._extremes import magnitude, prod, reciprocal
from nalm.functional._precision import in_float32

FLOAT32_EPSILON = 2.0**-23
"""Added to magnitudes by the NPU and to divisors by the NMRU, whatever the dtype, as released."""


def half_turns(x: Tensor) -> Tensor:
    """Return π where `x` is negative and 0 elsewhere: the angle of `x` in the complex plane; no gradient."""
    return math.pi * torch.relu(-torch.sign(x))


@in_float32
def npu(x: Tensor, real: Tensor, imaginary: Tensor | None = None, gate: Tensor | None = None) -> Tensor:
    """Return the real part of Π_i x_i^(w_oi) with complex exponents and a relevance gate per input.

    Heim et al. (2020), equations 6 to 10; with the float32 epsilon of the authors' code added to |x|.

    Args:
        x: `[..., in]`.
        real: `[out, in]`, real part of the exponents.
        imaginary: `[out, in]`, imaginary part; None for the RealNPU.
        gate: `[in]` in [0, 1], 0 replaces the input by 1; None leaves all open.
    """
    size = magnitude(x) + FLOAT32_EPSILON
    angle = half_turns(x)
    if gate is not None:
        size = gate * size + (1 - gate)
        angle = gate * angle
    log_magnitude = torch.log(size)
    growth = linear(log_magnitude, real)
    turn = linear(angle, real)
    if imaginary is not None:
        growth = growth - linear(angle, imaginary)
        turn = turn + linear(log_magnitude, imaginary)
    return torch.exp(growth) * torch.cos(turn)


@in_float32
def inalu_multiply(x: Tensor, weight: Tensor, *, epsilon: float = 1e-7, limit: float = 20.0) -> Tensor:
    """Return Π_i |x_i|^w_oi, at most e^limit, times the sign Π_i (sign(x_i) |w_oi| + 1 - |w_oi|).

    Schlör et al. (2020), equations 4 to 6. Inputs below `epsilon` in magnitude are floored to it.

    Args:
        x: `[..., in]`.
        weight: `[out, in]`, in [-1, 1].
        epsilon: Smallest magnitude used.
        limit: Largest natural logarithm of the result.
    """
    size = torch.exp(linear(torch.log(x.abs().clamp_min(epsilon)), weight).clamp_max(limit))
    share = weight.abs()
    sign = (torch.sign(x).unsqueeze(-2) * share + (1 - share)).prod(-1)
    return size * sign


@in_float32
def nru(x: Tensor, weight: Tensor, share: Tensor, *, separate_sign: bool = False) -> Tensor:
    """Return Π_i (sign(x_i) |x_i|^w_oi s_oi + 1 - s_oi), products and quotients of its inputs.

    Mistry et al. (2022), Exploring the Learning Mechanisms of Neural Division Modules, equation for the NRU.
    NaN for an input of 0 with a negative weight.

    Args:
        x: `[..., in]`.
        weight: `[out, in]` in [-1, 1].
        share: `[out, in]` in [0, 1], how far a factor counts: `nru_share` in training, |w| in evaluation.
        separate_sign: Take the sign out of the product: Π_i sign(x_i)^round(w_oi), without gradient.
    """
    columns = x.unsqueeze(-2)
    power = columns.abs() ** weight
    if not separate_sign:
        return prod(torch.sign(columns) * power * share + (1 - share))
    turns = torch.round(weight).abs().detach()
    odd = turns - 2 * torch.floor(turns / 2)
    sign = (torch.sign(columns) * odd + (1 - odd)).prod(-1)
    return prod(power * share + (1 - share)) * sign


def nru_share(weight: Tensor) -> Tensor:
    """Return tanh²(1000 w): 1 except within about 0.003 of 0, where it falls to 0."""
    return torch.tanh(1000 * weight).square()


def with_reciprocals(x: Tensor, *, training: bool) -> Tensor:
    """Return `[x, 1 / x]` along the last dimension, `[..., 2 in]`, the inputs of the NMRU.

    Mistry et al. (2022), Exploring the Learning Mechanisms of Neural Division Modules. In training 2^-23 is
    added to every divisor; in evaluation only a divisor of 0 is replaced by it, so that it leaves no NaN
    behind where its weight is 0. In float16 it is the smallest number with a reciprocal, about 2^-15.
    """
    return _with_reciprocals(x, max(FLOAT32_EPSILON, 2 / torch.finfo(x.dtype).max), training)


@in_float32
def _with_reciprocals(x: Tensor, epsilon: float, training: bool) -> Tensor:
    if training:
        return torch.cat([x, reciprocal(x + epsilon)], -1)
    return torch.cat([x, reciprocal(torch.where(x == 0, torch.full_like(x, epsilon), x))], -1)


@in_float32
def signed_magnitude(magnitude: Tensor, x: Tensor, weight: Tensor) -> Tensor:
    """Return `magnitude` ⊙ cos(π Σ_i w_oi [x_i < 0]): the sign of a product of powers."""
    return magnitude * torch.cos(linear(half_turns(x), weight))
