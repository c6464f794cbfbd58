"""Weight rules: how a unit's parameters become its matrix, what is penalised, and what is clamped."""

from __future__ import annotations

from abc import abstractmethod
from typing import Literal

import torch
from torch import Tensor, nn

from nalm import functional
from nalm.functional import Shape, Targets
from nalm.units import _draws
from nalm.units._computed import refresh
from nalm.units._parts.memory import Memory
from nalm.units._parts.parts import Part
from nalm.units._unit import clamp_

Bounds = Literal["project", "penalty", "none"]
BOUNDS: tuple[str, ...] = ("project", "penalty", "none")
SHAPES: tuple[str, ...] = ("linear", "squared")
Gradient = Literal["exact", "sign", "independent"]


class WeightRule(Part):
    """A matrix `[out, in]` as a function of parameters: call it for the effective weights.

    A rule that samples does so in training mode, once per call; units call it once per forward pass.

    Args:
        targets: The values that the weights should take, for the penalty on inputs of small weight.
    """

    def __init__(self, targets: Targets) -> None:
        super().__init__()
        self.targets: Targets = targets
        self.memory: Memory | None = None

    def remember_inputs(self) -> None:
        """Keep the means of the inputs that `observe` sees in training, for the penalty `input`."""
        self.memory = Memory()

    @abstractmethod
    def forward(self) -> Tensor:
        """Return the effective weights to use in a forward pass."""

    def settled(self) -> Tensor:
        """Return the effective weights without any sampling."""
        return self()  # type: ignore[no-any-return]

    def penalised(self) -> Tensor:
        """Return the tensor that penalties act on."""
        return self.settled()

    def counted(self) -> Tensor:
        """Return the tensor that the sparsity error is taken of."""
        return self.settled()

    def own_penalties(self) -> dict[str, Tensor]:
        """Return the penalties on the weights alone."""
        return {}

    def own_projection_(self) -> None:
        """Clamp the parameters, if the rule does that, and advance its schedule, if it has one."""

    def observe(self, x: Tensor) -> None:
        """Remember the input of a training forward pass."""
        if self.memory is not None and self.training:
            self.memory.add_rows(x)

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


