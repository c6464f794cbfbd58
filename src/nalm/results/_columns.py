"""Columns of the long table: one row per run and logged step."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import polars as pl

from nalm.runs import Run
from nalm.runs.record import TrainedRuns

LABELS: dict[str, pl.DataType] = {
    "run": pl.String(),
    "study": pl.String(),
    "task": pl.String(),
    "unit": pl.String(),
    "operation": pl.String(),
    "interpolation_range": pl.String(),
    "extrapolation_range": pl.String(),
    "seed": pl.Int64(),
}
MEASURES: dict[str, pl.DataType] = {
    "step": pl.Int64(),
    "train_loss": pl.Float64(),
    "penalty_loss": pl.Float64(),
    "interpolation_error": pl.Float64(),
    "extrapolation_error": pl.Float64(),
    "sparsity_error": pl.Float64(),
}
OUTCOME: dict[str, pl.DataType] = {
    "status": pl.String(),
    "failed_step": pl.Int64(),
    "reason": pl.String(),
    "threshold": pl.Float64(),
}
SCHEMA = {**LABELS, **MEASURES, **OUTCOME}

_METRIC_ENDINGS = ("_loss", "_error", "_accuracy", "_label")
_EPOCH = "epoch"
_WEIGHT = re.compile(r"w(\d+)")


def is_weight(name: str) -> bool:
    """Return whether a column holds an effective weight."""
    return _WEIGHT.fullmatch(name) is not None


def is_metric(name: str) -> bool:
    """Return whether a column beyond the contract's is a metric of some task, not a parameter of a study."""
    return name not in SCHEMA and (name == _EPOCH or name.endswith(_METRIC_ENDINGS))


def in_order(names: Iterable[str]) -> list[str]:
    """Sort column names: labels, measures, other metrics, weights, parameters of the study, outcome."""
    given = list(names)
    weights = sorted(filter(is_weight, given), key=lambda name: int(name[1:]))
    return [
        *[name for name in (*LABELS, *MEASURES) if name in given],
        *filter(is_metric, given),
        *weights,
        *parameter_names(given),
        *[name for name in OUTCOME if name in given],
    ]


def parameter_names(names: Iterable[str]) -> list[str]:
    """Return the columns that hold parameters of a study, in the order given."""
    return [name for name in names if not (name in SCHEMA or is_weight(name) or is_metric(name))]


def records_table(batch: TrainedRuns, threshold: float | None = None) -> pl.DataFrame:
    """Return the long table of a batch, sorted by the position of the run in the batch and by step.

    `threshold` of success is by default that of each run's task.

    A run that failed before its first row keeps one, at step 0 with empty measures, so that it is counted.
    What is masked becomes null, and a sparsity error of NaN (the network reports none); other NaN stay.
    """
    order = np.lexsort((batch.steps, batch.run_index))
    measures = pl.DataFrame(
        [
            pl.Series("_run", batch.run_index[order], dtype=pl.Int64()),
            pl.Series("step", batch.steps[order], dtype=pl.Int64()),
            *[_metric_column(name, values[order]) for name, values in batch.metrics.items()],
        ]
    ).with_columns(pl.col("sparsity_error").fill_nan(None))
    table = (
        _run_table(batch, threshold)
        .join(measures, on="_run", how="left", maintain_order="left_right")
        .with_columns(pl.col("step").fill_null(0))
    )
    table = table.hstack(_weight_columns(batch, order, table))
    return table.drop("_run").select(in_order(table.drop("_run").columns))


def _metric_column(name: str, values: np.ndarray) -> pl.Series:
    masked = np.ma.getmaskarray(values)
    if masked.all() and name not in MEASURES:
        return pl.Series(name, [None] * len(values))
    column = pl.Series(name, np.ma.getdata(values))
    return column.set(pl.Series(masked), None) if masked.any() else column


def records_labels(runs: Sequence[Run]) -> pl.DataFrame:
    """Return the labels and parameters of runs, one row each."""
    rows: list[dict[str, Any]] = [
        {
            "run": run.id,
            "study": run.study,
            "task": run.task.kind,
            "unit": run.label,
            "operation": getattr(run.task, "operation", None),
            "interpolation_range": _text(getattr(run.task, "interpolation_range", None)),
            "extrapolation_range": _text(getattr(run.task, "extrapolation_range", None)),
            "seed": run.seed,
        }
        for run in runs
    ]
    return pl.DataFrame(rows, schema=LABELS).hstack(_parameter_columns(runs))


def _run_table(batch: TrainedRuns, threshold: float | None) -> pl.DataFrame:
    outcome = {
        "status": batch.status,
        "failed_step": batch.failed_step,
        "reason": batch.reason,
        "threshold": [run.task.threshold() if threshold is None else threshold for run in batch.runs],
    }
    return (
        records_labels(batch.runs)
        .hstack(pl.DataFrame(outcome, schema=OUTCOME))
        .with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("_run"))
    )


def _text(value: object | None) -> str | None:
    return None if value is None else str(value)


def _parameter_columns(runs: Sequence[Run]) -> list[pl.Series]:
    """Return one column per swept parameter; integers stay integers, what is neither number nor text is
    written as JSON."""
    names = dict.fromkeys(name for run in runs for name in run.parameters)
    columns = []
    for name in parameter_names(names):
        values = [run.parameters.get(name) for run in runs]
        kinds = {type(value) for value in values if value is not None}
        if kinds <= {bool}:
            dtype: pl.DataType = pl.Boolean()
        elif kinds <= {int}:
            dtype = pl.Int64()
        elif kinds <= {int, float}:
            dtype = pl.Float64()
        else:
            dtype = pl.String()
            values = [None if value is None else _as_text(value) for value in values]
        columns.append(pl.Series(name, values, dtype=dtype, strict=False))
    return columns


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, separators=(",", ":"))
    except TypeError:
        return str(value)


def _weight_columns(batch: TrainedRuns, order: np.ndarray, table: pl.DataFrame) -> list[pl.Series]:
    """Return one column per effective weight; null for runs that have fewer or none."""
    count = max((w.shape[1] for w in batch.weights if w is not None), default=0)
    if not count:
        return []
    filled = np.full((len(table), count), np.nan)
    present = np.zeros((len(table), count), dtype=bool)
    position = table["_run"].to_numpy()
    # rows of a run keep their order under the stable sort, and a run without rows has one row here and no
    # weights
    for index, weights in enumerate(batch.weights):
        if weights is not None and len(weights):
            rows = np.flatnonzero(position == index)
            by_step = np.argsort(batch.steps[batch.run_index == index], kind="stable")
            filled[rows, : weights.shape[1]] = weights[by_step]
            present[rows, : weights.shape[1]] = True
    return [
        pl.Series(f"w{k}", filled[:, k], dtype=pl.Float64()).set(pl.Series(~present[:, k]), None) for k in range(count)
    ]
