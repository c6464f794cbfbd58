"""Products of powers: the multiplicative halves of the NMU, the sNMU and the NAC•."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import linear

from nalm.functional._extremes import factors_in_use, magnitude, prod, prod_ratio, prod_times_power
from nalm.functional._precision import in_float32

LOG_EPSILON = 1e-7
"""Added to |x| before a logarithm by Trask et al. (2018)."""


def _factors(x: Tensor, weight: Tensor, identity: bool = True) -> Tensor:
    """Return the factors of `product`, `[..., out, in]`."""
    factors = weight * x.unsqueeze(-2)
    return factors + (1 - weight) if identity else factors


@in_float32
def product(x: Tensor, weight: Tensor, *, identity: bool = True, used: Tensor | None = None) -> Tensor:
    """Return Π_i (w_oi x_i + 1 - w_oi): a weight of 1 multiplies by its input, a weight of 0 leaves it out.

    Madsen & Johansen (2020), equation 9. `1 - w` is taken first, so that discrete weights give the exact
    product of inputs of any magnitude.

    Args:
        x: `[..., in]`.
        weight: `[out, in]`.
        identity: False gives Π_i w_oi x_i, which needs every input (an ablation).
        used: `[..., out]`, where the product counts; elsewhere it is 1 and has no gradient.
    """
    factors = _factors(x, weight, identity)
    return prod(factors if used is None else factors_in_use(factors, used))


@in_float32
def stochastic_product(x: Tensor, weight: Tensor, noise: Tensor) -> Tensor:
    """Return `product(x * noise) / product(noise)`, equal to `product(x)` for discrete weights.

    Mistry et al. (2022), "Improving the robustness of neural multiplication units with reversible
    stochasticity", equation 3.

    Args:
        x: `[..., in]`.
        weight: `[out, in]`.
        noise: `[..., in]`, all >= 1 (or all > 0 while the weights are in [0, 1]).
    """
    return prod_ratio(_factors(x * noise, weight), _factors(noise, weight))


@in_float32
def exp_log(x: Tensor, weight: Tensor, epsilon: float = LOG_EPSILON) -> Tensor:
    """Return exp(W ln(|x| + epsilon)) = Π_i (|x_i| + epsilon)^w_oi > 0. Trask et al. (2018), equation 2."""
    return torch.exp(linear(torch.log(magnitude(x) + epsilon), weight))


def uniform(u: Tensor, low: float | Tensor, high: float | Tensor) -> Tensor:
    """Map `u`, uniform on [0, 1), to [low, high)."""
    return u * (high - low) + low


@in_float32
def standard_deviation(x: Tensor) -> Tensor:
    """Return the unbiased standard deviation over all elements of `x` (NaN for fewer than two).

    Written out in sums, which batch and fuse where `torch.std` does not.
    """
    return ((x - x.mean()).square().sum() / (x.numel() - 1)).sqrt() if x.numel() > 1 else x.sum() * torch.nan


def batch_spread(x: Tensor) -> Tensor:
    """Return 1 over the standard deviation of all elements of `x`, the width of the noise of the batch sNMU.

    0 where that is no number of the dtype: for equal elements, and for a single one.
    """
    return _batch_spread(x, torch.finfo(x.dtype).max)


@in_float32
def _batch_spread(x: Tensor, largest: float) -> Tensor:
    spread = 1 / standard_deviation(x)
    return torch.where(spread < largest, spread, 0.0)


def variance_share(x: Tensor) -> Tensor:
    """Return 1 over the variance of all elements of `x`, the width of the noise of the sNAU.

    0 where that is no number of the dtype: for equal elements, and for a single one.
    """
    return _variance_share(x, torch.finfo(x.dtype).max)


@in_float32
def _variance_share(x: Tensor, largest: float) -> Tensor:
    share = 1 / standard_deviation(x).square()
    return torch.where(share < largest, share, 0.0)


@in_float32
def normalised_product(x: Tensor, weight: Tensor, *, identity: bool = True) -> Tensor:
    """Return `product(x / c, W) c^(Σ_i W_oi)`, c the standard deviation of all elements of `x`.

    Equal to `product(x, W)` for discrete weights; released with Madsen & Johansen (2020). c is 1 for equal numbers, for
    a single one, and where the squares of all differences leave the range of the dtype.
    """
    scale = _scale(x)
    return prod_times_power(_factors(x / scale, weight, identity), scale, weight)


def _scale(x: Tensor) -> Tensor:
    """Return the standard deviation of all elements of `x`, or 1 where it is 0 to rounding, or no number."""
    if x.numel() < 2:
        return torch.ones_like(x.sum())
    mean = x.mean()
    variance = (x - mean).square().sum() / (x.numel() - 1)
    rounding = (8 * torch.finfo(x.dtype).eps * mean).square()
    return torch.where((variance > rounding) & (variance < torch.inf), variance, 1.0).sqrt()
