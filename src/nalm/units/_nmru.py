"""Neural multiplicative reciprocal units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from nalm import functional
from nalm.functional import Shape
from nalm.units._parts.matrix_unit import BoundedUnit
from nalm.units._parts.parts import RelevanceGate
from nalm.units._rules.weights import Bounds
from nalm.units._unit import checked_range


class _ReciprocalUnit(BoundedUnit):
    """The product of the `NMU` over the inputs and their reciprocals; `weight` is `[2, out, in]`.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        bounds: See `BoundedUnit`.
        penalty_shape: See `BoundedUnit`.
        input_penalty: See `BoundedUnit`; inputs and reciprocals are used.
        initial: See `BoundedUnit`.
        noise: `(low, high)` of the noise of the `SNMU` in training, on inputs and reciprocals; None for none.
        device: As in `torch.nn.Linear`.
        dtype: As in `torch.nn.Linear`.

    Raises:
        InputError: an argument is none of its choices.
    """

    columns_per_input = 2
    cosine_sign: ClassVar[bool] = True
    gated: ClassVar[bool] = False

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        bounds: Bounds = "project",
        penalty_shape: Shape = "linear",
        input_penalty: bool = False,
        initial: Sequence[float] | None = None,
        noise: Sequence[float] | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(
            in_features,
            out_features,
            bounds=bounds,
            penalty_shape=penalty_shape,
            input_penalty=input_penalty,
            initial=initial,
            device=device,
            dtype=dtype,
        )
        self.noise = None if noise is None else checked_range(self, "noise", noise, above=0)
        if self.gated:
            projects = bounds == "project"
            self.gate = RelevanceGate(2 * self.in_features, clamps=False, projects=projects, device=device, dtype=dtype)
            self.gate.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., in_features]` to `[..., out_features]`."""
        self.check_input(x)
        features = functional.with_reciprocals(x, training=self.training)
        if self.gated:
            features = features * self.gate()
        self.weights.observe(features)
        weight = self.weights()
        if not self.cosine_sign:
            return self._product(features, weight)
        magnitude = self._product(features.abs(), weight)
        return functional.signed_magnitude(magnitude, features, self.weights.penalised())

    def _product(self, features: Tensor, weight: Tensor) -> Tensor:
        if self.noise is None or not self.training:
            return functional.product(features, weight)
        noise = functional.uniform(torch.rand_like(features), *self.noise)
        return functional.stochastic_product(features, weight, noise)


class NMRU(_ReciprocalUnit):
    """Products and quotients of its inputs: y = Π_j (W_oj x̃_j + 1 - W_oj), x̃ = [x, 1 / x], W in [0, 1].

    Train it with a gradient norm clipped to 1. Arguments and errors: see `SignNMRU`, which learns more
    surely.

    Reference: Mistry et al. (2022), Exploring the Learning Mechanisms of Neural Division Modules.
    """

    cosine_sign = False


class SignNMRU(_ReciprocalUnit):
    """Products and quotients: the `NMRU`'s product over magnitudes, times the sign cos(π Σ_j W_oj [x̃_j <
    0]).

    Called NMRU in the final plots of its paper. Train it with a gradient norm clipped to 1.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        bounds: See `NMU`.
        penalty_shape: See `NMU`.
        input_penalty: See `NMU`; inputs and reciprocals are used.
        initial: See `NMU`.
        noise: `(low, high)` of the noise of the `SNMU` in training, on inputs and reciprocals; None for none.
        device: As in `torch.nn.Linear`.
        dtype: As in `torch.nn.Linear`.

    Raises:
        InputError: an argument is none of its choices.

    Reference: Mistry et al. (2022), Exploring the Learning Mechanisms of Neural Division Modules.
    """


class GatedSignNMRU(_ReciprocalUnit):
    """A `SignNMRU` whose inputs and reciprocals are multiplied by a gate each: an ablation.

    A closed gate gives a factor of 0, not 1, where its weight is 1. Arguments and errors: see `SignNMRU`.

    Reference: Mistry et al. (2022), Exploring the Learning Mechanisms of Neural Division Modules.
    """

    gated = True
