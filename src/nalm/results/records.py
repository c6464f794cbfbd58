"""The long table: one row per run and logged step."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from nalm.errors import InputError
from nalm.results.columns import ACHIEVED, column_of, described_metrics, is_reserved, is_weight, schema, version_of
from nalm.runs import Run
from nalm.runs.record import TrainedRuns


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


def joined(parts: Sequence[Records]) -> Records:
    """Put records together; of runs that are in several parts, which have equal rows, the first are taken.

    Raises:
        InputError: a column is a metric in one part and a parameter in another.
    """
    tables: list[pl.DataFrame] = [pl.DataFrame(schema=schema())]
    seen: set[str] = set()
    for part in parts:
        runs = set(part.table["run"].unique())
        tables.append(part.table.filter(~pl.col("run").is_in(list(seen))) if runs & seen else part.table)
        seen |= runs
    metrics = tuple(dict.fromkeys(name for part in parts for name in part.metrics))
    for name in metrics:
        if any(name in part.parameters for part in parts):
            raise InputError(f"{name!r} is a metric of some runs and a parameter of the study in others")
    return Records(pl.concat(tables, how="diagonal_relaxed"), metrics).in_order()


def check_parameters(table: pl.DataFrame) -> None:
    """Check that what counts as a parameter of the study in a bare table can be one.

    Raises:
        InputError: a column changes within a run.
    """
    for name in as_records(table).parameters:
        if table.select((pl.col(name).n_unique().over("run") > 1).any()).item():
            raise InputError(
                f"records: column {name!r} changes within a run, so it is no parameter of a study; "
                "where it is a metric, pass Store.read(), which knows it"
            )


def records_table(trained: TrainedRuns, threshold: float | None = None) -> Records:
    """Return the long table of finished runs, sorted by their position and by step.

    `threshold` of success is by default that of each run's task, if it has one.

    A run that failed before its first row keeps one, at step 0 with empty measures, so that it is counted. Where a row
    has no value of a metric it is null; NaN stays.

    Raises:
        InputError: a metric, or a parameter of a run, has the name of another column.
    """
    order = np.lexsort((trained.steps, trained.run_index))
    steps = pl.DataFrame({"_run": trained.run_index[order], "step": trained.steps[order]})
    columns = [_metric_column(name, values[order]) for name, values in trained.metrics.items()]
    own = tuple(name for name in trained.metrics if name not in schema("measure"))
    table = (
        _run_table(trained, threshold, own)
        .join(steps.hstack(columns), on="_run", how="left", maintain_order="left_right")
        .with_columns(pl.col("step").fill_null(0))
    )
    return Records(table.hstack(_weight_columns(trained, order, table)).drop("_run"), own).in_order()


def records_labels(runs: Sequence[Run], metrics: Sequence[str] = ()) -> pl.DataFrame:
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


def _run_table(trained: TrainedRuns, threshold: float | None, metrics: Sequence[str]) -> pl.DataFrame:
    outcome = {
        "status": trained.status,
        "failed_step": trained.failed_step,
        "reason": trained.reason,
        "threshold": [run.task.threshold() if threshold is None else threshold for run in trained.runs],
    }
    return (
        records_labels(trained.runs, metrics)
        .hstack(pl.DataFrame(outcome, schema_overrides=schema("outcome")))
        .with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("_run"))
    )


def _metric_column(name: str, values: np.ndarray) -> pl.Series:
    column = column_of(name)
    if name in ("step", *ACHIEVED) or (column is not None and column.role not in ("measure", "metric")):
        raise InputError(f"metric {name!r} has the name of another column of the records; give it another")
    absent = pl.Series(np.ma.getmaskarray(values))
    if absent.all() and name not in schema("measure"):
        return pl.Series(name, absent).set(absent, None).cast(pl.Null())  # the type that such columns have had always
    series = pl.Series(name, np.ma.getdata(values)).set(absent, None)
    return series if column is None else series.cast(column.dtype)


def _text(value: object | None) -> str | None:
    return None if value is None else str(value)


def _parameter_columns(runs: Sequence[Run], metrics: Sequence[str]) -> list[pl.Series]:
    """Return one column per swept parameter; integers stay integers, what is neither number nor text is
    written as JSON."""
    columns = []
    for name in dict.fromkeys(name for run in runs for name in run.parameters):
        if is_reserved(name) or name in (*ACHIEVED, *metrics):
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


def _weight_columns(trained: TrainedRuns, order: np.ndarray, table: pl.DataFrame) -> list[pl.Series]:
    """Return one column per effective weight; null for runs that have fewer or none."""
    count = max((w.shape[1] for w in trained.weights if w is not None), default=0)
    if not count:
        return []
    filled = np.full((len(table), count), np.nan)
    present = np.zeros((len(table), count), dtype=bool)
    position = table["_run"].to_numpy()
    # rows of a run keep their order under the stable sort, and a run without rows has one row here and no
    # weights
    for index, weights in enumerate(trained.weights):
        if weights is not None and len(weights):
            rows = np.flatnonzero(position == index)
            by_step = np.argsort(trained.steps[trained.run_index == index], kind="stable")
            filled[rows, : weights.shape[1]] = weights[by_step]
            present[rows, : weights.shape[1]] = True
    return [
        pl.Series(f"w{k}", filled[:, k], dtype=pl.Float64()).set(pl.Series(~present[:, k]), None) for k in range(count)
    ]
