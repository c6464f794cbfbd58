"""Products of powers: the multiplicative halves of the NMU, the sNMU and the NAC•."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import linear

LOG_EPSILON = 1e-7
"""Added to |x| before a logarithm by Trask et al. (2018)."""


def product(x: Tensor, weight: Tensor, *, identity: bool = True) -> Tensor:
    """Return Π_i (w_oi x_i + 1 - w_oi): a weight of 1 multiplies by its input, a weight of 0 leaves it out.

    Madsen & Johansen (2020), equation 9. `1 - w` is taken first, so that discrete weights give the exact
    product of inputs of any magnitude.

    Args:
        x: `[..., in]`.
        weight: `[out, in]`.
        identity: False gives Π_i w_oi x_i, which needs every input (an ablation).
    """
    factors = weight * x.unsqueeze(-2)
    return (factors + (1 - weight) if identity else factors).prod(-1)


def stochastic_product(x: Tensor, weight: Tensor, noise: Tensor) -> Tensor:
    """Return `product(x * noise) / product(noise)`, equal to `product(x)` for discrete weights.

    Mistry et al. (2022), "Improving the robustness of neural multiplication units with reversible
    stochasticity", equation 3.

    Args:
        x: `[..., in]`.
        weight: `[out, in]`.
        noise: `[..., in]`, all >= 1 (or all > 0 while the weights are in [0, 1]).
    """
    return product(x * noise, weight) / product(noise, weight)


def exp_log(x: Tensor, weight: Tensor, epsilon: float = LOG_EPSILON) -> Tensor:
    """Return exp(W ln(|x| + epsilon)) = Π_i (|x_i| + epsilon)^w_oi > 0. Trask et al. (2018), equation 2."""
    return torch.exp(linear(torch.log(x.abs() + epsilon), weight))


def uniform(u: Tensor, low: float | Tensor, high: float | Tensor) -> Tensor:
    """Map `u`, uniform on [0, 1), to [low, high)."""
    return u * (high - low) + low


def standard_deviation(x: Tensor) -> Tensor:
    """Return the unbiased standard deviation over all elements of `x` (NaN for fewer than two).

    Written out in sums, which batch and fuse where `torch.std` does not.
    """
    return ((x - x.mean()).square().sum() / (x.numel() - 1)).sqrt() if x.numel() > 1 else x.sum() * torch.nan


def normalised_product(x: Tensor, weight: Tensor) -> Tensor:
    """Return `product(x / c, W) c^(Σ_i W_oi)`, c the standard deviation of all elements of `x`.

    Equal to `product(x, W)` for discrete weights; released with Madsen & Johansen (2020).
    """
    scale = standard_deviation(x)
    return product(x / scale, weight) * scale ** weight.sum(-1)
