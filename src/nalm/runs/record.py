"""What training hands on: the records and final parameters of a finished batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from nalm.runs import Run

Status = Literal["finished", "failed", "stopped"]


@dataclass(frozen=True)
class BatchResult:
    """Records of a batch, one row per run and logged step, sorted by run and step.

    Attributes:
        runs: the runs of the batch.
        run_index: int64 `[rows]`, the position in `runs`.
        steps: int64 `[rows]`; a row holds the state before the update of its step.
        train_loss, penalty_loss: float64 `[rows]`, criterion and weighted penalties of the step's training batch.
        interpolation_error, extrapolation_error: float64 `[rows]`, mean squared errors.
        sparsity_error: float64 `[rows]`, NaN where the network reports none.
        weights: per run, effective weights `[rows of the run, weights]`, or None for networks with more than 16.
        status: per run; a failed run diverged and has no rows after the step at which it did.
        failed_step: per run, the update after which a parameter was not finite, else None.
        reason: per run, one sentence for a run that failed or stopped early, else None.
        state: final parameters by run id and parameter name.
        seconds: wall time of the batch.
    """

    runs: tuple[Run, ...]
    run_index: np.ndarray
    steps: np.ndarray
    train_loss: np.ndarray
    penalty_loss: np.ndarray
    interpolation_error: np.ndarray
    extrapolation_error: np.ndarray
    sparsity_error: np.ndarray
    weights: tuple[np.ndarray | None, ...]
    status: tuple[Status, ...]
    failed_step: tuple[int | None, ...]
    reason: tuple[str | None, ...]
    state: dict[str, dict[str, np.ndarray]]
    seconds: float
