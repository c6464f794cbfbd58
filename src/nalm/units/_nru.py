"""The neural reciprocal unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from nalm import functional
from nalm.functional import Shape
from nalm.units._parts.matrix_unit import BoundedUnit
from nalm.units._rules.weights import Bounds


class NRU(BoundedUnit):
    """Products and quotients of its inputs: y_o = Π_i (sign(x_i) |x_i|^W_oi |W_oi| + 1 - |W_oi|), W in [-1,
    1].

    In training tanh²(1000 W) takes the place of |W|, so that both modes agree for discrete weights only. An
    input of 0 has no gradient, and gives NaN with a negative weight. The published learning rate is 1 for two inputs.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        bounds: See `BoundedUnit`.
        penalty_shape: See `BoundedUnit`.
        input_penalty: See `BoundedUnit`.
        initial: See `BoundedUnit`.
        separate_sign: Multiply by Π_i sign(x_i)^round(W_oi) instead of a sign in each factor.
        device: As in `torch.nn.Linear`.
        dtype: As in `torch.nn.Linear`.

    Raises:
        InputError: an argument is none of its choices.

    Reference: Mistry et al. (2022), Exploring the Learning Mechanisms of Neural Division Modules.
    """

    targets = "ternary"

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        bounds: Bounds = "project",
        penalty_shape: Shape = "linear",
        input_penalty: bool = False,
        initial: Sequence[float] | Literal["beta"] | None = None,
        separate_sign: bool = False,
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
        self.separate_sign = separate_sign

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., in_features]` to `[..., out_features]`."""
        weight = self.effective_weights(x)
        share = functional.nru_share(weight) if self.training else weight.abs()
        return functional.nru(x, weight, share, separate_sign=self.separate_sign)
