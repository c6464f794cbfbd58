"""The records of a run of a digit task.

`interpolation_error` is the error on validation samples (training samples where there are none), `extrapolation_error`
that on test samples, of the longest sequences. Beside the measures of every task there are `epoch` and the task's own
metrics, such as `test_output_rounded_accuracy` or `test_5_error`; in the last row of the static task also the share of
right labels for each digit of the test set, `test_digit_0_accuracy` and so on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nalm.digits._metrics import class_accuracies
from nalm.runs import Run
from nalm.runs.record import Status, TrainedRuns
from nalm.tasks import Task
from nalm.training.epochs.record import DigitsResult
from nalm.training.epochs.stopping import UNCHANGED_RECORDS

CONFUSION = "confusion"
"""Name of the confusion counts of the test set's digits beside the parameters of a run of the static task."""


def trained_runs(run: Run, result: DigitsResult, seconds: float) -> TrainedRuns:
    """Return the records of a run and its final parameters."""
    rows: list[dict[str, float | None]] = [{"epoch": record.epoch, **record.metrics} for record in result.records]
    if result.confusion is not None:
        rows[-1] |= _class_accuracies(result.confusion)
    names = dict.fromkeys(name for row in rows for name in row)
    metrics = {name: _column([row.get(name) for row in rows]) for name in names}
    training, validation, test = (_column([row.get(name) for row in rows]) for name in _errors(run.task))
    status, reason = _outcome(result)
    failed = status == "failed"
    state: dict[str, np.ndarray] = dict(result.state)
    if result.confusion is not None:
        state[CONFUSION] = result.confusion
    return TrainedRuns(
        runs=(run,),
        run_index=np.zeros(len(rows), dtype=np.int64),
        steps=np.array([record.step for record in result.records], dtype=np.int64),
        metrics={
            "train_loss": training,
            "penalty_loss": _column([None] * len(rows)),
            "interpolation_error": training if validation.mask.all() else validation,
            "extrapolation_error": test,
            "sparsity_error": _column([record.sparsity_error for record in result.records]),
            **metrics,
        },
        weights=(np.array([record.weights for record in result.records]) if result.records[0].weights else None,),
        status=(status,),
        failed_step=(result.records[-1].step if failed else None,),
        reason=(reason,),
        state={run.id: state},
        seconds=seconds,
    )


def _outcome(result: DigitsResult) -> tuple[Status, str | None]:
    if result.diverged_epoch is not None:
        return "failed", f"the loss was not finite in epoch {result.diverged_epoch}"
    if result.settled_epoch is not None:
        records = f"{UNCHANGED_RECORDS} records"
        return "stopped", f"settled: the network had not changed for {records} at epoch {result.settled_epoch}"
    return "finished", None


def _column(values: Sequence[float | None]) -> np.ma.MaskedArray[Any, Any]:
    """Return numbers as an array, masked where there is none."""
    absent = [value is None for value in values]
    kind = np.int64 if all(isinstance(value, int) for value in values) else np.float64
    return np.ma.MaskedArray([0 if value is None else value for value in values], absent, dtype=kind)


def _class_accuracies(confusion: np.ndarray) -> dict[str, float | None]:
    """Share of right labels for each digit of the test set; None for a digit that does not occur."""
    shares = class_accuracies(confusion)
    return {f"test_digit_{digit}_accuracy": float(x) if np.isfinite(x) else None for digit, x in enumerate(shares)}


def _errors(task: Task) -> tuple[str, str, str]:
    """Return the metrics that are the errors on training, validation and test samples."""
    if task.kind == "static-digits":
        return "train_output_error", "validation_output_error", "test_output_error"
    assert task.kind == "sequential-digits"
    return "train_error", "validation_error", f"test_{max(task.test_lengths)}_error"
