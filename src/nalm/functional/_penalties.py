"""Penalties that pull weights towards values an exact solution has, and the distance from them."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from nalm.functional._precision import in_float32

Targets = Literal["binary", "ternary"]
"""The values that a weight should take: `"binary"` is {0, 1}, `"ternary"` is {-1, 0, 1}."""

Shape = Literal["linear", "squared"]


def sparsity_penalty(weight: Tensor, targets: Targets, shape: Shape = "linear") -> Tensor:
    """Return the mean distance of the weights from `targets`; zero exactly at them.

    Madsen & Johansen (2020), equation 6 (ternary) and section 2.3 (binary).

    Args:
        weight: Any shape.
        targets: `"binary"`: mean min(|w|, |1 - w|); `"ternary"`: mean min(|w|, |1 - |w||).
        shape: `"squared"` takes w² (1 - w)² or w² (1 - |w|)² instead of the distance.
    """
    other = 1 - (weight if targets == "binary" else weight.abs())
    if shape == "squared":
        return (weight.square() * other.square()).mean()
    return torch.minimum(weight.abs(), other.abs()).mean()


def bounds_penalty(weight: Tensor, targets: Targets, shape: Shape = "linear") -> Tensor:
    """Return the mean excess of the weights over [0, 1] (binary) or [-1, 1] (ternary), or of its square."""
    excess = torch.relu((weight - 0.5).abs() - 0.5 if targets == "binary" else weight.abs() - 1)
    return (excess.square() if shape == "squared" else excess).mean()


@in_float32
def input_penalty(weight: Tensor, input_mean: Tensor, targets: Targets) -> Tensor:
    """Return the penalty that pulls inputs of small weight towards the value that a unit ignores.

    That value is 1 for a product (binary) and 0 for a sum (ternary). Madsen & Johansen (2020), appendix B.

    Args:
        weight: `[out, in]`.
        input_mean: `[in]`, mean of each input over the batch.
        targets: `"binary"`: mean (1 - w)(1 - x)²; `"ternary"`: mean (1 - |w|) x².
    """
    if targets == "binary":
        return ((1 - weight) * (1 - input_mean).square()).mean()
    return ((1 - weight.abs()) * input_mean.square()).mean()


def gate_penalty(gate: Tensor) -> Tensor:
    """Return Σ g² (1 - g)² over batch and outputs (a sum, as released with Madsen & Johansen 2020)."""
    return (gate.square() * (1 - gate).square()).sum()


def npu_weight_penalty(real: Tensor, imaginary: Tensor | None = None) -> Tensor:
    """Return mean |1 - |W_re||, plus Σ|W_im| when `imaginary` is given. Mistry et al. (2022), TMLR."""
    penalty = (1 - real.abs()).abs().mean()
    return penalty if imaginary is None else penalty + imaginary.abs().sum()


def inalu_penalty(*parameters: Tensor, limit: float = 20.0) -> Tensor:
    """Return Σ over `parameters` of mean relu(`limit` - |p|): it saturates them. Schlör et al. (2020)."""
    return torch.stack([torch.relu(limit - parameter.abs()).mean() for parameter in parameters]).sum()


def sparsity_error(weight: Tensor) -> Tensor:
    """Return the distance of the worst weight from {-1, 0, 1}: max min(|w|, |1 - |w||).

    In [0, 0.5] while |w| <= 1; 0 means that every weight is discrete. Madsen & Johansen (2019), section 4.
    """
    magnitude = weight.abs()
    return torch.minimum(magnitude, (1 - magnitude).abs()).max()
