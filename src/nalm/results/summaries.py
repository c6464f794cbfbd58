"""The summary of a results folder: which way its runs are summarised, their task says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import polars as pl

from nalm.results.lengths import summarise_last_epoch, summarise_lengths
from nalm.results.records import Records
from nalm.results.selection import WINDOW
from nalm.results.summary import Group, summarise
from nalm.studies import Study

Summarise = Callable[[Records, Study | None, int], list[Group]]


class HasStudy(Protocol):
    """A `nalm.results.Store`, or part of one."""

    @property
    def study(self) -> Study | None:
        """The study, if known."""

    def read(self) -> Records:
        """Return the long table."""


def _summarise(records: Records, study: Study | None, window: int) -> list[Group]:
    del study
    return summarise(records, window)


SUMMARIES: dict[str, Summarise] = {
    "single-module": _summarise,
    "arithmetic-dataset": _summarise,
    "static-digits": summarise_last_epoch,
    "sequential-digits": summarise_lengths,
}
"""How runs are summarised, by the kind of their task; those of other kinds by their best step."""


def summary_of(results: HasStudy) -> list[Group]:
    """Return the summary of all finished runs, with the study's window of rows (`nalm.results.summarise`).

    Groups of the sequential digit task have the length of the test sequences as their parameter `length`.

    Args:
        results: an open store.

    Raises:
        StoreError: damaged records.
    """
    records, study = results.read(), results.study
    tasks: dict[Summarise, list[str]] = {}
    for task in records.table["task"].unique(maintain_order=True):
        tasks.setdefault(SUMMARIES.get(task, _summarise), []).append(task)
    return [
        group
        for way, kinds in tasks.items()
        for group in way(
            Records(records.table.filter(pl.col("task").is_in(kinds)), records.metrics),
            study,
            study.selection_window if study else WINDOW,
        )
    ]
