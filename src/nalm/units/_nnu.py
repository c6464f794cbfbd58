"""The neural normalisation unit."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from nalm import functional
from nalm.errors import InputError
from nalm.units._computed import refresh, written_through
from nalm.units._draws import uniform_
from nalm.units._unit import Unit


class NNU(Unit):
    """Shifts and scales a value by linear functions of another: y = (x + s) ⊙ m, [s, m] = F x₀.

    Normalises x when x₀ is the same input, or undoes that on an output when x₀ is the original input. F has
    no bias, so a multiplier of constant 1 is out of reach.

    Args:
        in_features: Number of elements of x₀.
        out_features: Number of elements of x and y.
        device: As in `torch.nn.Linear`.
        dtype: As in `torch.nn.Linear`.

    Reference: released with Mistry et al. (2022), Improving the Robustness of Neural Multiplication Units
    with Reversible Stochasticity; unused there.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(in_features, out_features)
        self.F = nn.Parameter(torch.empty(2 * self.out_features, self.in_features, device=device, dtype=dtype))
        self.reset_parameters()

    def forward(self, x: Tensor, initial: Tensor | None = None) -> Tensor:
        """Map x `[..., out_features]` and x₀ `[..., in_features]` (default: x) to `[..., out_features]`.

        Raises:
            InputError: a shape does not fit.
        """
        initial = x if initial is None else initial
        self.check_input(initial)
        if not isinstance(x, Tensor):
            raise InputError(f"NNU: expects a tensor, got {type(x).__name__}")
        if x.ndim == 0 or x.shape[-1] != self.out_features:
            raise InputError(f"NNU: expects x of shape [..., {self.out_features}], got {list(x.shape)}")
        shift, scale = linear(initial, self.F).chunk(2, -1)
        y: Tensor = (x + shift) * scale
        return y

    @property
    def weight(self) -> Tensor:
        """The matrices of shift and scale, `[2, out, in]`."""
        refresh(self)
        return self.F.reshape(2, self.out_features, self.in_features)

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw F from U(±1/√in), as a dense layer does."""
        bound = 1 / math.sqrt(self.in_features)
        with written_through(self, exact=False):
            uniform_(self.F, -bound, bound, generator)

    def sparsity_error(self) -> Tensor:
        """Return the distance of the worst entry of F from {-1, 0, 1}."""
        return functional.sparsity_error(self.weight)
