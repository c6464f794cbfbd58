"""Neural accumulators: the NAC, its logarithmic form NAC•, and the ablations of both."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import linear

from nalm import functional
from nalm.units._parts.matrix_unit import BoundedUnit, MatrixUnit
from nalm.units._rules.table import ADDITIVE
from nalm.units._unit import checked_choice

_RULES = tuple(name for name in ADDITIVE if name != "nau")


class NAC(MatrixUnit):
    """Sums and differences of its inputs: y = W x with W = tanh(Ŵ) σ(M̂) in (-1, 1).

    Exact only as Ŵ and M̂ go to infinity, and slow to get there; `NAU` learns the same operations more
    surely.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        rule: How parameters become weights. `"tanh_sigmoid"`: as above; `"golden"`: with base φ instead of e;
            `"sign_gradient"`, `"independent_gradient"`: with other gradients, see
            `nalm.functional.tanh_sigmoid`; `"sigmoid"`: W = σ(Ŵ), sums only (PosNAC); `"softmax"`,
            `"hard_softmax"`, `"gumbel"`: a choice among +1, -1, 0, see `CategoricalWeights`; `"bandit"`: the
            same learnt from the loss, see `BanditWeights`; `"linear"`: W itself; `"regularised"`: W itself
            with the penalty `sparsity`.
        input_penalty: Whether to offer the penalty `input`.
        device: As in `torch.nn.Linear`.
        dtype: As in `torch.nn.Linear`.

    Raises:
        InputError: `rule` is none of its choices.

    Reference: Trask et al. (2018), Neural Arithmetic Logic Units, equation 1; other rules: Madsen & Johansen
    (2020), Neural Arithmetic Units, and its released code.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        rule: str = "tanh_sigmoid",
        input_penalty: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(in_features, out_features)
        self.rule = checked_choice(self, "rule", rule, _RULES)
        self.input_penalty = input_penalty
        self.weights = ADDITIVE[rule](self.out_features, self.in_features, device=device, dtype=dtype)
        if input_penalty:
            self.weights.remember_inputs()
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., in_features]` to `[..., out_features]`."""
        return linear(x, self.effective_weights(x))


class _LogUnit(MatrixUnit):
    """y = exp(W ln(|x| + 1e-7)), W by a rule of `ADDITIVE`."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        rule: str,
        device: torch.device | str | None,
        dtype: torch.dtype | None,
    ) -> None:
        super().__init__(in_features, out_features)
        self.rule = checked_choice(self, "rule", rule, _RULES)
        self.weights = ADDITIVE[rule](self.out_features, self.in_features, device=device, dtype=dtype)
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., in_features]` to `[..., out_features]`."""
        return functional.exp_log(x, self.effective_weights(x))


class NACMul(_LogUnit):
    """NAC•, products and quotients of magnitudes: y = exp(NAC(ln(|x| + 1e-7))), always positive.

    Loses the sign of its inputs and is inaccurate below 1e-7; `NMU` and `RealNPU` handle both.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        rule: How parameters become weights, see `NAC`.
        device: As in `torch.nn.Linear`.
        dtype: As in `torch.nn.Linear`.

    Raises:
        InputError: `rule` is none of its choices.

    Reference: Trask et al. (2018), Neural Arithmetic Logic Units, equation 2 without its gate.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        rule: str = "tanh_sigmoid",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(in_features, out_features, rule=rule, device=device, dtype=dtype)


class NACSigma(_LogUnit):
    """NAC•,σ, products of magnitudes: a `NACMul` with W = σ(Ŵ) in (0, 1), so that it cannot divide.

    An ablation between NAC• and NMU.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        device: As in `torch.nn.Linear`.
        dtype: As in `torch.nn.Linear`.

    Reference: Madsen & Johansen (2020), Neural Arithmetic Units, table 2.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(in_features, out_features, rule="sigmoid", device=device, dtype=dtype)


class NACNMU(BoundedUnit):
    """NAC•,NMU, products of magnitudes: y = exp(W ln(|x| + 1e-7)) with W in [0, 1] kept as in the `NMU`.

    An ablation that shows what the NMU's weights do without its product. Arguments and errors: see `NMU`; the
    penalty `input` takes the logarithms.

    Reference: Madsen & Johansen (2020), Neural Arithmetic Units, table 2.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., in_features]` to `[..., out_features]`."""
        self.check_input(x)
        logarithms = torch.log(functional.magnitude(x) + functional.LOG_EPSILON)
        self.weights.observe(logarithms)
        return torch.exp(linear(logarithms, self.weights()))
