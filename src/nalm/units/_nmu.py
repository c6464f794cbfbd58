"""Neural multiplication units: the NMU, its stochastic form, and its ablations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from nalm import functional
from nalm.errors import InputError
from nalm.functional import Shape
from nalm.units._parts.matrix_unit import BoundedUnit, MatrixUnit
from nalm.units._rules.table import MULTIPLICATIVE
from nalm.units._rules.weights import Bounds, DirectWeights
from nalm.units._unit import checked_range


class NMU(BoundedUnit):
    """Products of subsets of its inputs: y_o = Π_i (W_oi x_i + 1 - W_oi), W in [0, 1].

    Train it with the penalty `sparsity` (its factor ramped up once the error is small) and call `project_`
    after each optimiser step. It learns badly from ranges such as U[1.1, 1.2] or U[-2, -1]; `SNMU` was made
    for those.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        bounds: `"project"`: `project_` clamps W; `"penalty"`: forward clamps it and the penalty `bounds`
            pulls it back; `"none"`: neither.
        penalty_shape: `"linear"` or `"squared"`, for both penalties.
        input_penalty: Whether to offer the penalty `input`.
        initial: `(low, high)` of the uniform distribution that W is drawn from; None for (0.25, 0.75).
        identity: False leaves `1 - W` out of the product (an ablation: every input is needed).
        normalise: Divide the input by its standard deviation c over all elements (1 for equal ones), multiply the
            product by c^Σ_i W_oi.
        epsilon: Lower bound of the weights instead of 0; penalties pull towards 0 all the same, as released.
        device: As in `torch.nn.Linear`.
        dtype: As in `torch.nn.Linear`.

    Raises:
        InputError: an argument is none of its choices, or `epsilon` is not in [0, 1).

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
        initial: Sequence[float] | None = None,
        identity: bool = True,
        normalise: bool = False,
        epsilon: float = 0.0,
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
        self.identity = identity
        self.normalise = normalise
        if not 0 <= epsilon < 1:
            raise InputError(f"NMU: epsilon must be in [0, 1), got {epsilon!r}")
        self.epsilon = epsilon
        assert isinstance(self.weights, DirectWeights)
        self.weights.lowest = epsilon

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., in_features]` to `[..., out_features]`."""
        weight = self.effective_weights(x)
        if self.normalise:
            return functional.normalised_product(x, weight, identity=self.identity)
        return functional.product(x, weight, identity=self.identity)


class SNMU(BoundedUnit):
    """sNMU: an `NMU` that in training multiplies its input by noise and divides the noise out of its output.

    For discrete weights the output is the NMU's; for others it is noisy, which drives training out of wrong
    minima. In evaluation mode it is an NMU.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        noise: `(low, high)` for n ~ U(low, high), or `"batch"` for U(1, 1 + 1/std(x)) with the standard
            deviation of the incoming batch: no noise for equal numbers or a single one.
        bounds: As in `NMU`.
        penalty_shape: As in `NMU`.
        input_penalty: As in `NMU`; the inputs before noise are used.
        initial: As in `NMU`.
        device: As in `torch.nn.Linear`.
        dtype: As in `torch.nn.Linear`.

    Raises:
        InputError: an argument is none of its choices, or `noise` is not an increasing pair of positive
            numbers.

    Reference: Mistry et al. (2022), Improving the Robustness of Neural Multiplication Units with Reversible
    Stochasticity, equations 3 and 4.
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
        initial: Sequence[float] | None = None,
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
        self.noise = noise if noise == "batch" else checked_range(self, "noise", noise, above=0)

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., in_features]` to `[..., out_features]`; draws noise in training mode."""
        weight = self.effective_weights(x)
        if not self.training:
            return functional.product(x, weight)
        return functional.stochastic_product(x, weight, self._noise(x.detach()))

    def _noise(self, x: Tensor) -> Tensor:
        u = torch.rand_like(x)
        if self.noise == "batch":
            return functional.uniform(u, 1.0, 1 + functional.batch_spread(x))
        low, high = self.noise
        return functional.uniform(u, low, high)


class SigmoidNMU(MatrixUnit):
    """Products of subsets of its inputs as in the `NMU`, with W = σ(Ŵ) in (0, 1): the precursor of the NMU.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        gumbel: Whether W is relaxed by Gumbel noise in training, at a temperature that falls from 1 to 0.5.
        device: As in `torch.nn.Linear`.
        dtype: As in `torch.nn.Linear`.

    Reference: Madsen & Johansen (2020), Neural Arithmetic Units, section 2.3, and its released code.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        gumbel: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(in_features, out_features)
        self.gumbel = gumbel
        rule = MULTIPLICATIVE["gumbel" if gumbel else "tanh_sigmoid"]
        self.weights = rule(self.out_features, self.in_features, device=device, dtype=dtype)
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., in_features]` to `[..., out_features]`."""
        return functional.product(x, self.effective_weights(x))
