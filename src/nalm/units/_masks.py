"""Sums over inputs chosen by a mask."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from nalm import functional
from nalm.units._computed import refresh, written_through
from nalm.units._draws import uniform_
from nalm.units._unit import Unit


class SigmoidNAU(Unit):
    """Sums of chosen inputs: y_o = Σ_i x_i m_io with a mask m in (0, 1), rounded to {0, 1} in evaluation.

    m = σ(norm(L A + a)), normalised over the inputs as a batch norm does over rows; or m = 2 σ(-½ |L A + a|).
    An experiment that never reached a paper. The statistics of the mask itself are used in evaluation, too.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        scaled: Use the second mask.
        device: As in `torch.nn.Linear`.
        dtype: As in `torch.nn.Linear`.

    Reference: released with Mistry et al. (2022), Exploring the Learning Mechanisms of Neural Division
    Modules.
    """

    _EPSILON = 1e-5

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        scaled: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(in_features, out_features)

        def parameter(*shape: int) -> nn.Parameter:
            return nn.Parameter(torch.empty(*shape, device=device, dtype=dtype))

        self.scaled = scaled
        self.L = parameter(self.in_features, self.out_features)
        self.A = parameter(self.out_features, self.out_features)
        self.a = parameter(self.out_features)
        self.gain = None if scaled else parameter(self.out_features)
        self.shift = None if scaled else parameter(self.out_features)
        self.reset_parameters()

    def _mask(self) -> Tensor:
        refresh(self)
        logits = linear(self.L, self.A, self.a)
        if self.gain is None or self.shift is None:
            return 2 * torch.sigmoid(-0.5 * logits.abs())
        centred = logits - logits.mean(0)
        normalised = centred / (centred.square().mean(0) + self._EPSILON).sqrt()
        return torch.sigmoid(normalised * self.gain + self.shift)

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., in_features]` to `[..., out_features]`."""
        self.check_input(x)
        return linear(x, self.weight)

    @property
    def weight(self) -> Tensor:
        """The mask as used, `[out, in]`."""
        mask = self._mask().mT
        return mask if self.training else mask.round()

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw A and a as a dense layer does, then L from U(0.25, 0.75)."""
        bound = 1 / math.sqrt(self.out_features)
        with written_through(self, exact=False):
            for parameter in (self.A, self.a):
                uniform_(parameter, -bound, bound, generator)
            uniform_(self.L, 0.25, 0.75, generator)
            if self.gain is not None and self.shift is not None:
                nn.init.ones_(self.gain)
                nn.init.zeros_(self.shift)

    def sparsity_error(self) -> Tensor:
        """Return the distance of the worst entry of the mask, before rounding, from {0, 1}."""
        return functional.sparsity_error(self._mask())
