"""Neural multiplication units: the NMU and its stochastic form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from nalm import functional
from nalm.errors import InputError
from nalm.functional import Shape
from nalm.units._matrix_unit import MatrixUnit
from nalm.units._rules import BOUNDS, SHAPES, BoundedWeights, Bounds
from nalm.units._unit import checked_choice


class _ProductUnit(MatrixUnit):
    """A product unit with one matrix in [0, 1], drawn from U(0.25, 0.75)."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        bounds: Bounds,
        penalty_shape: Shape,
        input_penalty: bool,
        device: torch.device | str | None,
        dtype: torch.dtype | None,
    ) -> None:
        super().__init__(in_features, out_features)
        self.bounds = checked_choice(self, "bounds", bounds, BOUNDS)
        self.penalty_shape = checked_choice(self, "penalty_shape", penalty_shape, SHAPES)
        self.input_penalty = input_penalty
        self.weights = BoundedWeights(
            out_features,
            in_features,
            "binary",
            (0.25, 0.75),
            bounds=bounds,
            penalty_shape=penalty_shape,
            input_penalty=input_penalty,
            device=device,
            dtype=dtype,
        )
        self.reset_parameters()


class NMU(_ProductUnit):
    """Products of subsets of its inputs: y_o = Π_i (W_oi x_i + 1 - W_oi), W in [0, 1].

    Train it with the penalty `sparsity` (its factor ramped up once the error is small) and call `project_`
    after each optimiser step. It learns badly from ranges such as U[1.1, 1.2] or U[-2, -1]; `SNMU` was made
    for those.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        bounds: `"project"`: `project_` clamps W; `"penalty"`: forward clamps it and the penalty `bounds`
            pulls it back.
        penalty_shape: `"linear"` or `"squared"`, for both penalties.
        input_penalty: Whether to offer the penalty `input`.
        normalise: Divide the input by its standard deviation c over all elements, multiply the product by
            c^Σ_i W_oi.
        device: As in `torch.nn.Linear`.
        dtype: As in `torch.nn.Linear`.

    Raises:
        InputError: an argument is none of its choices.

    Reference: Madsen & Johansen (2020), Neural Arithmetic Units, equation 9.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        bounds: Bounds = "project",
        penalty_shape: Shape = "linear",
        input_penalty: bool = False,
        normalise: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(
            in_features,
            out_features,
            bounds=bounds,
            penalty_shape=penalty_shape,
            input_penalty=input_penalty,
            device=device,
            dtype=dtype,
        )
        self.normalise = normalise

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., in_features]` to `[..., out_features]`."""
        weight = self.effective_weights(x)
        if self.normalise:
            scale = functional.standard_deviation(x)
            return functional.product(x / scale, weight) * scale ** weight.sum(-1)
        return functional.product(x, weight)


class SNMU(_ProductUnit):
    """sNMU: an `NMU` that in training multiplies its input by noise and divides the noise out of its output.

    For discrete weights the output is the NMU's; for others it is noisy, which drives training out of wrong
    minima. In evaluation mode it is an NMU.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        noise: `(low, high)` for n ~ U(low, high), or `"batch"` for U(1, 1 + 1/std(x)) with the standard
            deviation of the incoming batch (which must not be constant).
        bounds: As in `NMU`.
        penalty_shape: As in `NMU`.
        input_penalty: As in `NMU`; the inputs before noise are used.
        device: As in `torch.nn.Linear`.
        dtype: As in `torch.nn.Linear`.

    Raises:
        InputError: an argument is none of its choices, or `noise` is not an increasing pair of positive
            numbers.

    Reference: Mistry et al. (2022), Improving the robustness of neural multiplication units with reversible
    stochasticity, equations 3 and 4.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        noise: Sequence[float] | Literal["batch"] = (1, 5),
        bounds: Bounds = "project",
        penalty_shape: Shape = "linear",
        input_penalty: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(
            in_features,
            out_features,
            bounds=bounds,
            penalty_shape=penalty_shape,
            input_penalty=input_penalty,
            device=device,
            dtype=dtype,
        )
        self.noise = _checked_noise(noise)

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., in_features]` to `[..., out_features]`; draws noise in training mode."""
        weight = self.effective_weights(x)
        if not self.training:
            return functional.product(x, weight)
        u = torch.rand_like(x)
        low: float
        high: float | Tensor
        if isinstance(self.noise, str):
            low, high = 1.0, 1 + 1 / functional.standard_deviation(x.detach())
        else:
            low, high = self.noise
        return functional.stochastic_product(x, weight, functional.uniform(u, low, high))


def _checked_noise(noise: Sequence[float] | str) -> tuple[float, float] | Literal["batch"]:
    wanted = "'batch' or an increasing pair (low, high) of positive numbers"
    if isinstance(noise, str):
        if noise == "batch":
            return "batch"
        raise InputError(f"SNMU: noise must be {wanted}, got {noise!r}")
    try:
        low, high = noise
        increasing = 0 < low < high
    except (TypeError, ValueError):
        increasing = False
    if not increasing:
        raise InputError(f"SNMU: noise must be {wanted}, got {noise!r}")
    return low, high
