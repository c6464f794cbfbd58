"""Rules that squash free parameters into arithmetic weights."""

from __future__ import annotations

import math

import torch
from torch import Tensor

GOLDEN_LOG = math.log((1 + math.sqrt(5)) / 2)
"""Natural logarithm of the golden ratio φ: squashing with base φ is squashing t · ln φ with base e."""


def tanh_sigmoid(w_hat: Tensor, m_hat: Tensor, log_base: float = 1.0) -> Tensor:
    """Return tanh(Ŵ) σ(M̂), in (-1, 1). Trask et al. (2018), equation 1.

    Args:
        w_hat: Any shape.
        m_hat: Shape of `w_hat`.
        log_base: Natural logarithm of the base; `GOLDEN_LOG` for the G-NALU of Rana et al. (2019). This form
            cannot overflow, unlike (φ^2t - 1) / (φ^2t + 1).
    """
    if log_base != 1.0:
        w_hat, m_hat = w_hat * log_base, m_hat * log_base
    return torch.tanh(w_hat) * torch.sigmoid(m_hat)
