"""The neural addition unit."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import linear

from nalm.functional import Shape
from nalm.units import _draws
from nalm.units._matrix_unit import MatrixUnit
from nalm.units._rules import BOUNDS, SHAPES, BoundedWeights, Bounds
from nalm.units._unit import checked_choice


class NAU(MatrixUnit):
    """Sums and differences of its inputs: y = W x with W clamped to [-1, 1].

    Train it with the penalty `sparsity` (its factor ramped up once the error is small) and call `project_`
    after each optimiser step.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        bounds: `"project"`: `project_` clamps W; `"penalty"`: the penalty `bounds` pulls it back.
        penalty_shape: `"linear"` or `"squared"`, for both penalties.
        input_penalty: Whether to offer the penalty `input`.
        device: As in `torch.nn.Linear`.
        dtype: As in `torch.nn.Linear`.

    Raises:
        InputError: an argument is none of its choices.

    Reference: Madsen & Johansen (2020), Neural Arithmetic Units, equations 4 to 6.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        bounds: Bounds = "project",
        penalty_shape: Shape = "linear",
        input_penalty: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(in_features, out_features)
        self.bounds = checked_choice(self, "bounds", bounds, BOUNDS)
        self.penalty_shape = checked_choice(self, "penalty_shape", penalty_shape, SHAPES)
        self.input_penalty = input_penalty
        bound = _draws.constrained_bound(in_features, out_features)
        self.weights = BoundedWeights(
            out_features,
            in_features,
            "ternary",
            (-bound, bound),
            bounds=bounds,
            penalty_shape=penalty_shape,
            clamp=True,
            input_penalty=input_penalty,
            device=device,
            dtype=dtype,
        )
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., in_features]` to `[..., out_features]`."""
        return linear(x, self.effective_weights(x))