class DirectWeights(WeightRule):
    """W itself, kept inside [0, 1] (binary) or [-1, 1] (ternary), with a penalty towards the targets.

    Args:
        out_features: Rows.
        in_features: Columns.
        targets: `"binary"` or `"ternary"`.
        initial: `(low, high)` of the uniform distribution of the first values, or `"beta"` for 2 Beta(7, 7) -
            1.
        bounds: `"project"`: `project_` clamps W; `"penalty"`: forward clamps it and the penalty `bounds`
            pulls it back; `"none"`: neither.
        penalty_shape: Shape of both penalties.
        clamp: Whether forward clamps also with `bounds="project"` (the NAU does).
        penalised: False offers no penalty at all (a plain matrix).
    """

    def __init__(
        self,
        out_features: int,
        in_features: int,
        targets: Targets,
        initial: tuple[float, float] | Literal["beta"],
        *,
        bounds: Bounds = "project",
        penalty_shape: Shape = "linear",
        clamp: bool = False,
        penalised: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(targets)
        self.initial = initial
        self.bounds = bounds
        self.penalty_shape: Shape = penalty_shape
        self.clamp = bounds == "penalty" or (clamp and bounds == "project")
        self.has_penalties = penalised
        self.lowest = 0.0 if targets == "binary" else -1.0
        self.W = nn.Parameter(torch.empty(out_features, in_features, device=device, dtype=dtype))

    def forward(self) -> Tensor:
        """Return W, clamped where the rule says so."""
        return self.W.clamp(self.lowest, 1.0) if self.clamp else self.W

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw W."""
        if self.initial == "beta":
            _draws.beta_(self.W, generator)
        else:
            _draws.uniform_(self.W, *self.initial, generator)

    def penalised(self) -> Tensor:
        """Return W before any clamp, so that a weight outside the bounds is pulled back."""
        refresh(self)
        return self.W

    def own_penalties(self) -> dict[str, Tensor]:
        """Return `sparsity`, and `bounds` where a penalty keeps the weights inside."""
        if not self.has_penalties:
            return {}
        W = self.penalised()
        named = {"sparsity": functional.sparsity_penalty(W, self.targets, self.penalty_shape)}
        if self.bounds == "penalty":
            named["bounds"] = functional.bounds_penalty(W, self.targets, self.penalty_shape)
        return named

    def own_projection_(self) -> None:
        """Clamp W to its bounds where they are kept by projection."""
        if self.bounds == "project":
            clamp_(self.W, self.lowest, 1.0)


class RotatingWeights(WeightRule):
    """K ternary matrices used in turn: each `project_` goes on to the next.

    Penalties and projection act on the matrix in use; the penalty `copies` pulls all of them together.

    Args:
        out_features: Rows.
        in_features: Columns.
        copies: K.
        bounds: As in `DirectWeights`; forward always clamps unless `"none"`.
        penalty_shape: Shape of the penalties.
    """

    current: Tensor

    def __init__(
        self,
        out_features: int,
        in_features: int,
        copies: int,
        *,
        bounds: Bounds,
        penalty_shape: Shape,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__("ternary")
        self.bound = _draws.constrained_bound(in_features, out_features)
        self.bounds = bounds
        self.penalty_shape: Shape = penalty_shape
        self.W = nn.Parameter(torch.empty(copies, out_features, in_features, device=device, dtype=dtype))
        one_hot = torch.zeros(copies, device=device, dtype=dtype)
        one_hot[0] = 1
        self.register_buffer("current", one_hot)

    def forward(self) -> Tensor:
        """Return the matrix in use, clamped."""
        return self.penalised() if self.bounds == "none" else self.penalised().clamp(-1.0, 1.0)

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw all matrices in order; the first is the one in use."""
        _draws.uniform_(self.W, -self.bound, self.bound, generator)
        with torch.no_grad():
            self.current.zero_()[0] = 1

    def penalised(self) -> Tensor:
        """Return the matrix in use before any clamp."""
        refresh(self)
        return (self.current[:, None, None] * self.W).sum(0)

    def counted(self) -> Tensor:
        """Return the matrix in use before any clamp, as the released code does."""
        return self.penalised()

    def own_penalties(self) -> dict[str, Tensor]:
        """Return `sparsity`, `copies`, and `bounds` where a penalty keeps the weights inside."""
        used = self.penalised()
        named = {
            "sparsity": functional.sparsity_penalty(used, "ternary", self.penalty_shape),
            "copies": (self.W - self.W.mean(0)).square().mean(),
        }
        if self.bounds == "penalty":
            named["bounds"] = functional.bounds_penalty(used, "ternary", self.penalty_shape)
        return named

    def own_projection_(self) -> None:
        """Clamp the matrix in use where bounds are kept by projection, then go on to the next one."""
        with torch.no_grad():
            if self.bounds == "project":
                used = self.current[:, None, None] > 0
                self.W.copy_(torch.where(used, self.W.clamp(-1.0, 1.0), self.W))
            self.current.copy_(torch.cat([self.current[-1:], self.current[:-1]]))


class TanhSigmoidWeights(WeightRule):
    """W = tanh(Ŵ) σ(M̂). Trask et al. (2018), equation 1.

    Args:
        out_features: Rows.
        in_features: Columns.
        log_base: See `nalm.functional.tanh_sigmoid`.
        gradient: See `nalm.functional.tanh_sigmoid`.
    """

    def __init__(
        self,
        out_features: int,
        in_features: int,
        *,
        log_base: float = 1.0,
        gradient: Gradient = "exact",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__("ternary")
        self.log_base = log_base
        self.gradient: Gradient = gradient
        self.bound = _draws.nac_bound(in_features, out_features)
        self.W_hat = nn.Parameter(torch.empty(out_features, in_features, device=device, dtype=dtype))
        self.M_hat = nn.Parameter(torch.empty(out_features, in_features, device=device, dtype=dtype))

    def forward(self) -> Tensor:
        """Return tanh(Ŵ) σ(M̂)."""
        return functional.tanh_sigmoid(self.W_hat, self.M_hat, self.log_base, self.gradient)

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw Ŵ, then M̂, from U(±bound)."""
        _draws.uniform_(self.W_hat, -self.bound, self.bound, generator)
        _draws.uniform_(self.M_hat, -self.bound, self.bound, generator)


class SigmoidWeights(WeightRule):
    """W = σ(Ŵ) in (0, 1).

    Args:
        out_features: Rows.
        in_features: Columns.
        initial: Ŵ starts from the Xavier normal distribution (`"xavier"`) or from U(±initial).
    """

    def __init__(
        self,
        out_features: int,
        in_features: int,
        *,
        initial: float | Literal["xavier"],
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__("ternary")
        self.initial = initial
        self.W_hat = nn.Parameter(torch.empty(out_features, in_features, device=device, dtype=dtype))

    def forward(self) -> Tensor:
        """Return σ(Ŵ)."""
        return torch.sigmoid(self.W_hat)

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw Ŵ."""
        if self.initial == "xavier":
            _draws.draw_(self.W_hat, nn.init.xavier_normal_, generator=generator)
        else:
            _draws.uniform_(self.W_hat, -self.initial, self.initial, generator)
