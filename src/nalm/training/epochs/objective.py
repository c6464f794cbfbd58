"""What a large run minimises: a criterion and named penalties of its arithmetic head, each with its factor."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from nalm import units
from nalm.tasks.learning import LearningSettings
from nalm.training.step import losses, schedules


class EpochObjective:
    """The loss of one run under given settings.

    Args:
        settings: Of training.

    Attributes:
        is_inalu_on: Whether the penalty `inalu` counts, as it does once the validation error is below 1.
    """

    def __init__(self, settings: LearningSettings) -> None:
        self._settings = settings
        self._criteria = losses.CRITERIA[settings.loss]
        self.is_inalu_on = False

    def criterion(self, y: Tensor, t: Tensor, step: int) -> Tensor:
        """Return the criterion of outputs `y` and targets `t` of one shape, after `step` updates."""
        last = step >= self._settings.pcc_to_mse_iteration
        return self._criteria[-1 if last else 0](y, t)

    def penalised(self, loss: Tensor, head: nn.Module, step: int, position: int) -> Tensor:
        """Return `loss` and the penalties of `head`, each times its factor, after `step` updates.

        Args:
            loss: The criterion.
            head: What is penalised.
            step: Updates made.
            position: Where a linear ramp stands; an exponential one counts updates.
        """
        factors = self.factors(step, position)
        if any(factors.values()):
            for name, penalty in units.penalties(head).items():
                if factors.get(name):
                    loss = loss + factors[name] * penalty
        if factors.get("l1"):
            loss = loss + factors["l1"] * sum((p.abs().sum() for p in head.parameters()), torch.zeros(()))
        return loss

    def factors(self, step: int, position: int) -> dict[str, float]:
        """Return the factor of each penalty that may be part of the loss, see `penalised`."""
        ramped = step if self._settings.ramp == "exponential" else position
        found = schedules.penalty_factors(self._settings, np.array([step]), np.array([ramped]))
        factors = {name: float(values[0]) for name, values in found.items()}
        return factors if self.is_inalu_on else {**factors, "inalu": 0.0}

    def settled_from(self, updates_per_position: int) -> int | None:
        """Return the update from which no factor changes any more; None if there is none.

        Args:
            updates_per_position: Updates while a linear ramp moves on by one.
        """
        ends = self._settings.model_copy(
            update={
                "ramp_start": self._settings.ramp_start * updates_per_position,
                "ramp_end": self._settings.ramp_end * updates_per_position,
            }
        )
        return schedules.last_change(ends)


def create_optimizer(settings: LearningSettings, network: nn.Module) -> torch.optim.Optimizer:
    """Return the optimiser of a network that `settings` ask for."""
    if settings.optimizer == "sgd":
        return torch.optim.SGD(network.parameters(), lr=settings.learning_rate, momentum=settings.momentum)
    return torch.optim.Adam(network.parameters(), lr=settings.learning_rate, fused=True)


def clip_gradients_(settings: LearningSettings, network: nn.Module) -> None:
    """Clip the gradients of all parameters together by their norm, then each by its value, as `settings` ask for."""
    if settings.clip_gradient_norm is not None:
        nn.utils.clip_grad_norm_(network.parameters(), settings.clip_gradient_norm)
    if settings.clip_gradient_value is not None:
        nn.utils.clip_grad_value_(network.parameters(), settings.clip_gradient_value)


def learning_rate(settings: LearningSettings, epoch: int) -> float:
    """Return the learning rate of an epoch."""
    return float(schedules.learning_rate(settings, np.array([epoch]))[0])
