"""What training hands on, whatever was trained: the records and final parameters of finished runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from nalm.runs.run import AnyRun

Status = Literal["finished", "failed", "stopped"]


@dataclass(frozen=True)
class TrainedRuns:
    """Finished runs: their records, one row per run and logged step, and their final parameters.

    Metrics that every task has are `train_loss` and `penalty_loss`, criterion and weighted penalties of the step's
    training batch; `interpolation_error` and `extrapolation_error`, mean squared errors on the validation and test set;
    and `sparsity_error`. A trainer may leave any of them out and add others of its own.

    Attributes:
        runs: What was trained.
        run_index: int64 `[rows]`, the position in `runs`.
        steps: int64 `[rows]`; a row holds the state before the update of its step.
        metrics: By name, float64 `[rows]`; a masked array (`numpy.ma`) where not every row has a value. NaN is a value.
        weights: Per run, effective weights `[rows of the run, weights]`, or None for networks with none or many.
        status: Per run; a failed run diverged and has no rows after the step at which it did.
        failed_step: Per run, the update after which it was not finite, else None.
        reason: Per run, one sentence for a run that failed or stopped early, else None.
        state: Final parameters by run id and parameter name.
        seconds: Wall time.
    """

    runs: tuple[AnyRun, ...]
    run_index: np.ndarray
    steps: np.ndarray
    metrics: dict[str, np.ndarray]
    weights: tuple[np.ndarray | None, ...]
    status: tuple[Status, ...]
    failed_step: tuple[int | None, ...]
    reason: tuple[str | None, ...]
    state: dict[str, dict[str, np.ndarray]]
    seconds: float
