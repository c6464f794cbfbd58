"""The improved NALU."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from nalm import functional
from nalm.units import _draws
from nalm.units._computed import refresh, written_through
from nalm.units._unit import Unit


class INALU(Unit):
    """iNALU: a NALU with separate weights per path, a gate that ignores the input, and the sign restored.

    y = γ W_a x + (1 - γ) s exp(min(W_m ln(max(|x|, 1e-7)), 20)), γ = σ(g), s the product of signs. To train
    it the paper clips gradients to ±0.1, re-initialises stuck runs, and adds the penalty `inalu` once the
    error is small.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        device: As in `torch.nn.Linear`.
        dtype: As in `torch.nn.Linear`.

    Reference: Schlör et al. (2020), iNALU: improved neural arithmetic logic unit, equations 3 to 9.
    """

    _INITIAL_MEANS: ClassVar = {"W_hat_add": 0.88, "M_hat_add": 0.5, "W_hat_mul": 0.88, "M_hat_mul": 0.5, "g": 0.0}
    _INITIAL_DEVIATION = 0.2

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(in_features, out_features)

        def matrix() -> nn.Parameter:
            return nn.Parameter(torch.empty(self.in_features, self.out_features, device=device, dtype=dtype))

        self.W_hat_add = matrix()
        self.M_hat_add = matrix()
        self.W_hat_mul = matrix()
        self.M_hat_mul = matrix()
        self.g = nn.Parameter(torch.empty(self.out_features, device=device, dtype=dtype))
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., in_features]` to `[..., out_features]`."""
        self.check_input(x)
        return functional.inalu(x, torch.sigmoid(self.g), *self._matrices())

    def _matrices(self) -> tuple[Tensor, Tensor]:
        """Return additive and multiplicative weights, `[in, out]`."""
        add = functional.tanh_sigmoid(self.W_hat_add, self.M_hat_add)
        return add, functional.tanh_sigmoid(self.W_hat_mul, self.M_hat_mul)

    @property
    def weight(self) -> Tensor:
        """Additive and multiplicative weights, `[2, out, in]`."""
        refresh(self)
        add, multiply = self._matrices()
        return torch.stack([add.mT, multiply.mT])

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw Ŵ_a, M̂_a, Ŵ_m, M̂_m, g from normal distributions, in this order."""
        with written_through(self, exact=False):
            for name, mean in self._INITIAL_MEANS.items():
                _draws.normal_(getattr(self, name), mean, self._INITIAL_DEVIATION, generator)

    def penalties(self) -> dict[str, Tensor]:
        """Return `inalu`: Σ over the five tensors of mean relu(20 - |p|), with its gradient."""
        refresh(self)
        return {"inalu": functional.inalu_penalty(*(getattr(self, name) for name in self._INITIAL_MEANS))}

    def sparsity_error(self) -> Tensor:
        """Return the mean of the two matrices' distances from {-1, 0, 1}; the gate is not counted."""
        add, multiply = self.weight
        return (functional.sparsity_error(add) + functional.sparsity_error(multiply)) / 2
