"""Summaries of the digit tasks: what a table or figure says of their runs.

The static task has no published success threshold: its groups hold the metrics of the last epoch. The sequential
task is judged at each length of its test sequences, against runs of the reference, whose accumulator is solved.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from nalm.errors import InputError
from nalm.results.columns import is_metric, parameter_names, schema
from nalm.results.selection import select_best
from nalm.results.statistics import t_interval
from nalm.results.summary import GROUP, Group, entry, group_parameters, summarise
from nalm.studies import DigitCell, Study, cells
from nalm.tasks.sequential_digits import SequentialDigits

LENGTH = "length"
"""Parameter of the groups of the sequential task: length of the test sequences."""

_STATIC, _SEQUENTIAL = "static-digits", "sequential-digits"

# metrics of a test length, in the columns of `by_length`
_OF_LENGTH = ("test_error", "test_accuracy", "test_last_accuracy")


def is_digits(records: pl.DataFrame) -> bool:
    """Return whether these are records of a digit task."""
    return bool({_STATIC, _SEQUENTIAL} & set(records["task"].unique()))


def summarise_digits(records: pl.DataFrame, study: Study | None, window: int) -> list[Group]:
    """Summarise the long table of runs of a digit task.

    Groups are those of `nalm.results.summary.summarise`, with `metrics` besides: by name, the mean over runs and its
    95 % t interval, of values that are finite. Those of the sequential task have the parameter `length`; success is
    undefined (null) if fewer than two runs of the reference learned the digits.

    Args:
        records: The long table of a store.
        study: Its study.
        window: Rows from the last among which the best epoch of a sequential run is chosen.
    """
    groups = []
    for (task,), part in records.group_by("task", maintain_order=True):
        if task == _SEQUENTIAL:
            lengths = by_length(part, study)
            best = select_best(lengths, window).select("run", step="best_step")
            chosen = lengths.join(best, on=["run", "step"], how="semi")
            groups += _with_metrics(_together(summarise(lengths, window)), chosen, _OF_LENGTH)
        else:
            last = last_rows(part)
            groups += _with_metrics(summarise(part, window=1), last, filter(_is_shown_metric, last.columns))
    return groups


def last_rows(records: pl.DataFrame) -> pl.DataFrame:
    """Return the row of the last evaluated epoch of each run."""
    return records.filter(pl.col("step") == pl.col("step").max().over("run"))


def test_lengths(records: pl.DataFrame) -> list[int]:
    """Return the lengths of the test sequences of which the records tell."""
    names = (name.removeprefix("test_").removesuffix("_error") for name in records.columns if is_metric(name))
    return sorted(int(name) for name in names if name.isdigit())


def by_length(records: pl.DataFrame, study: Study | None) -> pl.DataFrame:
    """Return the long table of the sequential task with one row per run, step and test length.

    The length is the parameter `length`, the run's id has it behind a colon, `extrapolation_error` is the error at
    this length, and `threshold` the one of this length; null if the references do not give one.
    """
    parameters = parameter_names(records.columns)
    points = records.group_by(parameters, maintain_order=True) if parameters else [((), records)]
    return pl.concat(
        _at_length(part, length, thresholds.get(length))
        for values, part in points
        for thresholds in [reference_thresholds(records, study, dict(zip(parameters, values, strict=True)))]
        for length in test_lengths(records)
    )


def _at_length(records: pl.DataFrame, length: int, threshold: float | None) -> pl.DataFrame:
    # the study's own threshold wins where it has one
    own = pl.col("threshold").cast(pl.Float64)
    return records.select(
        *(name for name in schema("label", "measure") if name != "extrapolation_error"),
        "epoch",
        *parameter_names(records.columns),
        *(name for name in schema("outcome") if name != "threshold"),
        pl.col(f"test_{length}_error").alias("extrapolation_error"),
        pl.col(f"test_{length}_error").alias("test_error"),
        pl.col(f"test_{length}_accuracy").alias("test_accuracy"),
        pl.col(f"test_{length}_last_accuracy").alias("test_last_accuracy"),
        pl.coalesce(own, pl.lit(threshold, dtype=pl.Float64)).alias("threshold"),
        pl.lit(length, dtype=pl.Int64).alias(LENGTH),
    ).with_columns(pl.format("{}:{}", "run", pl.lit(length)).alias("run"))


def reference_thresholds(
    records: pl.DataFrame, study: Study | None, point: Mapping[str, Any] | None = None
) -> dict[int, float]:
    """Return the error of each test length below which a run is solved; empty if the references give none.

    Args:
        records: The long table.
        study: The study.
        point: Of the study's grid: each has references of its own, unless all share one.
    """
    from nalm.digits import EpochRecord, accumulator_thresholds

    reference = _reference(study, point or {})
    if reference is None:
        return {}
    names = [name for name in records.columns if is_metric(name) and name != "epoch"]
    runs: dict[int, list[EpochRecord]] = {}
    for row in records.filter(unit=reference.label).sort("step").iter_rows(named=True):
        metrics = {name: row[name] for name in names if row[name] is not None}
        if "validation_error" in metrics and _is_at(reference, row):
            runs.setdefault(row["seed"], []).append(EpochRecord(row["epoch"], row["step"], metrics))
    assert isinstance(reference.task, SequentialDigits)
    try:
        return accumulator_thresholds(reference.task, runs)
    except InputError:
        return {}


def _reference(study: Study | None, point: Mapping[str, Any]) -> DigitCell | None:
    """The cell of the study whose accumulator is solved, at a point of its grid."""
    references = [
        cell
        for cell in (cells(study) if study else ())
        if isinstance(cell, DigitCell) and isinstance(cell.task, SequentialDigits) and cell.task.cell == "solved"
    ]
    if len(references) == 1:
        return references[0]
    return next((cell for cell in references if _is_at(cell, point)), None)


def _is_at(cell: DigitCell, point: Mapping[str, Any]) -> bool:
    # in a table with other tasks a parameter may have become a text
    return all(str(point.get(name)) == str(value) for name, value in cell.parameters.items())


def _together(groups: Sequence[Group]) -> list[Group]:
    """All lengths of a network one after the other."""

    def network(group: Group) -> tuple[Any, ...]:
        return tuple(group[key] for key in (*GROUP, *group_parameters(groups)) if key != LENGTH)

    order = list(dict.fromkeys(map(network, groups)))
    return sorted(groups, key=lambda group: order.index(network(group)))


def _is_shown_metric(name: str) -> bool:
    return name != "epoch" and is_metric(name)


def _with_metrics(groups: Sequence[Group], rows: pl.DataFrame, metrics: Iterable[str]) -> list[Group]:
    keys = [*GROUP, *parameter_names(rows.columns)]
    names = list(metrics)
    parts = dict(rows.group_by(keys, maintain_order=True))
    return [
        {
            **group,
            "epochs": int(part["epoch"].max()),  # type: ignore[arg-type]
            "metrics": {name: interval for name in names if (interval := _mean(part, name)) is not None},
        }
        for group in groups
        for part in [parts[tuple(group[key] for key in keys)]]
    ]


def _mean(rows: pl.DataFrame, name: str) -> Mapping[str, Any] | None:
    values = [value for value in rows[name].drop_nulls() if math.isfinite(value)]
    most = 1.0 if name.endswith("_accuracy") else math.inf
    return entry(t_interval(values, least=0.0, most=most)) if values else None
