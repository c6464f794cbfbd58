"""Columns of the long table: one row per run and logged step."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from nalm.results import thresholds
from nalm.runs import AnyRun
from nalm.runs.record import BatchResult

Role = Literal["label", "measure", "outcome"]


@dataclass(frozen=True)
class Column:
    """A column that every file of records has, from one version of the records on.

    Attributes:
        name: Of the column.
        dtype: Of its values.
        role: A label of the run, a measure of its step, or the run's outcome.
        meaning: One sentence.
        since: First version that has it; in files of earlier versions it reads as null.
    """

    name: str
    dtype: pl.DataType
    role: Role
    meaning: str
    since: int = 1


COLUMNS = (
    Column("run", pl.String(), "label", "Name of the run."),
    Column("study", pl.String(), "label", "Name of the study."),
    Column("task", pl.String(), "label", "Kind of the task."),
    Column("unit", pl.String(), "label", "Label of the network."),
    Column("operation", pl.String(), "label", "What is learnt."),
    Column("interpolation_range", pl.String(), "label", "Where training and validation inputs are drawn from."),
    Column("extrapolation_range", pl.String(), "label", "Where test inputs are drawn from."),
    Column("seed", pl.Int64(), "label", "Seed of the run."),
    Column("step", pl.Int64(), "measure", "Number of updates made before this row."),
    Column("train_loss", pl.Float64(), "measure", "Criterion on the training batch of the step."),
    Column("penalty_loss", pl.Float64(), "measure", "Weighted penalties of the step."),
    Column("interpolation_error", pl.Float64(), "measure", "Mean squared error on the validation set."),
    Column("extrapolation_error", pl.Float64(), "measure", "Mean squared error on the test set."),
    Column("sparsity_error", pl.Float64(), "measure", "Distance of the worst weight from {-1, 0, 1}."),
    Column("status", pl.String(), "outcome", "`finished`, `failed` or `stopped`."),
    Column("failed_step", pl.Int64(), "outcome", "Update after which a failed run was not finite any more."),
    Column("reason", pl.String(), "outcome", "Why a run failed or was stopped, in one sentence."),
    Column("threshold", pl.Float64(), "outcome", "Extrapolation error below which the run counts as solved."),
)
"""The columns of every file of records, in order; a new one has a `since` of `newest_version()` + 1."""


def newest_version() -> int:
    """Return the newest version of the records that this nalm reads and writes."""
    return max(column.since for column in COLUMNS)


def schema(*roles: Role, version: int | None = None) -> dict[str, pl.DataType]:
    """Return name and type of the columns of these roles (by default all) that a file of `version` has."""
    return {
        column.name: column.dtype
        for column in COLUMNS
        if (not roles or column.role in roles) and (version is None or column.since <= version)
    }


def version_of(names: Iterable[str]) -> int:
    """Return the version of a file with these columns: that of the newest of them."""
    given = set(names)
    return max((column.since for column in COLUMNS if column.name in given), default=1)


def with_later_columns(table: pl.DataFrame) -> pl.DataFrame:
    """Add the columns that files of earlier versions do not have, as null."""
    absent = {name: dtype for name, dtype in schema().items() if name not in table.columns}
    return table.with_columns(pl.lit(None, dtype=dtype).alias(name) for name, dtype in absent.items())


_METRIC_ENDINGS = ("_loss", "_error", "_accuracy", "_label")
_EPOCH = "epoch"
_WEIGHT = re.compile(r"w(\d+)")


def is_weight(name: str) -> bool:
    """Return whether a column holds an effective weight."""
    return _WEIGHT.fullmatch(name) is not None


def is_metric(name: str) -> bool:
    """Return whether a column beyond the contract's is a metric of some task, not a parameter of a study."""
    return name not in schema() and (name == _EPOCH or name.endswith(_METRIC_ENDINGS))


def in_order(names: Iterable[str]) -> list[str]:
    """Sort column names: labels, measures, other metrics, weights, parameters of the study, outcome."""
    given = list(names)
    weights = sorted(filter(is_weight, given), key=lambda name: int(name[1:]))
    return [
        *[name for name in schema("label", "measure") if name in given],
        *filter(is_metric, given),
        *weights,
        *parameter_names(given),
        *[name for name in schema("outcome") if name in given],
    ]


def parameter_names(names: Iterable[str]) -> list[str]:
    """Return the columns that hold parameters of a study, in the order given."""
    known = schema()
    return [name for name in names if not (name in known or is_weight(name) or is_metric(name))]


def records_table(batch: BatchResult, threshold: float | None = None) -> pl.DataFrame:
    """Return the long table of a batch, sorted by the position of the run in the batch and by step.

    `threshold` of success is by default that of each run's task.

    A run that failed before its first row keeps one, at step 0 with empty measures, so that it is counted.
    A sparsity error of NaN (the network reports none) becomes null; other NaN stay.
    """
    order = np.lexsort((batch.steps, batch.run_index))
    recorded = {name: "steps" if name == "step" else name for name in schema("measure")}
    measures = pl.DataFrame(
        {
            "_run": batch.run_index[order],
            **{
                name: getattr(batch, attribute)[order]
                for name, attribute in recorded.items()
                if hasattr(batch, attribute)
            },
        },
        schema_overrides=schema("measure"),
    ).with_columns(pl.col("sparsity_error").fill_nan(None))
    table = (
        _run_table(batch, threshold)
        .join(measures, on="_run", how="left", maintain_order="left_right")
        .with_columns(pl.col("step").fill_null(0))
    )
    table = with_later_columns(table.hstack(_weight_columns(batch, order, table)))
    return table.drop("_run").select(in_order(table.drop("_run").columns))


def records_labels(runs: Sequence[AnyRun]) -> pl.DataFrame:
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
    return pl.DataFrame(rows, schema=schema("label")).hstack(_parameter_columns(runs))


def _run_table(batch: BatchResult, threshold: float | None) -> pl.DataFrame:
    outcome = {
        "status": batch.status,
        "failed_step": batch.failed_step,
        "reason": batch.reason,
        "threshold": [thresholds.threshold(run.task) if threshold is None else threshold for run in batch.runs],
    }
    return (
        records_labels(batch.runs)
        .hstack(pl.DataFrame(outcome, schema=schema("outcome")))
        .with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("_run"))
    )


def _text(value: object | None) -> str | None:
    return None if value is None else str(value)


def _parameter_columns(runs: Sequence[AnyRun]) -> list[pl.Series]:
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


def _weight_columns(batch: BatchResult, order: np.ndarray, table: pl.DataFrame) -> list[pl.Series]:
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
