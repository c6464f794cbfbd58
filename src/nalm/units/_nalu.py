"""Neural arithmetic logic units: a gate between an additive and a multiplicative path."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from nalm import functional
from nalm.units import _draws
from nalm.units._rules import TanhSigmoidWeights
from nalm.units._unit import Unit


class _GatedUnit(Unit):
    """y = g W x + (1 - g) exp(W ln(|x| + 1e-7)), with g = σ(G x) and squashing functions of base e or φ."""

    log_base: ClassVar[float]

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(in_features, out_features)
        self.weights = TanhSigmoidWeights(
            out_features, in_features, log_base=self.log_base, device=device, dtype=dtype
        )
        self.G = nn.Parameter(torch.empty(out_features, in_features, device=device, dtype=dtype))
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., in_features]` to `[..., out_features]`."""
        self.check_input(x)
        weight = self.weights()
        gate = torch.sigmoid(linear(x, self.G) * self.log_base)
        return gate * linear(x, weight) + (1 - gate) * functional.exp_log(x, weight)

    @property
    def weight(self) -> Tensor:
        """The weights of both paths, `[out, in]`; the gate is not one of them."""
        return self.weights()  # type: ignore[no-any-return]

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw Ŵ, M̂, then the gate's matrix."""
        self.weights.reset_parameters(generator)
        _draws.xavier_uniform_(self.G, generator)

    def sparsity_error(self) -> Tensor:
        """Return the distance of the worst effective weight from {-1, 0, 1}; the gate is not counted."""
        return functional.sparsity_error(self.weight)


class NALU(_GatedUnit):
    """Chooses between sums and products by a gate: y = g NAC(x) + (1 - g) exp(NAC(ln(|x| + 1e-7))), g = σ(G
    x).

    The gate settles at random and the multiplicative path loses signs; kept as the field's baseline.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        device: As in `torch.nn.Linear`.
        dtype: As in `torch.nn.Linear`.

    Reference: Trask et al. (2018), Neural Arithmetic Logic Units, equation 2.
    """

    log_base = 1.0


class GNALU(_GatedUnit):
    """G-NALU: a `NALU` whose squashing functions have the golden ratio as base instead of e.

    The multiplicative path φ^(NAC(ln(|x| + 1e-7)) / ln φ) equals the NALU's; only weights and gate differ.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        device: As in `torch.nn.Linear`.
        dtype: As in `torch.nn.Linear`.

    Reference: Rana et al. (2019), Exploring numerical calculations with CalcNet (golden NALU).
    """

    log_base = functional.GOLDEN_LOG
