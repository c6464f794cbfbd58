"""Neural accumulators: NAC and its logarithmic form NAC•."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import linear

from nalm import functional
from nalm.units._matrix_unit import MatrixUnit
from nalm.units._rules import TanhSigmoidWeights


class NAC(MatrixUnit):
    """Sums and differences of its inputs: y = W x with W = tanh(Ŵ) σ(M̂) in (-1, 1).

    Exact only as Ŵ and M̂ go to infinity, and slow to get there; `NAU` learns the same operations more
    surely.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        input_penalty: Whether to offer the penalty `input`.
        device: As in `torch.nn.Linear`.
        dtype: As in `torch.nn.Linear`.

    Reference: Trask et al. (2018), Neural Arithmetic Logic Units, equation 1.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        input_penalty: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(in_features, out_features)
        self.input_penalty = input_penalty
        self.weights = TanhSigmoidWeights(
            out_features, in_features, input_penalty=input_penalty, device=device, dtype=dtype
        )
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., in_features]` to `[..., out_features]`."""
        return linear(x, self.effective_weights(x))


class NACMul(MatrixUnit):
    """NAC•, products and quotients of magnitudes: y = exp(NAC(ln(|x| + 1e-7))), always positive.

    Loses the sign of its inputs and is inaccurate below 1e-7; `NMU` and `RealNPU` handle both.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        device: As in `torch.nn.Linear`.
        dtype: As in `torch.nn.Linear`.

    Reference: Trask et al. (2018), Neural Arithmetic Logic Units, equation 2 without its gate.
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
        self.weights = TanhSigmoidWeights(out_features, in_features, device=device, dtype=dtype)
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., in_features]` to `[..., out_features]`."""
        return functional.exp_log(x, self.effective_weights(x))
