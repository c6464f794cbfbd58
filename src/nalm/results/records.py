"""The long table: one row per run and logged step."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from nalm.errors import InputError
from nalm.results.columns import described_metrics, is_reserved, is_weight, schema, version_of
from nalm.runs import AnyRun
from nalm.runs.record import BatchResult
from nalm.tasks import thresholds


@dataclass(frozen=True)
class Records:
    """The long table, and what its columns are.

    Attributes:
        table: One row per run and logged step.
        metrics: The columns, beside those that every table has, that hold metrics of a step.
    """

    table: pl.DataFrame
    metrics: tuple[str, ...] = ()

    @property
    def parameters(self) -> list[str]:
        """The columns that hold parameters of the study."""
        return [name for name in self.table.columns if not is_reserved(name) and name not in self.metrics]

    @property
    def version(self) -> int:
        """The first version of the records that can hold them."""
        return version_of(self.table.columns, self.metrics)

    def in_order(self) -> Records:
        """Put the columns in order: labels, measures, metrics, weights, parameters, outcome; absent ones are null."""
        given = self.table.columns
        absent = {name: dtype for name, dtype in schema().items() if name not in given}
        names = [
            *schema("label", "measure"),
            *self.metrics,
            *sorted(filter(is_weight, given), key=lambda name: int(name[1:])),
            *self.parameters,
            *schema("outcome"),
        ]
        complete = self.table.with_columns(pl.lit(None, dtype=dtype).alias(name) for name, dtype in absent.items())
        return Records(complete.select(names), self.metrics)


def as_records(table: pl.DataFrame | Records) -> Records:
    """Return records; metrics of a bare table are those that `nalm.results.columns.COLUMNS` describes."""
    return table if isinstance(table, Records) else Records(table, tuple(described_metrics(table.columns)))


def check_parameters(table: pl.DataFrame | Records) -> None:
    """Check that what counts as a parameter of the study in a bare table can be one.

    Raises:
        InputError: a column changes within a run.
    """
    records = as_records(table)
    for name in records.parameters:
        if records.table.select((pl.col(name).n_unique().over("run") > 1).any()).item():
            raise InputError(
                f"records: column {name!r} changes within a run, so it is no parameter of a study; "
                "where it is a metric, pass Store.read(), which knows it"
            )


def records_table(batch: BatchResult, threshold: float | None = None) -> Records:
    """Return the long table of a batch, sorted by the position of the run in the batch and by step.

    `threshold` of success is by default that of each run's task.

    A run that failed before its first row keeps one, at step 0 with empty measures, so that it is counted.
    A sparsity error of NaN (the network reports none) becomes null; other NaN stay.

    Raises:
        InputError: a parameter of a run has the name of a column.
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
    return Records(table.hstack(_weight_columns(batch, order, table)).drop("_run")).in_order()


def records_labels(runs: Sequence[AnyRun], metrics: Sequence[str] = ()) -> pl.DataFrame:
    """Return the labels and parameters of runs, one row each.

    Raises:
        InputError: a parameter has the name of one of `metrics` or of another column.
    """
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
    return pl.DataFrame(rows, schema=schema("label")).hstack(_parameter_columns(runs, metrics))


def _run_table(batch: BatchResult, threshold: float | None) -> pl.DataFrame:
    outcome = {
        "status": batch.status,
        "failed_step": batch.failed_step,
        "reason": batch.reason,
        "threshold": [thresholds.threshold(run.task) if threshold is None else threshold for run in batch.runs],
    }
    return (
        records_labels(batch.runs)
        .hstack(pl.DataFrame(outcome, schema_overrides=schema("outcome")))
        .with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("_run"))
    )


def _text(value: object | None) -> str | None:
    return None if value is None else str(value)


def _parameter_columns(runs: Sequence[AnyRun], metrics: Sequence[str]) -> list[pl.Series]:
    """Return one column per swept parameter; integers stay integers, what is neither number nor text is
    written as JSON."""
    columns = []
    for name in dict.fromkeys(name for run in runs for name in run.parameters):
        if is_reserved(name) or name in metrics:
            what = "metric of its runs" if name in metrics else "column of the records"
            raise InputError(f"study {runs[0].study}: parameter {name!r} has the name of a {what}; give it another")
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
