"""Rules that squash free parameters into arithmetic weights."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from nalm.functional._precision import in_float32

GOLDEN_LOG = math.log((1 + math.sqrt(5)) / 2)
"""Natural logarithm of the golden ratio φ: squashing with base φ is squashing t · ln φ with base e."""


def tanh_sigmoid(
    w_hat: Tensor,
    m_hat: Tensor,
    log_base: float = 1.0,
    gradient: Literal["exact", "sign", "independent"] = "exact",
) -> Tensor:
    """Return tanh(Ŵ) σ(M̂), in (-1, 1). Trask et al. (2018), equation 1.

    Args:
        w_hat: Any shape.
        m_hat: Shape of `w_hat`.
        log_base: Natural logarithm of the base; `GOLDEN_LOG` for the G-NALU of Rana et al. (2019). This form
            cannot overflow, unlike (φ^2t - 1) / (φ^2t + 1).
        gradient: `"exact"`; `"sign"`: the gradient to M̂ has 0.1 sign(Ŵ) in place of tanh(Ŵ);
            `"independent"`: the gradient to either factor has 1 in place of the other. (Experiments released
            with Madsen & Johansen, 2020.)
    """
    if log_base != 1.0:
        w_hat, m_hat = w_hat * log_base, m_hat * log_base
    tanh, sigmoid = torch.tanh(w_hat), torch.sigmoid(m_hat)
    if gradient == "exact":
        return tanh * sigmoid
    # Adding x - x.detach(), which is exactly 0, adds the gradient of x and nothing else.
    if gradient == "sign":
        carrier = 0.1 * torch.sign(w_hat).detach() * sigmoid
        return tanh * sigmoid.detach() + (carrier - carrier.detach())
    carrier = tanh + sigmoid
    return (tanh * sigmoid).detach() + (carrier - carrier.detach())


@in_float32
def gumbel(u: Tensor, epsilon: float = 1e-8) -> Tensor:
    """Map `u`, uniform on [0, 1), to the Gumbel distribution: -ln(ε - ln(u + ε)), finite everywhere."""
    return -torch.log(epsilon - torch.log(u + epsilon))
