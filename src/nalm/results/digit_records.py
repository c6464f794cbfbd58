"""The long table of runs of the digit tasks: one row per run and evaluated epoch.

Beside the contract's columns: `epoch`, and the task's metrics, such as `test_output_rounded_accuracy` or
`test_5_error`; in the last row of the static task also the share of right labels for each digit of the test set,
`test_digit_0_accuracy` and so on. `interpolation_error` is the error on validation samples (training samples where
there are none), `extrapolation_error` that on test samples, of the longest sequences.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from nalm.results.columns import is_reserved, schema
from nalm.results.records import Records, records_labels
from nalm.runs import DigitRun
from nalm.tasks.static_digits import StaticDigits

if TYPE_CHECKING:
    from nalm.digits import EpochRecord, FinishedDigitRun

CONFUSION = "confusion"
"""Name of the confusion counts of the test set's digits beside the parameters of a run of the static task."""


def digit_records(
    finished: FinishedDigitRun, threshold: float | None = None
) -> tuple[Records, dict[str, dict[str, np.ndarray]]]:
    """Return the long table of a run, and its final parameters by run id and name, for `Store.add`.

    Args:
        finished: The run.
        threshold: Of the extrapolation error, below which the run counts as solved, if the study has one.
    """
    run, result = finished.run, finished.result
    rows = [_row(run, record) for record in result.records]
    if result.confusion is not None:
        rows[-1] |= _class_accuracies(result.confusion)
    failed = result.diverged_epoch is not None
    outcome = {
        "status": "failed" if failed else "finished",
        "failed_step": result.records[-1].step if failed else None,
        "reason": f"the loss was not finite in epoch {result.diverged_epoch}" if failed else None,
        "threshold": threshold,
    }
    measures = pl.DataFrame(rows, schema_overrides=schema("measure"), infer_schema_length=None)
    metrics = [name for name in measures.columns if not is_reserved(name)]
    table = pl.concat(
        [
            records_labels([run] * len(rows), metrics),
            measures,
            pl.DataFrame([outcome] * len(rows), schema_overrides=schema("outcome")),
        ],
        how="horizontal",
    )
    state: dict[str, np.ndarray] = dict(result.state)
    if result.confusion is not None:
        state[CONFUSION] = result.confusion
    return Records(table, tuple(metrics)).in_order(), {run.id: state}


def _row(run: DigitRun, record: EpochRecord) -> dict[str, Any]:
    metrics = {name: float(value) for name, value in record.metrics.items()}
    training, validation, test = _errors(run, metrics)
    weights = {f"w{index}": weight for index, weight in enumerate(record.weights)}
    return {
        "step": record.step,
        "train_loss": training,
        "penalty_loss": None,
        "interpolation_error": training if validation is None else validation,
        "extrapolation_error": test,
        "sparsity_error": record.sparsity_error,
        "epoch": record.epoch,
        **metrics,
        **weights,
    }


def _class_accuracies(confusion: np.ndarray) -> dict[str, float | None]:
    """Share of right labels for each digit of the test set; null for a digit that does not occur."""
    from nalm.digits import class_accuracies

    shares = class_accuracies(confusion)
    return {f"test_digit_{digit}_accuracy": float(x) if np.isfinite(x) else None for digit, x in enumerate(shares)}


def _errors(run: DigitRun, metrics: dict[str, float]) -> tuple[float | None, float | None, float | None]:
    """Errors on training, validation and test samples."""
    if isinstance(run.task, StaticDigits):
        names = [f"{part}_output_error" for part in ("train", "validation", "test")]
    else:
        names = ["train_error", "validation_error", f"test_{max(run.task.test_lengths)}_error"]
    training, validation, test = (metrics.get(name) for name in names)
    return training, validation, test
