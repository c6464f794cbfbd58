"""The abstract middles of all units that apply one weight matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import torch
from torch import Tensor

from nalm import functional
from nalm.functional import Shape, Targets
from nalm.units._draws import constrained_bound
from nalm.units._parts.parts import PartsUnit
from nalm.units._rules.weights import BOUNDS, SHAPES, Bounds, DirectWeights, WeightRule
from nalm.units._unit import checked_choice, checked_range


class MatrixUnit(PartsUnit):
    """A unit with one matrix, made by the weight rule `weights`; a subclass adds the forward pass."""

    weights: WeightRule

    def effective_weights(self, x: Tensor) -> Tensor:
        """Check the input of a forward pass, let the rule see it, and return the matrix to use."""
        self.check_input(x)
        self.weights.observe(x)
        return self.weights()  # type: ignore[no-any-return]

    @property
    def weight(self) -> Tensor:
        """The effective weights, `[out, in]`, or `[k, out, in]` where each input has k columns."""
        matrix = self.weights.settled()
        columns = matrix.shape[-1] // self.in_features
        return matrix if columns == 1 else matrix.reshape(-1, columns, self.in_features).movedim(-2, 0)

    def sparsity_error(self) -> Tensor:
        """Return the distance of the worst effective weight from {-1, 0, 1}."""
        return functional.sparsity_error(self.weights.counted())


class BoundedUnit(MatrixUnit):
    """A unit whose matrix is its parameter, kept inside [0, 1] or [-1, 1]; a subclass adds data and the
    forward pass.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        bounds: `"project"`: `project_` clamps W; `"penalty"`: forward clamps it and the penalty `bounds`
            pulls it back; `"none"`: neither.
        penalty_shape: `"linear"` or `"squared"`, for both penalties.
        input_penalty: Whether to offer the penalty `input`.
        initial: `(low, high)` of the uniform distribution that W is drawn from, or `"beta"` for 2 Beta(7, 7)
            - 1; None for the paper's: U(0.25, 0.75), or U(±min(0.5, √(6 / (in + out)))) for weights in [-1,
            1].
        device: As in `torch.nn.Linear`.
        dtype: As in `torch.nn.Linear`.

    Raises:
        InputError: an argument is none of its choices.
    """

    targets: ClassVar[Targets] = "binary"
    clamps_always: ClassVar[bool] = False
    """Whether forward clamps also where `project_` does."""
    columns_per_input: ClassVar[int] = 1

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        bounds: Bounds = "project",
        penalty_shape: Shape = "linear",
        input_penalty: bool = False,
        initial: Sequence[float] | Literal["beta"] | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(in_features, out_features)
        self.bounds: Bounds = checked_choice(self, "bounds", bounds, BOUNDS)
        self.penalty_shape: Shape = checked_choice(self, "penalty_shape", penalty_shape, SHAPES)
        self.input_penalty = input_penalty
        self.initial = initial
        self.weights = DirectWeights(
            self.out_features,
            self.in_features * self.columns_per_input,
            self.targets,
            self._initial_range(initial),
            bounds=bounds,
            penalty_shape=penalty_shape,
            clamp=self.clamps_always,
            device=device,
            dtype=dtype,
        )
        if input_penalty:
            self.weights.remember_inputs()
        self.reset_parameters()

    def _initial_range(self, initial: Sequence[float] | str | None) -> tuple[float, float] | Literal["beta"]:
        if initial is None and self.targets == "binary":
            return 0.25, 0.75
        if initial is None:
            bound = constrained_bound(self.in_features, self.out_features)
            return -bound, bound
        if initial == "beta":
            return "beta"
        return checked_range(self, "initial", initial)
