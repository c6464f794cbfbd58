"""What is minimised: a criterion and named penalties, each with its factor in the schedule."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from nalm.runs import TrainingSettings
from nalm.training.step import losses, optimizers, schedules

# The switch that decides per run whether a penalty with this name is on (0 or 1), set at logged steps
RUN_FLAGS = ("inalu",)


class Objective:
    """The loss of one network under given settings, the same for every way to train it.

    Args:
        settings: of training.
        offered: the penalties that the network offers.
        row_weights: whether how much a row counts stands behind its targets.

    Attributes:
        penalties: those that are applied.
        optimizer: what the settings ask for.
        columns: names of the schedule's columns.
        run_flags: names of the numbers that each run has for itself.
    """

    def __init__(self, settings: TrainingSettings, offered: Collection[str], *, row_weights: bool = False) -> None:
        self.settings = settings
        self._row_weights = row_weights
        self.optimizer = optimizers.create(settings)
        self._criteria = losses.CRITERIA[settings.loss]
        factors = schedules.penalty_factors(settings, np.zeros(1))
        kept = offered if settings.constraints == "paper" else ()
        self.penalties = tuple(key for key in factors if key in kept or key == "l1")
        self.columns = (
            *self.optimizer.columns,
            *(f"penalty_{key}" for key in self.penalties),
            *(("pcc_share",) if len(self._criteria) > 1 else ()),
        )
        self.run_flags = tuple(key for key in self.penalties if key in RUN_FLAGS)

    def schedule(self, settings: TrainingSettings, steps: np.ndarray) -> np.ndarray:
        """Return the float32 schedule `[len(steps), len(columns)]` under `settings`, which may differ in numbers."""
        steps = steps.astype(np.float64)
        table = self.optimizer.schedule(settings, steps)
        factors = schedules.penalty_factors(settings, steps)
        table |= {f"penalty_{key}": factors[key] for key in self.penalties}
        table["pcc_share"] = (steps < settings.pcc_to_mse_iteration).astype(np.float64)
        return np.stack([table[name] for name in self.columns], axis=1).astype(np.float32)

    def coefficients(self, run: Tensor, schedule: Tensor) -> dict[str, Tensor]:
        """Return the numbers of one step by name, from its row of the schedule and the run_flags of the run."""
        coefficients = dict(zip(self.columns, schedule.unbind(0), strict=True))
        return coefficients | {f"switch_{key}": value for key, value in zip(self.run_flags, run.unbind(0), strict=True)}

    def parted(self, t: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the targets in `t`, `[..., outputs]`, and the weights of the rows, if they have any."""
        return (t[..., :-1], t[..., -1:]) if self._row_weights else (t, None)

    def terms(
        self,
        y: Tensor,
        t: Tensor,
        offered: Mapping[str, Tensor],
        parameters: Sequence[Tensor],
        coefficients: Mapping[str, Tensor],
    ) -> tuple[Tensor, Tensor]:
        """Criterion and sum of the weighted penalties.

        Args:
            y: outputs `[batch, outputs]`.
            t: targets of the same shape, and what `parted` says.
            offered: the network's penalties by name.
            parameters: those that are trained.
            coefficients: see `coefficients`.
        """
        t, weights = self.parted(t)
        criterion = self._criteria[0](y, t, weights)
        if len(self._criteria) > 1:
            share = coefficients["pcc_share"]
            criterion = share * criterion + (1 - share) * self._criteria[1](y, t, weights)
        penalty = torch.zeros(())
        for key in self.penalties:
            value = _l1(parameters) if key == "l1" else offered[key]
            factor = coefficients[f"penalty_{key}"]
            penalty = penalty + (factor * coefficients[f"switch_{key}"] if key in self.run_flags else factor) * value
        return criterion, penalty


def _l1(parameters: Sequence[Tensor]) -> Tensor:
    return sum((p.abs().sum() for p in parameters), torch.zeros(()))
