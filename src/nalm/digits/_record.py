"""A run of a digit task as every trainer hands it on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nalm.digits._metrics import class_accuracies
from nalm.digits._results import CONFUSION, DigitsResult, EpochRecord
from nalm.runs import DigitRun
from nalm.runs.record import TrainedRuns
from nalm.tasks.static_digits import StaticDigits


def trained_run(run: DigitRun, result: DigitsResult, seconds: float) -> TrainedRuns:
    """Return a finished run with its records, one row per evaluated epoch.

    Metrics beside those of every task: `epoch`, those of the records, and in the last row of the static task the share
    of right labels for each digit of the test set, `test_digit_0_accuracy` and so on. `interpolation_error` is the
    error on validation samples (training samples where there are none), `extrapolation_error` that on test samples, of
    the longest sequences.
    """
    records = result.records
    metrics = _metrics_of(records)
    training, validation, test = (metrics.get(name) for name in _errors(run))
    common = {
        "train_loss": training,
        "interpolation_error": training if validation is None else _filled(validation, training),
        "extrapolation_error": test,
        "sparsity_error": _column([record.sparsity_error for record in records]),
        "epoch": np.array([record.epoch for record in records], dtype=np.float64),
    }
    state: dict[str, NDArray[Any]] = dict(result.state)
    if result.confusion is not None:
        metrics |= _class_accuracies(result.confusion, len(records))
        state[CONFUSION] = result.confusion
    failed = result.diverged_epoch is not None
    weights = np.array([record.weights for record in records], dtype=np.float64)
    return TrainedRuns(
        runs=(run,),
        run_index=np.zeros(len(records), dtype=np.int64),
        steps=np.array([record.step for record in records], dtype=np.int64),
        metrics={name: values for name, values in common.items() if values is not None} | metrics,
        weights=(weights if weights.size else None,),
        status=("failed" if failed else "finished",),
        failed_step=(records[-1].step if failed else None,),
        reason=(f"the loss was not finite in epoch {result.diverged_epoch}" if failed else None,),
        state={run.id: state},
        seconds=seconds,
    )


def _metrics_of(records: Sequence[EpochRecord]) -> dict[str, np.ndarray]:
    names = dict.fromkeys(name for record in records for name in record.metrics)
    return {name: _column([record.metrics.get(name) for record in records]) for name in names}


def _column(values: Sequence[float | None]) -> np.ndarray:
    """Return values as an array, masked where there are none."""
    absent = [value is None for value in values]
    numbers = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return np.ma.masked_where(absent, numbers)


def _filled(values: np.ndarray, others: np.ndarray | None) -> np.ndarray:
    """Return `values`, and `others` where there are none."""
    if others is None:
        return values
    absent, neither = np.ma.getmaskarray(values), np.ma.getmaskarray(values) & np.ma.getmaskarray(others)
    return np.ma.masked_where(neither, np.where(absent, np.ma.getdata(others), np.ma.getdata(values)))


def _class_accuracies(confusion: NDArray[np.int64], rows: int) -> dict[str, np.ndarray]:
    """Share of right labels for each digit of the test set in the last row; none for a digit that does not occur."""
    shares = [float(share) if np.isfinite(share) else None for share in class_accuracies(confusion)]
    return {
        f"test_digit_{digit}_accuracy": _column([None] * (rows - 1) + [share]) for digit, share in enumerate(shares)
    }


def _errors(run: DigitRun) -> tuple[str, str, str]:
    """Names of the errors on training, validation and test samples."""
    if isinstance(run.task, StaticDigits):
        return "train_output_error", "validation_output_error", "test_output_error"
    return "train_error", "validation_error", f"test_{max(run.task.test_lengths)}_error"
