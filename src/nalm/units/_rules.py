"""Weight rules: how a unit's parameters become its matrix, what is penalised, and what is clamped."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal

import torch
from torch import Tensor, nn

from nalm import functional
from nalm.functional import Shape, Targets
from nalm.units import _draws
from nalm.units._memory import InputMemory
from nalm.units._unit import clamp_

Bounds = Literal["project", "penalty"]
BOUNDS: tuple[str, ...] = ("project", "penalty")
SHAPES: tuple[str, ...] = ("linear", "squared")


class WeightRule(nn.Module, ABC):
    """A matrix `[out, in]` as a function of parameters: call it for the effective weights.

    Args:
        targets: The values that the weights should take, for the penalty on inputs of small weight.
        input_penalty: Whether `observe` remembers the means of the inputs, for the penalty `input`.
    """

    def __init__(self, targets: Targets, input_penalty: bool = False) -> None:
        super().__init__()
        self.targets: Targets = targets
        self.memory = InputMemory() if input_penalty else None

    @abstractmethod
    def forward(self) -> Tensor:
        """Return the effective weights."""

    @abstractmethod
    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw new initial values."""

    def penalised(self) -> Tensor:
        """Return the tensor that penalties act on."""
        return self()  # type: ignore[no-any-return]

    def own_penalties(self) -> dict[str, Tensor]:
        """Return the penalties on the weights alone."""
        return {}

    def own_projection_(self) -> None:
        """Clamp the parameters, if the rule does that."""

    def observe(self, x: Tensor) -> None:
        """Remember the input of a training forward pass."""
        if self.memory is not None and self.training:
            self.memory.add(x)

    def penalties(self) -> dict[str, Tensor]:
        """Return all penalties by name."""
        named = self.own_penalties()
        mean = self.memory.mean() if self.memory is not None else None
        if mean is not None:
            named["input"] = functional.input_penalty(self.penalised(), mean, self.targets)
        return named

    def project_(self) -> None:
        """Clamp the parameters and forget the inputs of the step."""
        self.own_projection_()
        if self.memory is not None:
            self.memory.clear()


class BoundedWeights(WeightRule):
    """W itself, kept inside [0, 1] (binary) or [-1, 1] (ternary), with a penalty towards the targets.

    Args:
        out_features: Rows.
        in_features: Columns.
        targets: `"binary"` or `"ternary"`.
        initial: W is drawn from U(initial).
        bounds: `"project"`: `project_` clamps W; `"penalty"`: forward clamps it and the penalty `bounds`
            pulls it back.
        penalty_shape: Shape of both penalties.
        clamp: Whether forward clamps also with `bounds="project"` (the NAU does).
        input_penalty: See `WeightRule`.
    """

    def __init__(
        self,
        out_features: int,
        in_features: int,
        targets: Targets,
        initial: tuple[float, float],
        *,
        bounds: Bounds,
        penalty_shape: Shape,
        clamp: bool = False,
        input_penalty: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(targets, input_penalty)
        self.initial = initial
        self.bounds = bounds
        self.penalty_shape: Shape = penalty_shape
        self.clamp = clamp or bounds == "penalty"
        self.lowest = 0.0 if targets == "binary" else -1.0
        self.W = nn.Parameter(torch.empty(out_features, in_features, device=device, dtype=dtype))

    def forward(self) -> Tensor:
        """Return W, clamped where the rule says so."""
        return self.W.clamp(self.lowest, 1.0) if self.clamp else self.W

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw W from U(initial)."""
        _draws.uniform_(self.W, *self.initial, generator)

    def penalised(self) -> Tensor:
        """Return W before any clamp, so that a weight outside the bounds is pulled back."""
        return self.W

    def own_penalties(self) -> dict[str, Tensor]:
        """Return `sparsity`, and `bounds` where the weights are not projected."""
        named = {"sparsity": functional.sparsity_penalty(self.W, self.targets, self.penalty_shape)}
        if self.bounds == "penalty":
            named["bounds"] = functional.bounds_penalty(self.W, self.targets, self.penalty_shape)
        return named

    def own_projection_(self) -> None:
        """Clamp W to its bounds where they are kept by projection."""
        if self.bounds == "project":
            clamp_(self.W, self.lowest, 1.0)


class TanhSigmoidWeights(WeightRule):
    """W = tanh(Ŵ) σ(M̂). Trask et al. (2018), equation 1.

    Args:
        out_features: Rows.
        in_features: Columns.
        log_base: See `nalm.functional.tanh_sigmoid`.
        input_penalty: See `WeightRule`.
    """

    def __init__(
        self,
        out_features: int,
        in_features: int,
        *,
        log_base: float = 1.0,
        input_penalty: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__("ternary", input_penalty)
        self.log_base = log_base
        self.bound = _draws.nac_bound(in_features, out_features)
        self.W_hat = nn.Parameter(torch.empty(out_features, in_features, device=device, dtype=dtype))
        self.M_hat = nn.Parameter(torch.empty(out_features, in_features, device=device, dtype=dtype))

    def forward(self) -> Tensor:
        """Return tanh(Ŵ) σ(M̂)."""
        return functional.tanh_sigmoid(self.W_hat, self.M_hat, self.log_base)

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw Ŵ, then M̂, from U(±bound)."""
        _draws.uniform_(self.W_hat, -self.bound, self.bound, generator)
        _draws.uniform_(self.M_hat, -self.bound, self.bound, generator)
