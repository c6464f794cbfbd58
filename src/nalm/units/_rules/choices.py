"""Weight rules that choose each weight among +1, -1 and 0, or between 0 and 1, by relaxed or hard sampling.

Experiments released with Madsen & Johansen (2020). They sample in training mode; in evaluation mode a relaxed
choice is replaced by its expectation and a hard one by the most probable value.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from nalm import functional
from nalm.units import _draws
from nalm.units._computed import refresh
from nalm.units._parts.memory import Memory
from nalm.units._rules.weights import WeightRule

Choice = Literal["softmax", "hard_softmax", "gumbel"]


class Temperature(nn.Module):
    """τ of a Gumbel relaxation: max(0.5, exp(-1e-5 t)) after t calls of `anneal_`."""

    steps: Tensor

    def __init__(self, device: torch.device | str | None, dtype: torch.dtype | None) -> None:
        super().__init__()
        # A count, which float32 adds to exactly; the product of 70,000 factors would be off by a thousandth.
        precise = torch.float32 if dtype in functional.HALF else dtype
        self.register_buffer("steps", torch.zeros((), device=device, dtype=precise))

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Temperature:
        steps = self.steps
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        if self.steps.dtype in functional.HALF:  # a count in half precision stands still at 256 or 2048
            self.steps = steps.to(self.steps.device)
        return self

    @property
    def value(self) -> Tensor:
        """τ, a scalar."""
        return torch.exp(-1e-5 * self.steps).clamp(min=0.5)

    def reset(self) -> None:
        """Go back to 1."""
        nn.init.zeros_(self.steps)

    def anneal_(self) -> None:
        """Advance by one training step."""
        with torch.no_grad():
            self.steps.copy_(self.steps + 1)


def _with_zero(logits: Tensor) -> Tensor:
    """Append the fixed logit 0 of the third choice."""
    return torch.cat([logits, torch.zeros_like(logits[..., :1])], -1)


def _expected(probabilities: Tensor) -> Tensor:
    """Return the mean of the targets +1, -1, 0."""
    return probabilities[..., 0] - probabilities[..., 1]


def _sampled(probabilities: Tensor) -> tuple[Tensor, Tensor]:
    """Draw whether each weight is +1, and whether it is -1, as 0/1 tensors."""
    u = torch.rand_like(probabilities[..., 0])
    first = probabilities[..., 0]
    plus = (u < first).to(u.dtype)
    minus = (u < first + probabilities[..., 1]).to(u.dtype) - plus
    return plus, minus


def _most_probable(logits: Tensor) -> Tensor:
    """Return the target of the largest logit; the first of equal ones."""
    plus, minus, zero = logits.unbind(-1)
    is_plus = (plus >= minus) & (plus >= zero)
    is_minus = ~is_plus & (minus >= zero)
    return is_plus.to(logits.dtype) - is_minus.to(logits.dtype)


class CategoricalWeights(WeightRule):
    """W = p_1 - p_2 with p the softmax of two free logits per weight and a third one fixed at 0.

    Args:
        out_features: Rows.
        in_features: Columns.
        choice: `"softmax"`: W itself; `"hard_softmax"`: one of the targets drawn from p, with the gradient of
            W; `"gumbel"`: W of p relaxed by Gumbel noise at a temperature that falls from 1 to 0.5.
    """

    def __init__(
        self,
        out_features: int,
        in_features: int,
        choice: Choice,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__("ternary")
        self.choice: Choice = choice
        self.logits = nn.Parameter(torch.empty(out_features, in_features, 2, device=device, dtype=dtype))
        self.temperature = Temperature(device, dtype) if choice == "gumbel" else None

    def forward(self) -> Tensor:
        """Return W, sampled in training mode where the choice says so."""
        if not self.training or self.choice == "softmax":
            return self.settled()
        log_p = torch.log_softmax(_with_zero(self.logits), -1)
        if self.temperature is not None:
            noise = functional.gumbel(torch.rand_like(log_p))
            return _expected(torch.softmax((log_p + noise) / self.temperature.value, -1))
        probabilities = log_p.exp()
        plus, minus = _sampled(probabilities.detach())
        soft = _expected(probabilities)
        return plus - minus + (soft - soft.detach())

    def settled(self) -> Tensor:
        """Return the expected weights, or the most probable ones of a hard choice."""
        refresh(self)
        logits = _with_zero(self.logits)
        return _most_probable(logits) if self.choice == "hard_softmax" else _expected(torch.softmax(logits, -1))

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw the logits: Xavier uniform, gain √½, over all dimensions, or 0 for the Gumbel choice."""
        if self.temperature is not None:
            nn.init.zeros_(self.logits)
            self.temperature.reset()
        else:
            _draws.xavier_uniform_(self.logits, generator, math.sqrt(0.5))

    def own_projection_(self) -> None:
        """Lower the temperature."""
        if self.temperature is not None:
            self.temperature.anneal_()


