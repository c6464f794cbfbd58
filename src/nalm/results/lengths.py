"""Summaries of the digit tasks: what a table or figure says of their runs.

The static task has no published success threshold: its groups hold the metrics of the last epoch. The sequential
task is judged at each length of its test sequences, against runs of the reference, whose accumulator is solved.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from nalm.errors import InputError
from nalm.results.columns import schema
from nalm.results.records import Records, as_records
from nalm.results.summary import GROUP, Group, group_parameters, summarise
from nalm.studies import Condition, Study, conditions

LENGTH = "length"
"""Parameter of the groups of the sequential task: length of the test sequences."""

# metrics of a test length
_OF_LENGTH = re.compile(r"test_(\d+)_(.+)")


def summarise_last_epoch(records: Records, study: Study | None, window: int) -> list[Group]:
    """Summarise runs of the static task: by the metrics of their last epoch, whatever the window."""
    del study, window
    return summarise(records, window=1)


def summarise_lengths(records: Records, study: Study | None, window: int) -> list[Group]:
    """Summarise runs of the sequential task: a group per length of the test sequences, its parameter `length`.

    Success is undefined if fewer than two runs of the reference learned the digits.

    Args:
        records: Of the runs.
        study: Their study.
        window: Rows from the last among which the best epoch is chosen.
    """
    return _together(summarise(by_length(records, study), window))


def last_rows(records: pl.DataFrame) -> pl.DataFrame:
    """Return the row of the last evaluated epoch of each run."""
    return records.filter(pl.col("step") == pl.col("step").max().over("run"))


def metrics_by_length(records: Records) -> dict[int, dict[str, str]]:
    """Return the metrics of each length of the test sequences, shortest first: `test_error` to `test_5_error`, say."""
    found: dict[int, dict[str, str]] = {}
    for name in records.metrics:
        if match := _OF_LENGTH.fullmatch(name):
            found.setdefault(int(match[1]), {})[f"test_{match[2]}"] = name
    return {length: names for length, names in sorted(found.items()) if "test_error" in names}


def by_length(records: pl.DataFrame | Records, study: Study | None) -> Records:
    """Return the long table of the sequential task with one row per run, step and test length.

    The length is the parameter `length`, the run's id has it behind a colon, `extrapolation_error` is the error at
    this length, and `threshold` the one of this length; null if the references do not give one. Of the metrics, those
    of a length are kept, as `test_error` and so on.
    """
    records = as_records(records)
    parameters = records.parameters
    points = records.table.group_by(parameters, maintain_order=True) if parameters else [((), records.table)]
    lengths = metrics_by_length(records)
    metrics = tuple(dict.fromkeys(name for names in lengths.values() for name in names))
    table = pl.concat(
        _at_length(Records(part, records.metrics), length, names, metrics, thresholds.get(length))
        for values, part in points
        for thresholds in [reference_thresholds(records, study, dict(zip(parameters, values, strict=True)))]
        for length, names in lengths.items()
    )
    return Records(table, ("epoch", *metrics))


def _at_length(
    records: Records, length: int, names: Mapping[str, str], metrics: Sequence[str], threshold: float | None
) -> pl.DataFrame:
    # the study's own threshold wins where it has one
    own = pl.col("threshold").cast(pl.Float64)
    absent = pl.lit(None, dtype=pl.Float64)
    return records.table.select(
        *(name for name in schema("label", "measure") if name != "extrapolation_error"),
        "epoch",
        *records.parameters,
        *(name for name in schema("outcome") if name != "threshold"),
        pl.col(names["test_error"]).alias("extrapolation_error"),
        *((pl.col(names[name]) if name in names else absent).alias(name) for name in metrics),
        pl.coalesce(own, pl.lit(threshold, dtype=pl.Float64)).alias("threshold"),
        pl.lit(length, dtype=pl.Int64).alias(LENGTH),
    ).with_columns(pl.format("{}:{}", "run", pl.lit(length)).alias("run"))


def reference_thresholds(
    records: pl.DataFrame | Records, study: Study | None, point: Mapping[str, Any] | None = None
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
    records = as_records(records)
    names = [name for name in records.metrics if name != "epoch"]
    runs: dict[int, list[EpochRecord]] = {}
    for row in records.table.filter(unit=reference.label).sort("step").iter_rows(named=True):
        metrics = {name: row[name] for name in names if row[name] is not None}
        if "validation_error" in metrics and _is_at(reference, row):
            runs.setdefault(row["seed"], []).append(EpochRecord(row["epoch"], row["step"], metrics))
    assert reference.task.kind == "sequential-digits"
    try:
        return accumulator_thresholds(reference.task, runs)
    except InputError:
        return {}


def _reference(study: Study | None, point: Mapping[str, Any]) -> Condition | None:
    """The condition of the study whose accumulator is solved, at a point of its grid."""
    references = [
        condition
        for condition in (conditions(study) if study else ())
        if condition.task.kind == "sequential-digits" and condition.task.cell == "solved"
    ]
    if len(references) == 1:
        return references[0]
    return next((condition for condition in references if _is_at(condition, point)), None)


def _is_at(condition: Condition, point: Mapping[str, Any]) -> bool:
    # in a table with other tasks a parameter may have become a text
    return all(str(point.get(name)) == str(value) for name, value in condition.parameters.items())


def _together(groups: Sequence[Group]) -> list[Group]:
    """All lengths of a network one after the other."""

    def network(group: Group) -> tuple[Any, ...]:
        return tuple(group.value_of(key) for key in (*GROUP, *group_parameters(groups)) if key != LENGTH)

    order = list(dict.fromkeys(map(network, groups)))
    return sorted(groups, key=lambda group: order.index(network(group)))
