"""What is known of each run when its batch is done, and the records made of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
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
        origin: what is known of why it failed, as the end of a sentence.
        internals: what was recorded of the inside of the network, by name.
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
    origin: str = ""
    internals: dict[str, list[float]] = field(default_factory=dict)

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
            return f"diverged: a parameter was not finite after the update of step {self.failed_step}{self.origin}"
        if self.stopped_step is not None:
            return f"settled: the network had not changed for {UNCHANGED_ROWS} logged rows at step {self.stopped_step}"
        return None


MEASURES: dict[str, Callable[[History], np.ndarray | None]] = {
    "train_loss": lambda history: history.losses[:, 0],
    "penalty_loss": lambda history: history.losses[:, 1],
    "interpolation_error": lambda history: history.errors[:, 0],
    "extrapolation_error": lambda history: history.errors[:, 1],
    "sparsity_error": lambda history: (
        None if history.sparsity is None else np.ma.masked_where(np.isnan(history.sparsity), history.sparsity)
    ),
}
"""The metrics by name, each one number per row of a run's history, or None for runs that have none."""


def trained_runs(runs: tuple[ArithmeticRun, ...], histories: Sequence[History], seconds: float) -> TrainedRuns:
    """Return the records of a batch from the histories of its runs."""
    rows = [history.rows for history in histories]
    steps = [np.array(run.training.logged_steps)[:n] for run, n in zip(runs, rows, strict=True)]
    return TrainedRuns(
        runs=cast("tuple[Run, ...]", runs),
        run_index=np.repeat(np.arange(len(runs)), rows),
        steps=np.concatenate(steps).astype(np.int64),
        metrics={
            **{name: _column([measure(history) for history in histories], rows) for name, measure in MEASURES.items()},
            **_internals(histories, rows),
        },
        weights=tuple(history.weights for history in histories),
        status=tuple(history.status for history in histories),
        failed_step=tuple(history.failed_step for history in histories),
        reason=tuple(history.reason for history in histories),
        state={run.id: history.state for run, history in zip(runs, histories, strict=True)},
        seconds=seconds,
        made_by=tuple(history.made_by for history in histories),
    )


def _internals(histories: Sequence[History], rows: Sequence[int]) -> dict[str, np.ndarray]:
    """Return what was recorded of the insides, by name; masked in the rows of networks that have no such number."""
    names = dict.fromkeys(name for history in histories for name in history.internals)
    return {name: _column([_inside(history, name) for history in histories], rows) for name in names}


def _inside(history: History, name: str) -> np.ndarray | None:
    values = history.internals.get(name)
    return None if values is None else np.array(values)


def _column(parts: Sequence[np.ndarray | None], rows: Sequence[int]) -> np.ndarray:
    """Return one metric of all runs as float64, masked for the runs that do not have it."""
    known = [np.ma.MaskedArray(np.zeros(n), mask=True) if x is None else x for x, n in zip(parts, rows, strict=True)]
    values = np.concatenate([np.ma.getdata(part) for part in known]).astype(np.float64)
    return np.ma.MaskedArray(values, np.concatenate([np.ma.getmaskarray(part) for part in known]))
