"""Neural addition units."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import linear

from nalm import functional
from nalm.functional import Shape
from nalm.units._parts.matrix_unit import BoundedUnit, MatrixUnit
from nalm.units._rules.weights import BOUNDS, SHAPES, Bounds, RotatingWeights
from nalm.units._unit import checked_choice, checked_size


class NAU(BoundedUnit):
    """Sums and differences of its inputs: y = W x with W clamped to [-1, 1] (unless `bounds="none"`).

    Train it with the penalty `sparsity` (its factor ramped up once the error is small) and call `project_`
    after each optimiser step. Arguments and errors: see `BoundedUnit`.

    Reference: Madsen & Johansen (2020), Neural Arithmetic Units, equations 4 to 6.
    """

    targets = "ternary"
    clamps_always = True

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., in_features]` to `[..., out_features]`."""
        return linear(x, self.effective_weights(x))


class SNAU(BoundedUnit):
    """sNAU: a `NAU` that in training adds noise to its input and takes what it made of it out of its output.

    y = W (x + n) - W n with n ~ U(±1 / Var(x)), so that noise changes the rounding alone: it is a control, not a
    remedy. Arguments and errors: see `BoundedUnit`; the penalty `input` sees the inputs before noise.

    Reference: released with Mistry et al. (2022), Improving the Robustness of Neural Multiplication Units with
    Reversible Stochasticity, as an option; its help text says U[1,5].
    """

    targets = "ternary"
    clamps_always = True

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., in_features]` to `[..., out_features]`; draws noise in training mode."""
        weight = self.effective_weights(x)
        if not self.training:
            return linear(x, weight)
        width = functional.variance_share(x.detach())
        noise = functional.uniform(torch.rand_like(x), -width, width)
        return linear(x + noise, weight) - linear(noise, weight)


class PosNAU(BoundedUnit):
    """Sums of its inputs: y = W x with W in [0, 1] kept as in the `NMU`. Arguments and errors: see
    `BoundedUnit`.

    Reference: Madsen & Johansen (2020), Neural Arithmetic Units, table 2 (inside NAC•,NMU).
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., in_features]` to `[..., out_features]`."""
        return linear(x, self.effective_weights(x))


class MultiWeightNAU(MatrixUnit):
    """A `NAU` with K matrices used in turn, one per training step, and a penalty `copies` on their
    disagreement.

    The published code never added that penalty to the loss, which trains K independent matrices in turn.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        copies: K, at least 1.
        bounds: As in `NAU`, for the matrix in use.
        penalty_shape: As in `NAU`.
        input_penalty: As in `NAU`.
        device: As in `torch.nn.Linear`.
        dtype: As in `torch.nn.Linear`.

    Raises:
        InputError: an argument is none of its choices.

    Reference: released with Mistry et al. (2022), Exploring the Learning Mechanisms of Neural Division
    Modules; after the relaxed weight sharing of Kaiser & Sutskever (2016), Neural GPUs Learn Algorithms.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        copies: int = 5,
        bounds: Bounds = "project",
        penalty_shape: Shape = "linear",
        input_penalty: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(in_features, out_features)
        self.copies = checked_size(self, "copies", copies)
        self.bounds: Bounds = checked_choice(self, "bounds", bounds, BOUNDS)
        self.penalty_shape: Shape = checked_choice(self, "penalty_shape", penalty_shape, SHAPES)
        self.input_penalty = input_penalty
        self.weights = RotatingWeights(
            self.out_features,
            self.in_features,
            self.copies,
            bounds=bounds,
            penalty_shape=penalty_shape,
            device=device,
            dtype=dtype,
        )
        if input_penalty:
            self.weights.remember_inputs()
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., in_features]` to `[..., out_features]`."""
        return linear(x, self.effective_weights(x))
