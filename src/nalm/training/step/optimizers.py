"""Optimisers as pure functions of one parameter, in the order of operations of `torch.optim`.

What changes from step to step comes in through the schedule, computed in float64 for all steps at once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from torch import Tensor

from nalm.tasks.learning import LearningSettings
from nalm.training.step import schedules


class Optimizer(ABC):
    """Updates a parameter from its gradient.

    Attributes:
        slot_names: of the tensors of state per parameter, zero at the start, as `torch.optim` calls them.
        columns: of the schedule.
    """

    slot_names: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def slots(self) -> int:
        """Number of tensors of state per parameter."""
        return len(self.slot_names)

    @abstractmethod
    def schedule(self, settings: LearningSettings, steps: np.ndarray) -> dict[str, np.ndarray]:
        """Return the value of each column before the updates number `steps` (counted from 0)."""

    @abstractmethod
    def update(
        self, parameter: Tensor, gradient: Tensor, slots: tuple[Tensor, ...], coefficients: dict[str, Tensor]
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return the parameter and its slots after one update."""


class Adam(Optimizer):
    """Adam (Kingma & Ba 2015, algorithm 1) with default moments, as `torch.optim.Adam` computes it."""

    slot_names = ("exp_avg", "exp_avg_sq")
    columns = ("adam_step_size", "adam_bias2_root")
    beta1, beta2, epsilon = 0.9, 0.999, 1e-8

    def schedule(self, settings: LearningSettings, steps: np.ndarray) -> dict[str, np.ndarray]:
        """See `Optimizer.schedule`."""
        updates = steps + 1.0
        return {
            "adam_step_size": schedules.learning_rate(settings, steps) / (1 - self.beta1**updates),
            "adam_bias2_root": np.sqrt(1 - self.beta2**updates),
        }

    def update(
        self, parameter: Tensor, gradient: Tensor, slots: tuple[Tensor, ...], coefficients: dict[str, Tensor]
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """See `Optimizer.update`."""
        mean, square = slots
        mean = mean + (1 - self.beta1) * (gradient - mean)
        square = square * self.beta2 + (1 - self.beta2) * gradient * gradient
        denominator = square.sqrt() / coefficients["adam_bias2_root"] + self.epsilon
        return parameter - coefficients["adam_step_size"] * mean / denominator, (mean, square)


class SGD(Optimizer):
    """Gradient descent with plain (not Nesterov) momentum, as `torch.optim.SGD` computes it."""

    columns = ("learning_rate",)

    def __init__(self, momentum: float) -> None:
        self.momentum = momentum
        self.slot_names = ("momentum_buffer",) if momentum else ()

    def schedule(self, settings: LearningSettings, steps: np.ndarray) -> dict[str, np.ndarray]:
        """See `Optimizer.schedule`."""
        return {"learning_rate": schedules.learning_rate(settings, steps)}

    def update(
        self, parameter: Tensor, gradient: Tensor, slots: tuple[Tensor, ...], coefficients: dict[str, Tensor]
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """See `Optimizer.update`."""
        if not slots:
            return parameter - coefficients["learning_rate"] * gradient, ()
        velocity = self.momentum * slots[0] + gradient
        return parameter - coefficients["learning_rate"] * velocity, (velocity,)


def create(settings: LearningSettings) -> Optimizer:
    """Return the optimiser that `settings` ask for."""
    return Adam() if settings.optimizer == "adam" else SGD(settings.momentum)
