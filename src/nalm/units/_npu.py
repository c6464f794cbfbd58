"""Neural power units."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from nalm import functional
from nalm.units._draws import constrained_bound, uniform_
from nalm.units._parts.parts import GateGradient, Part, PartsUnit, RelevanceGate
from nalm.units._unit import checked_choice, clamp_

Clip = Literal["none", "w", "g", "wg", "wig"]
Initial = Literal["xavier", "constrained"]
WeightTargets = Literal["unit", "ternary"]


class _Exponents(Part):
    """Real and, if wanted, imaginary exponents, stored `[in, out]` as in the paper."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        complex_weights: bool,
        clip: Clip,
        initial: Initial,
        targets: WeightTargets,
        device: torch.device | str | None,
        dtype: torch.dtype | None,
    ) -> None:
        super().__init__()
        self.clip = clip
        self.bound = (
            constrained_bound(in_features, out_features)
            if initial == "constrained"
            else math.sqrt(6 / (in_features + out_features))
        )
        self.targets = targets
        self.W_re = nn.Parameter(torch.empty(in_features, out_features, device=device, dtype=dtype))
        self.W_im = nn.Parameter(torch.empty_like(self.W_re)) if complex_weights else None

    def forward(self) -> tuple[Tensor, Tensor | None]:
        """Return W_re and W_im, `[in, out]`."""
        return self.W_re, self.W_im

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw W_re; W_im is 0."""
        uniform_(self.W_re, -self.bound, self.bound, generator)
        if self.W_im is not None:
            nn.init.zeros_(self.W_im)

    def penalties(self) -> dict[str, Tensor]:
        """Return `npu_weight`, which pulls the exponents to their targets."""
        if self.targets == "ternary":
            return {"npu_weight": functional.sparsity_penalty(self.W_re, "ternary")}
        imaginary = self.W_im if self.clip == "wig" else None
        return {"npu_weight": functional.npu_weight_penalty(self.W_re, imaginary)}

    def project_(self) -> None:
        """Clamp to [-1, 1] what `clip` says."""
        if "w" in self.clip:
            clamp_(self.W_re, -1, 1)
        if self.W_im is not None and "i" in self.clip:
            clamp_(self.W_im, -1, 1)


class _PowerUnit(PartsUnit):
    """Gated powers with real or complex exponents; everything that varies is an argument, see `NPU`."""

    clips: ClassVar[tuple[str, ...]]

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
        self.clip: Clip = checked_choice(self, "clip", clip, self.clips)
        self.initial: Initial = checked_choice(self, "initial", initial, ("xavier", "constrained"))
        self.gated = gated
        self.gate_gradient: GateGradient = checked_choice(
            self, "gate_gradient", gate_gradient, ("clamp", "straight_through")
        )
        self.weight_targets: WeightTargets = checked_choice(self, "weight_targets", weight_targets, ("unit", "ternary"))
        self.exponents = _Exponents(
            self.in_features,
            self.out_features,
            complex_weights=complex_weights,
            clip=clip,
            initial=initial,
            targets=weight_targets,
            device=device,
            dtype=dtype,
        )
        self.gate = (
            RelevanceGate(
                self.in_features,
                clamps=True,
                projects="g" in clip,
                gradient=gate_gradient,
                device=device,
                dtype=dtype,
            )
            if gated
            else None
        )
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., in_features]` to `[..., out_features]`."""
        self.check_input(x)
        real, imaginary = self.exponents()
        gate = None if self.gate is None else self.gate()
        return functional.npu(x, real.mT, None if imaginary is None else imaginary.mT, gate)

    @property
    def weight(self) -> Tensor:
        """The exponents `[out, in]`, or their real and imaginary parts `[2, out, in]`; no gate."""
        real, imaginary = self.exponents()
        return real.mT if imaginary is None else torch.stack([real.mT, imaginary.mT])

    def sparsity_error(self) -> Tensor:
        """Return the distance of the worst exponent from {-1, 0, 1}; for an NPU the mean of both parts'."""
        real, imaginary = self.exponents()
        error = functional.sparsity_error(real)
        return error if imaginary is None else (error + functional.sparsity_error(imaginary)) / 2


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

    clips = ("none", "w", "g", "wg", "wig")

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

    clips = ("none", "w", "g", "wg")

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
