"""The neural status register."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nalm import functional
from nalm.units._computed import refresh, written_through
from nalm.units._draws import uniform_
from nalm.units._unit import Unit, checked_size, clamp_


class NSR(Unit):
    """Compares two of its inputs: σ(Σ_k w± tanh(λ d_k) + w₀ (1 - 2 tanh²(λ d_k)) + b), d_k = (V₁ - V₂) x.

    The sign bit tells which operand is larger, the zero bit whether they are equal; the output is near 1 where the
    comparison holds and near 0 elsewhere. Train it with the penalty `sparsity` on the operands, in [0, 1], and call
    `project_` after each optimiser step.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        redundancy: Number of pairs of bits whose signals are added.
        scale: λ: a difference of 1 / λ has a sign bit of tanh(1).
        device: As in `torch.nn.Linear`.
        dtype: As in `torch.nn.Linear`.

    Raises:
        InputError: `redundancy` is not a positive integer.

    Reference: Faber & Wattenhofer (2023), Neural Status Registers.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        redundancy: int = 1,
        scale: float = 1.0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(in_features, out_features)
        self.redundancy = checked_size(self, "redundancy", redundancy)
        self.scale = scale
        rows = self.redundancy * self.out_features

        def parameter(*shape: int) -> nn.Parameter:
            return nn.Parameter(torch.empty(*shape, device=device, dtype=dtype))

        self.V1 = parameter(rows, self.in_features)
        self.V2 = parameter(rows, self.in_features)
        self.w_sign = parameter(rows)
        self.w_zero = parameter(rows)
        self.b = parameter(self.out_features)
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., in_features]` to `[..., out_features]`, between 0 and 1."""
        self.check_input(x)
        refresh(self)
        signal = functional.status_bits(x, self.V1, self.V2, self.w_sign, self.w_zero, self.scale)
        pairs = torch.unflatten(signal, -1, (self.redundancy, self.out_features))
        return torch.sigmoid(pairs.sum(-2) + self.b)

    @property
    def weight(self) -> Tensor:
        """The operands V₁ and V₂ of all pairs of bits, `[2 redundancy, out, in]`."""
        refresh(self)
        return torch.cat([self.V1, self.V2]).reshape(-1, self.out_features, self.in_features)

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw the operands from U(0.25, 0.75), what their bits count from U(-1, 1); the bias is 0."""
        with written_through(self, exact=False):
            for operand in (self.V1, self.V2):
                uniform_(operand, 0.25, 0.75, generator)
            for counts in (self.w_sign, self.w_zero):
                uniform_(counts, -1.0, 1.0, generator)
            nn.init.zeros_(self.b)

    def penalties(self) -> dict[str, Tensor]:
        """Return `sparsity`: the mean distance of the operands from {0, 1}."""
        return {"sparsity": functional.sparsity_penalty(self.weight, "binary")}

    def project_(self) -> None:
        """Clamp the operands to [0, 1]."""
        with written_through(self, exact=True):
            clamp_(self.V1, 0, 1)
            clamp_(self.V2, 0, 1)

    def sparsity_error(self) -> Tensor:
        """Return the distance of the worst entry of an operand from {0, 1}."""
        return functional.sparsity_error(self.weight)
