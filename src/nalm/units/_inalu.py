"""The improved NALU."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nalm import functional
from nalm.units import _draws
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

    _INITIAL_MEANS = (0.88, 0.5, 0.88, 0.5, 0.0)
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
            return nn.Parameter(torch.empty(in_features, out_features, device=device, dtype=dtype))

        self.W_hat_add = matrix()
        self.M_hat_add = matrix()
        self.W_hat_mul = matrix()
        self.M_hat_mul = matrix()
        self.g = nn.Parameter(torch.empty(out_features, device=device, dtype=dtype))
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., in_features]` to `[..., out_features]`."""
        self.check_input(x)
        gate = torch.sigmoid(self.g)
        added = x @ functional.tanh_sigmoid(self.W_hat_add, self.M_hat_add)
        multiplied = functional.inalu_multiply(x, functional.tanh_sigmoid(self.W_hat_mul, self.M_hat_mul).mT)
        return gate * added + (1 - gate) * multiplied

    @property
    def weight(self) -> Tensor:
        """Additive and multiplicative weights, `[2, out, in]`."""
        add = functional.tanh_sigmoid(self.W_hat_add, self.M_hat_add)
        multiply = functional.tanh_sigmoid(self.W_hat_mul, self.M_hat_mul)
        return torch.stack([add.mT, multiply.mT])

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw Ŵ_a, M̂_a, Ŵ_m, M̂_m, g from normal distributions, in this order."""
        for parameter, mean in zip(self._parameters.values(), self._INITIAL_MEANS, strict=True):
            assert parameter is not None
            _draws.normal_(parameter, mean, self._INITIAL_DEVIATION, generator)

    def penalties(self) -> dict[str, Tensor]:
        """Return `inalu`: Σ over the five tensors of mean relu(20 - |p|), with its gradient."""
        return {"inalu": functional.inalu_penalty(*self.parameters())}

    def sparsity_error(self) -> Tensor:
        """Return the mean of the two matrices' distances from {-1, 0, 1}; the gate is not counted."""
        add, multiply = self.weight
        return (functional.sparsity_error(add) + functional.sparsity_error(multiply)) / 2
