"""What is known of each run when its batch is done, and the records made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from nalm.runs import Run
from nalm.runs.record import MadeBy, Status, TrainedRuns
from nalm.training.stacked.batches import ArithmeticRun
from nalm.training.stacked.early_stopping import UNCHANGED_ROWS


@dataclass
class History:
    """One run; arrays have a row per logged step that the run reached.

    Attributes:
        rows: how many those are.
        losses: criterion and penalty of the training batch.
        errors: of the validation set and of the test set.
        weights: effective weights, None for networks with many.
        sparsity: sparsity errors, None for networks that report none.
        failed_step, stopped_step: where the run ended before its last iteration, else None.
        state: final parameters and buffers by name.
        made_by: what trained it.
    """

    rows: int
    losses: np.ndarray
    errors: np.ndarray
    weights: np.ndarray | None
    sparsity: np.ndarray | None
    failed_step: int | None
    stopped_step: int | None
    state: dict[str, np.ndarray]
    made_by: MadeBy

    @property
    def status(self) -> Status:
        """How the run ended."""
        if self.failed_step is not None:
            return "failed"
        return "finished" if self.stopped_step is None else "stopped"

    @property
    def reason(self) -> str | None:
        """One sentence for a run that did not go to its last iteration."""
        if self.failed_step is not None:
            return f"diverged: a parameter was not finite after the update of step {self.failed_step}"
        if self.stopped_step is not None:
            return f"settled: the network had not changed for {UNCHANGED_ROWS} logged rows at step {self.stopped_step}"
        return None


def trained_runs(runs: tuple[ArithmeticRun, ...], histories: Sequence[History], seconds: float) -> TrainedRuns:
    """Return the records of a batch from the histories of its runs."""
    rows = [history.rows for history in histories]
    steps = [np.array(run.training.logged_steps)[:n] for run, n in zip(runs, rows, strict=True)]
    losses = np.concatenate([history.losses for history in histories]).astype(np.float64)
    errors = np.concatenate([history.errors for history in histories]).astype(np.float64)
    sparsity = np.concatenate(
        [np.full(history.rows, np.nan) if history.sparsity is None else history.sparsity for history in histories]
    ).astype(np.float64)
    return TrainedRuns(
        runs=cast("tuple[Run, ...]", runs),
        run_index=np.repeat(np.arange(len(runs)), rows),
        steps=np.concatenate(steps).astype(np.int64),
        metrics={
            "train_loss": losses[:, 0],
            "penalty_loss": losses[:, 1],
            "interpolation_error": errors[:, 0],
            "extrapolation_error": errors[:, 1],
            "sparsity_error": np.ma.masked_where(np.isnan(sparsity), sparsity),
        },
        weights=tuple(history.weights for history in histories),
        status=tuple(history.status for history in histories),
        failed_step=tuple(history.failed_step for history in histories),
        reason=tuple(history.reason for history in histories),
        state={run.id: history.state for run, history in zip(runs, histories, strict=True)},
        seconds=seconds,
        made_by=tuple(history.made_by for history in histories),
    )
