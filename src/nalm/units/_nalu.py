"""Neural arithmetic logic units: a gate between an additive and a multiplicative path."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from nalm import functional
from nalm.errors import InputError
from nalm.functional import Multiplication
from nalm.units._draws import xavier_uniform_
from nalm.units._parts.parts import Part, PartsUnit, Recorder
from nalm.units._rules.choices import Temperature
from nalm.units._rules.table import ADDITIVE, MULTIPLICATIVE, Factory
from nalm.units._rules.weights import WeightRule
from nalm.units._unit import checked_choice

Gate = Literal["sigmoid", "golden", "regularised", "gumbel", "gumbel_rows"]

_MULTIPLICATIONS = ("exp_log", "safe", "max_safe", "trig", "product")
_GATES = ("sigmoid", "golden", "regularised", "gumbel", "gumbel_rows")


class _SigmoidGate(Part):
    """g = σ(G x + b), or σ(G + b) of a free gate, with Gumbel noise in training where wanted."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        kind: Gate,
        *,
        bias: bool,
        free: bool,
        device: torch.device | str | None,
        dtype: torch.dtype | None,
    ) -> None:
        super().__init__()
        self.kind = kind
        self.free = free
        self.G = nn.Parameter(torch.empty(out_features, 1 if free else in_features, device=device, dtype=dtype))
        self.b = nn.Parameter(torch.empty(out_features, device=device, dtype=dtype)) if bias else None
        self.temperature = Temperature(device, dtype) if kind in ("gumbel", "gumbel_rows") else None

    def forward(self, x: Tensor) -> Tensor:
        """Return the opening of the gate, `[..., out]`."""
        logits = linear(torch.ones_like(x[..., :1]) if self.free else x, self.G, self.b)
        if self.kind == "golden":
            logits = logits * functional.GOLDEN_LOG
        if self.temperature is not None and self.training:
            u = torch.rand_like(logits if self.kind == "gumbel_rows" else self.G[:, 0])
            logits = (logits + functional.gumbel(u)) / self.temperature.value
        return torch.sigmoid(logits)

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw G; the bias is 0."""
        xavier_uniform_(self.G, generator)
        if self.b is not None:
            nn.init.zeros_(self.b)
        if self.temperature is not None:
            self.temperature.reset()

    def project_(self) -> None:
        """Lower the temperature."""
        if self.temperature is not None:
            self.temperature.anneal_()


class _GatedUnit(PartsUnit):
    """y = g ⊙ a(x) + g' ⊙ m(x); everything that varies is an argument, see `NALU`."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        rule: str,
        multiplication: Multiplication,
        gate: Gate,
        separate_weights: bool,
        separate_gates: bool,
        gate_bias: bool,
        free_gate: bool,
        device: torch.device | str | None,
        dtype: torch.dtype | None,
    ) -> None:
        super().__init__(in_features, out_features)
        self.rule = checked_choice(self, "rule", rule, tuple(ADDITIVE))
        self.multiplication = checked_choice(self, "multiplication", multiplication, _MULTIPLICATIONS)
        self.gate = checked_choice(self, "gate", gate, _GATES)
        self.separate_weights = separate_weights
        self.separate_gates = separate_gates
        self.gate_bias = gate_bias
        self.free_gate = free_gate
        size = {"device": device, "dtype": dtype}

        def new_gate() -> _SigmoidGate:
            return _SigmoidGate(
                self.in_features, self.out_features, gate, bias=gate_bias, free=free_gate, device=device, dtype=dtype
            )

        self.weights = ADDITIVE[rule](self.out_features, self.in_features, **size)
        separate = separate_weights or multiplication == "product"
        self.weights_mul = self._multiplicative()(self.out_features, self.in_features, **size) if separate else None
        self.opening = new_gate()
        self.opening_mul = new_gate() if separate_gates else None
        self.recorder = Recorder()
        self.reset_parameters()

    def _multiplicative(self) -> Factory:
        if self.multiplication != "product":
            return ADDITIVE[self.rule]
        if self.rule not in MULTIPLICATIVE:
            choices = ", ".join(map(repr, MULTIPLICATIVE))
            raise InputError(
                f"{type(self).__name__}: multiplication 'product' needs one of the rules {choices}, got {self.rule!r}"
            )
        return MULTIPLICATIVE[self.rule]

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., in_features]` to `[..., out_features]`."""
        self.check_input(x)
        gate: Tensor = self.opening(x)
        gate_mul: Tensor = 1 - gate if self.opening_mul is None else self.opening_mul(x)
        weight: Tensor = self.weights()
        weight_mul: Tensor = weight if self.weights_mul is None else self.weights_mul()
        if self.gate == "regularised":
            self.recorder.record("gate", functional.gate_penalty(gate))
            if self.opening_mul is not None:
                self.recorder.record("gate", functional.gate_penalty(gate_mul))
        if self.multiplication == "max_safe" and x.numel():
            self.recorder.record("input", (gate_mul.mean(-1) * torch.relu(1 - x).mean(-1)).mean())
        return functional.nalu(x, gate, gate_mul, weight, weight_mul, self._multiply)

    def _multiply(self, x: Tensor, weight: Tensor, used: Tensor | None = None) -> Tensor:
        return functional.nalu_multiply(x, weight, self.multiplication, used)

    def _rules(self) -> list[WeightRule]:
        return [rule for rule in (self.weights, self.weights_mul) if rule is not None]

    @property
    def weight(self) -> Tensor:
        """The weights of both paths, `[out, in]`, or of each, `[2, out, in]`; the gate is not one of them."""
        matrices = [rule.settled() for rule in self._rules()]
        return torch.stack(matrices) if len(matrices) > 1 else matrices[0]

    def sparsity_error(self) -> Tensor:
        """Return the distance of the worst effective weight from {-1, 0, 1}; the gate is not counted."""
        return functional.sparsity_error(torch.stack([rule.counted() for rule in self._rules()]))


class NALU(_GatedUnit):
    """Chooses between sums and products by a gate: y = g NAC(x) + (1 - g) exp(NAC(ln(|x| + 1e-7))), g = σ(G
    x).

    The gate settles at random and the multiplicative path loses signs; kept as the field's baseline. With
    `rule="nau"` and `multiplication="product"` it is the gated NAU/NMU.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        rule: How parameters become the weights of the paths: as in `NAC`, or `"nau"`.
        multiplication: `"exp_log"`: as above; `"safe"`: exp(W ln(|x - 1| + 1)); `"max_safe"`:
            exp(W ln(relu(x - 1) + 1)) and the penalty `input` on inputs below 1; `"trig"`: sinh(W asinh(x));
            `"product"`: Π_i (W_oi x_i + 1 - W_oi) with its own weights in [0, 1], for the rules
            `"tanh_sigmoid"`, `"gumbel"` and `"nau"`.
        gate: `"sigmoid"`: as above; `"golden"`: base φ; `"regularised"`: with the penalty `gate`; `"gumbel"`,
            `"gumbel_rows"`: with Gumbel noise in training, one vector per pass or one per row.
        separate_weights: Whether the paths have their own weights.
        separate_gates: Whether the multiplicative path has its own gate instead of 1 - g.
        gate_bias: Whether gates have a bias.
        free_gate: Whether gates are parameters of their own, whatever the input (NALUIG; with `separate_weights`
            NALU2MIG): g = σ(G). Passo et al. (2022).
        device: As in `torch.nn.Linear`.
        dtype: As in `torch.nn.Linear`.

    Raises:
        InputError: an argument is none of its choices, or the rule has no product.

    Reference: Trask et al. (2018), Neural Arithmetic Logic Units, equation 2; gated NAU/NMU and the other
    choices: Madsen & Johansen (2020), Neural Arithmetic Units, appendix C, and its released code.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        rule: str = "tanh_sigmoid",
        multiplication: Multiplication = "exp_log",
        gate: Gate = "sigmoid",
        separate_weights: bool = False,
        separate_gates: bool = False,
        gate_bias: bool = False,
        free_gate: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(
            in_features,
            out_features,
            rule=rule,
            multiplication=multiplication,
            gate=gate,
            separate_weights=separate_weights,
            separate_gates=separate_gates,
            gate_bias=gate_bias,
            free_gate=free_gate,
            device=device,
            dtype=dtype,
        )


class GNALU(_GatedUnit):
    """G-NALU: a `NALU` whose squashing functions have the golden ratio as base instead of e.

    The multiplicative path φ^(NAC(ln(|x| + 1e-7)) / ln φ) equals the NALU's; only weights and gate differ.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        device: As in `torch.nn.Linear`.
        dtype: As in `torch.nn.Linear`.

    Reference: Rana et al. (2019), Exploring Numerical Calculations with CalcNet.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(
            in_features,
            out_features,
            rule="golden",
            multiplication="exp_log",
            gate="golden",
            separate_weights=False,
            separate_gates=False,
            gate_bias=False,
            free_gate=False,
            device=device,
            dtype=dtype,
        )
