"""Neural power units."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from nalm import functional
from nalm.units import _draws
from nalm.units._unit import Unit, checked_choice, clamp_

Clip = Literal["none", "w", "g", "wg", "wig"]
Initial = Literal["xavier", "constrained"]
GateGradient = Literal["clamp", "straight_through"]
WeightTargets = Literal["unit", "ternary"]


class _PowerUnit(Unit):
    """Gated complex powers; `W_im` is None for real exponents."""

    _clips: ClassVar[tuple[str, ...]]
    W_im: nn.Parameter | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        complex_weights: bool,
        clip: Clip,
        initial: Initial,
        gated: bool,
        gate_gradient: GateGradient,
        weight_targets: WeightTargets,
        device: torch.device | str | None,
        dtype: torch.dtype | None,
    ) -> None:
        super().__init__(in_features, out_features)
        self.clip = checked_choice(self, "clip", clip, self._clips)
        self.initial = checked_choice(self, "initial", initial, ("xavier", "constrained"))
        self.gated = gated
        self.weight_targets = checked_choice(self, "weight_targets", weight_targets, ("unit", "ternary"))
        self.gate_gradient = checked_choice(
            self, "gate_gradient", gate_gradient, ("clamp", "straight_through")
        )
        self.W_re = nn.Parameter(torch.empty(in_features, out_features, device=device, dtype=dtype))
        self.W_im = nn.Parameter(torch.empty_like(self.W_re)) if complex_weights else None
        self.g = nn.Parameter(torch.empty(in_features, device=device, dtype=dtype)) if gated else None
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., in_features]` to `[..., out_features]`."""
        self.check_input(x)
        imaginary = None if self.W_im is None else self.W_im.mT
        return functional.npu(x, self.W_re.mT, imaginary, self._open_gate())

    def _open_gate(self) -> Tensor | None:
        if self.g is None:
            return None
        clamped = self.g.clamp(0, 1)
        return clamped if self.gate_gradient == "clamp" else self.g + (clamped - self.g).detach()

    @property
    def weight(self) -> Tensor:
        """The exponents `[out, in]`, or their real and imaginary parts `[2, out, in]`; no gate."""
        return self.W_re.mT if self.W_im is None else torch.stack([self.W_re.mT, self.W_im.mT])

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw W_re; W_im is 0 and the gate 0.5."""
        if self.initial == "xavier":
            _draws.xavier_uniform_(self.W_re, generator)
        else:
            bound = _draws.constrained_bound(self.in_features, self.out_features)
            _draws.uniform_(self.W_re, -bound, bound, generator)
        with torch.no_grad():
            if self.W_im is not None:
                self.W_im.zero_()
            if self.g is not None:
                self.g.fill_(0.5)

    def penalties(self) -> dict[str, Tensor]:
        """Return `npu_weight` and, with a gate, `npu_gate`: both pull towards discrete values."""
        if self.weight_targets == "ternary":
            named = {"npu_weight": functional.sparsity_penalty(self.W_re, "ternary")}
        else:
            imaginary = self.W_im if self.clip == "wig" else None
            named = {"npu_weight": functional.npu_weight_penalty(self.W_re, imaginary)}
        if self.g is not None:
            named["npu_gate"] = functional.sparsity_penalty(self.g, "binary")
        return named

    def project_(self) -> None:
        """Clamp exponents to [-1, 1] and the gate to [0, 1], as far as `clip` says."""
        if "w" in self.clip:
            clamp_(self.W_re, -1, 1)
        if self.W_im is not None and "i" in self.clip:
            clamp_(self.W_im, -1, 1)
        if self.g is not None and "g" in self.clip:
            clamp_(self.g, 0, 1)

    def sparsity_error(self) -> Tensor:
        """Return the distance of the worst exponent from {-1, 0, 1}; for an NPU the mean of both parts'."""
        error = functional.sparsity_error(self.W_re)
        return error if self.W_im is None else (error + functional.sparsity_error(self.W_im)) / 2


class NPU(_PowerUnit):
    """Products of powers with complex exponents and a relevance gate: multiplication, division, roots,
    powers.

    y = exp(W_re ln r - W_im k) cos(W_re k + W_im ln r), r = ĝ (|x| + 2^-23) + 1 - ĝ, k = ĝ π [x < 0], ĝ =
    clamp(g, 0, 1). Trained with an L1 penalty that grows during training. An input near zero with a negative
    exponent explodes.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        clip: What `project_` clamps: real exponents (w) and imaginary ones (i) to [-1, 1], the gate (g) to
            [0, 1]; one of `"none"`, `"w"`, `"g"`, `"wg"`, `"wig"`. With `"wig"` the penalty `npu_weight` also
            pulls W_im to 0.
        initial: W_re is drawn from the Xavier uniform distribution, or (`"constrained"`) from the NAU's.
        gated: False leaves the gate out (the naive NPU of the paper).
        gate_gradient: `"clamp"`: none outside [0, 1], as in PyTorch versions; `"straight_through"`:
            unchanged, as in the authors' Julia package.
        device: As in `torch.nn.Linear`.
        dtype: As in `torch.nn.Linear`.

    Raises:
        InputError: an argument is none of its choices.

    Reference: Heim et al. (2020), Neural Power Units, equations 6 to 10.
    """

    _clips = ("none", "w", "g", "wg", "wig")

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        clip: Clip = "none",
        initial: Initial = "xavier",
        gated: bool = True,
        gate_gradient: GateGradient = "clamp",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(
            in_features,
            out_features,
            complex_weights=True,
            clip=clip,
            initial=initial,
            gated=gated,
            gate_gradient=gate_gradient,
            weight_targets="unit",
            device=device,
            dtype=dtype,
        )


class RealNPU(_PowerUnit):
    """An `NPU` with real exponents: y = exp(W ln r) cos(W k).

    The modified RealNPU of Mistry et al. (2022), TMLR, has `clip="wg"`, `initial="constrained"` and both
    penalties on.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        clip: What `project_` clamps: exponents (w) to [-1, 1], the gate (g) to [0, 1]; one of `"none"`,
            `"w"`, `"g"`, `"wg"`.
        initial: As in `NPU`.
        gated: As in `NPU`.
        gate_gradient: As in `NPU`.
        weight_targets: Where the penalty `npu_weight` pulls the exponents: `"unit"` to {-1, 1}, `"ternary"`
            to {-1, 0, 1}.
        device: As in `torch.nn.Linear`.
        dtype: As in `torch.nn.Linear`.

    Raises:
        InputError: an argument is none of its choices.

    Reference: Heim et al. (2020), Neural Power Units, section 3.2.
    """

    _clips = ("none", "w", "g", "wg")

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        clip: Clip = "none",
        initial: Initial = "xavier",
        gated: bool = True,
        gate_gradient: GateGradient = "clamp",
        weight_targets: WeightTargets = "unit",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(
            in_features,
            out_features,
            complex_weights=False,
            clip=clip,
            initial=initial,
            gated=gated,
            gate_gradient=gate_gradient,
            weight_targets=weight_targets,
            device=device,
            dtype=dtype,
        )
