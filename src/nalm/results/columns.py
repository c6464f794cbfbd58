"""Columns of the long table: what there is, of which type, and since which version of the records.

A file of records has every label, measure and outcome of its version. Metrics, weights and parameters of the study are
there where the runs have them. Which columns are metrics, a file notes; one of version 1 does not, and its metrics are
those whose name a row of `COLUMNS` describes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from math import inf
from typing import Literal

import polars as pl

Role = Literal["label", "measure", "metric", "weight", "parameter", "outcome"]

_REQUIRED: tuple[Role, ...] = ("label", "measure", "outcome")


@dataclass(frozen=True)
class Column:
    """A column, or columns with names of one form.

    Attributes:
        name: As documents write it.
        dtype: Of its values.
        role: A label of the run, a measure or another metric of its step, a weight of the network, a parameter of the
            study, or the run's outcome.
        meaning: One sentence.
        since: First version of the records that has it; in files of earlier versions it reads as null.
        pattern: Regular expression of the names, where they are several.
        least: Of the values; means with intervals do not go below.
        most: Of the values.
    """

    name: str
    dtype: pl.DataType
    role: Role
    meaning: str
    since: int = 1
    pattern: str | None = None
    least: float = -inf
    most: float = inf

    def describes(self, name: str) -> bool:
        """Return whether a column called `name` is this one."""
        return name == self.name if self.pattern is None else re.fullmatch(self.pattern, name) is not None


_TEXT, _COUNT, _NUMBER = pl.String(), pl.Int64(), pl.Float64()

COLUMNS = (
    Column("run", _TEXT, "label", "name of the run"),
    Column("study", _TEXT, "label", "name of the study"),
    Column("task", _TEXT, "label", "kind of the task"),
    Column("unit", _TEXT, "label", "label of the network"),
    Column("operation", _TEXT, "label", "what is learnt"),
    Column("interpolation_range", _TEXT, "label", "where inputs of training and validation lie"),
    Column("extrapolation_range", _TEXT, "label", "where inputs of the test lie"),
    Column("seed", _COUNT, "label", "seed of the run"),
    Column("step", _COUNT, "measure", "number of updates made before this row", least=0.0),
    Column("train_loss", _NUMBER, "measure", "criterion on the training batch of the step"),
    Column("penalty_loss", _NUMBER, "measure", "weighted penalties of the step"),
    Column("interpolation_error", _NUMBER, "measure", "mean squared error on the validation set", least=0.0),
    Column("extrapolation_error", _NUMBER, "measure", "mean squared error on the test set", least=0.0),
    Column("sparsity_error", _NUMBER, "measure", "distance of the worst weight from {-1, 0, 1}", least=0.0),
    Column("epoch", _COUNT, "metric", "epochs done, of digit tasks", least=0.0),
    Column("…_loss", _NUMBER, "metric", "a criterion", pattern=".*_loss", least=0.0),
    Column("…_error", _NUMBER, "metric", "a mean squared error", pattern=".*_error", least=0.0),
    Column("…_accuracy", _NUMBER, "metric", "a share of right answers", pattern=".*_accuracy", least=0.0, most=1.0),
    Column("…_label", _NUMBER, "metric", "digits as the image network reads them", pattern=".*_label"),
    Column("w0, w1, …", _NUMBER, "weight", "effective weights, row by row, of at most 16", pattern=r"w\d+"),
    Column("status", _TEXT, "outcome", "`finished`, `failed` or `stopped`"),
    Column("failed_step", _COUNT, "outcome", "update after which a failed run was not finite"),
    Column("reason", _TEXT, "outcome", "why a run failed or was stopped"),
    Column("threshold", _NUMBER, "outcome", "extrapolation error below which the run counts as solved"),
)
"""The columns, in order; a new one has a `since` of `newest_version()` + 1. Other names are metrics that a trainer
reports, and parameters of the study."""

ACHIEVED = ("rows", "best_step", "solved", "solved_at", "interpolation_solved_at")
"""What `nalm.results.select_best` says of a run beside its columns."""

METRICS_NOTED = 2
"""First version of the records whose files note which of their columns are metrics."""


def newest_version() -> int:
    """Return the newest version of the records that this nalm reads and writes."""
    return max(METRICS_NOTED, *(column.since for column in COLUMNS))


def column_of(name: str) -> Column | None:
    """Return the row of `COLUMNS` that describes a column, if there is one."""
    return next((column for column in COLUMNS if column.describes(name)), None)


def schema(*roles: Role, version: int | None = None) -> dict[str, pl.DataType]:
    """Return name and type of the columns that every file of `version` has, of these roles or of all."""
    return {
        column.name: column.dtype
        for column in COLUMNS
        if column.role in (roles or _REQUIRED) and (version is None or column.since <= version)
    }


def is_weight(name: str) -> bool:
    """Return whether a column holds an effective weight."""
    column = column_of(name)
    return column is not None and column.role == "weight"


def is_reserved(name: str) -> bool:
    """Return whether neither a metric nor a parameter can have this name."""
    column = column_of(name)
    return column is not None and column.role != "metric"


def described_metrics(names: Iterable[str], version: int | None = None) -> list[str]:
    """Return the metrics among the columns of a table that does not say which they are: those in `COLUMNS`.

    Args:
        names: Of the columns.
        version: Without rows that came later.
    """
    rows = [(name, column_of(name)) for name in names]
    return [
        name
        for name, column in rows
        if column is not None and column.role == "metric" and (version is None or column.since <= version)
    ]


def version_of(names: Collection[str], metrics: Iterable[str]) -> int:
    """Return the first version of the records in which a file can have these columns, of which these are metrics."""
    since = [column.since for column in COLUMNS if column.name in names]
    noted = set(metrics) != set(described_metrics(names, version=1))
    return max([1, *since, *[METRICS_NOTED] * noted])
