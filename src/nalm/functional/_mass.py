"""The forward passes of mass-conserving layers."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import linear

from nalm.functional._extremes import gated, in_use
from nalm.functional._powers import half_turns
from nalm.functional._precision import in_float32
from nalm.functional._products import product

MassSign = Literal["none", "inalu", "realnpu"]
"""Where a MulMCFC takes the sign of its products from, see `nalm.units.MulMCFC`."""


def mass_flow(x: Tensor, junction: Tensor, release: Tensor) -> Tensor:
    """Return o ⊙ (x J): J spreads each input over the outputs, o lets a share of each output out.

    Hoedt et al. (2021), MC-LSTM: Mass-Conserving LSTM, section 4.1.

    Args:
        x: `[..., in]`.
        junction: `[in, out]`, rows sum to 1.
        release: `[out]`, in [0, 1].
    """
    return gated(release, x @ junction)


@in_float32
def mass_product(
    x: Tensor,
    junction: Tensor,
    release: Tensor,
    bias: Tensor,
    *,
    sign: MassSign = "none",
    shares: Tensor | None = None,
    gate: Tensor | None = None,
) -> Tensor:
    """Return exp(o ⊙ (ln|x| J) + c), with a sign unless `sign` is `"none"`, which takes ln x.

    Hoedt et al. (2021), section 4.1; signs: Mistry et al. (2022), A Primer for Neural Arithmetic Logic Modules.

    Args:
        x: `[..., in]`; an input of 0 gives 0, and no gradient but NaN.
        junction: As in `mass_flow`.
        release: As in `mass_flow`.
        bias: `[out]`, c.
        sign: See `nalm.units.MulMCFC`.
        shares: `[in, out]`, how far the sign of each input counts; None for J.
        gate: `[in]` for the sign `"realnpu"`.
    """
    growth = mass_flow(torch.log(x if sign == "none" else x.abs()), junction, release) + bias
    shares = junction if shares is None else shares
    if sign == "inalu":
        signs = product(torch.sign(x), shares.mT)
        return torch.exp(in_use(growth, signs != 0)) * signs
    if gate is not None:
        return torch.exp(growth) * torch.cos(linear(gate * half_turns(x), shares.mT))
    return torch.exp(growth)