class GumbelSigmoidWeights(WeightRule):
    """W = σ((Ŵ + γ) / τ) in (0, 1), with Gumbel noise γ in training mode; starts at Ŵ = 0.

    Args:
        out_features: Rows.
        in_features: Columns.
    """

    def __init__(
        self,
        out_features: int,
        in_features: int,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__("binary")
        self.W_hat = nn.Parameter(torch.empty(out_features, in_features, device=device, dtype=dtype))
        self.temperature = Temperature(device, dtype)

    def forward(self) -> Tensor:
        """Return W, sampled in training mode."""
        if not self.training:
            return self.settled()
        noise = functional.gumbel(torch.rand_like(self.W_hat))
        return torch.sigmoid((self.W_hat + noise) / self.temperature.value)

    def settled(self) -> Tensor:
        """Return σ(Ŵ)."""
        refresh(self)
        return torch.sigmoid(self.W_hat)

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Set Ŵ to 0."""
        nn.init.zeros_(self.W_hat)
        self.temperature.reset()

    def own_projection_(self) -> None:
        """Lower the temperature."""
        self.temperature.anneal_()


class BanditWeights(WeightRule):
    """Each weight is a bandit with arms +1, -1, 0, taught by the loss of the step instead of a gradient.

    It has no parameters: call `learn_(loss)` after each training step. In evaluation mode the best arm is
    used.

    Args:
        out_features: Rows.
        in_features: Columns.
    """

    learning_rate = 1e-3
    decay = 0.9
    logits: Tensor
    average: Tensor
    decayed: Tensor

    def __init__(
        self,
        out_features: int,
        in_features: int,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__("ternary")
        zeros = torch.zeros(out_features, in_features, 3, device=device, dtype=dtype)
        self.register_buffer("logits", zeros)
        self.register_buffer("average", torch.zeros((), device=device, dtype=dtype))
        self.register_buffer("decayed", torch.ones((), device=device, dtype=dtype))
        self.pulled = Memory()

    def forward(self) -> Tensor:
        """Return W, one arm drawn per weight in training mode."""
        if not self.training:
            return self.settled()
        plus, minus = _sampled(torch.softmax(self.logits, -1))
        self.pulled.clear()
        self.pulled.add(torch.stack([plus, minus, 1 - plus - minus], -1))
        return plus - minus

    def settled(self) -> Tensor:
        """Return the target of the best arm."""
        return _most_probable(self.logits)

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Forget everything learnt; nothing is drawn."""
        with torch.no_grad():
            self.logits.zero_()
            self.average.zero_()
            self.decayed.fill_(1)
        self.pulled.clear()

    def learn_(self, loss: Tensor) -> None:
        """Make the arms of the last training forward more probable if `loss` is below its running mean."""
        pulled = self.pulled.sum()
        if pulled is None:
            return
        with torch.no_grad():
            self.average.copy_(self.decay * self.average + (1 - self.decay) * loss)
            self.decayed.copy_(self.decayed * self.decay)
            advantage = self.average / (1 - self.decayed) - loss
            surprise = pulled - torch.softmax(self.logits, -1)
            self.logits.copy_(self.logits + self.learning_rate * advantage * surprise)
        self.pulled.clear()
