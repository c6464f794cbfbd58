"""The domain mixed unit."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from nalm import functional
from nalm.units._computed import refresh, written_through
from nalm.units._draws import xavier_uniform_
from nalm.units._unit import Unit, checked_choice

Operands = Literal["sum", "difference"]


class DMU(Unit):
    """A sum or a product of all inputs, or a difference or a quotient: learns which of the two, and nothing else.

    Which inputs count, and with which sign, is given by `operands`; a gate, the softmax of two numbers per output,
    mixes the domain of numbers with that of logarithms, and in evaluation the larger one takes all. A run is thus
    solved as soon as its gate leans to the right side: do not compare its success with that of units that find
    their operands.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        operands: `"sum"`: all inputs count with 1; `"difference"`: the first with 1, the others with -1.
        rounded: Whether evaluation uses one domain alone; False mixes as in training.
        device: As in `torch.nn.Linear`.
        dtype: As in `torch.nn.Linear`.

    Raises:
        InputError: `operands` is none of its choices.

    Reference: Curry (2025), The Domain Mixed Unit: A New Neural Arithmetic Layer. The paper's gate is a parameter, as
    here; its released program computes it from the input.
    """

    coefficients: Tensor

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        operands: Operands = "sum",
        rounded: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(in_features, out_features)
        self.operands: Operands = checked_choice(self, "operands", operands, ("sum", "difference"))
        self.rounded = rounded
        self.gate = nn.Parameter(torch.empty(self.out_features, 2, device=device, dtype=dtype))
        coefficients = torch.ones(self.out_features, self.in_features, device=device, dtype=dtype)
        if operands == "difference":
            coefficients[:, 1:] = -1
        self.register_buffer("coefficients", coefficients, persistent=False)
        self.reset_parameters()

    def _gates(self) -> Tensor:
        """Return how far the linear and the logarithmic domain count, `[out, 2]`."""
        refresh(self)
        gates = self.gate.softmax(-1)
        if self.training or not self.rounded:
            return gates
        linear = (gates[:, :1] >= gates[:, 1:]).to(gates.dtype)
        return torch.cat([linear, 1 - linear], -1)

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., in_features]` to `[..., out_features]`."""
        self.check_input(x)
        return functional.domain_mixture(x, self.coefficients, self._gates())

    @property
    def weight(self) -> Tensor:
        """The operands in the linear and in the logarithmic domain, `[2, out, in]`, as evaluation uses them."""
        return self._gates().T.unsqueeze(-1) * self.coefficients

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw the gate from U(±√(6 / (2 + out)))."""
        with written_through(self, exact=False):
            xavier_uniform_(self.gate, generator)

    def sparsity_error(self) -> Tensor:
        """Return the distance of the worst gate, before rounding, from {0, 1}."""
        refresh(self)
        return functional.sparsity_error(self.gate.softmax(-1))
