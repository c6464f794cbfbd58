"""What kinds of figures share in reading records: which models there are, and how they are called."""

from __future__ import annotations

from collections.abc import Sized

import polars as pl

from nalm.errors import InputError
from nalm.figures.series.titles import model_title
from nalm.results.records import Records

SOLVED = "solved"
"""Name, in studies, of the network whose accumulator or output stage is the operation itself."""

STATIC, SEQUENTIAL = "static-digits", "sequential-digits"
"""Kinds of tasks."""


def check_not_empty(results: Sized) -> None:
    """Refuse a long table without rows, or a summary without groups.

    Raises:
        InputError: it has none.
    """
    if not len(results):
        raise InputError("figure: there are no finished runs to show; nalm run trains them")


def tasks_of(records: pl.DataFrame) -> list[str]:
    """Return the kinds of the tasks of all runs.

    Raises:
        InputError: there are none.
    """
    check_not_empty(records)
    return records["task"].unique(maintain_order=True).to_list()


def at_one_point(records: Records, what: str) -> pl.DataFrame:
    """Return the long table of runs of one operation and one value of each swept key, which a figure puts together.

    Args:
        records: Of a store.
        what: What is to be shown, for the message.

    Raises:
        InputError: they differ in one.
    """
    for name in ("operation", *records.parameters):
        values = records.table[name].unique(maintain_order=True).to_list()
        if len(values) > 1:
            raise InputError(
                f"{what}: these runs differ in {name} ({', '.join(map(str, values))}); "
                f"choose one, such as --only {name}={values[0]}"
            )
    return records.table


def static_runs(records: pl.DataFrame, what: str) -> list[str]:
    """Return the ids of all runs, if they are of the static digit task.

    Args:
        records: The long table of a store.
        what: What is to be shown, for the message.

    Raises:
        InputError: there are none, or they are of another task.
    """
    tasks = tasks_of(records)
    if tasks != [STATIC]:
        raise InputError(
            f"{what}: shown of the task {STATIC!r} alone; these results are of {', '.join(map(repr, tasks))}"
        )
    return records["run"].unique(maintain_order=True).to_list()


def models_of(records: pl.DataFrame) -> list[str]:
    """Return the names of the models in the order of the study."""
    return records["unit"].unique(maintain_order=True).to_list()


def rows_of(records: pl.DataFrame, model: str) -> pl.DataFrame:
    """Return the rows of a model."""
    return records.filter(unit=model)


def stage_title(model: str, records: pl.DataFrame) -> str:
    """Return how an output stage of the static task is called; a solved one by its operation."""
    if model == SOLVED:
        return str(rows_of(records, model)["operation"][0])
    return model_title(model)
