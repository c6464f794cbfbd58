"""The summary of a results folder: which way its runs are summarised, their task says."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeVar

import polars as pl

from nalm.errors import InputError, StoreError
from nalm.results.lengths import summarise_last_epoch, summarise_lengths
from nalm.results.order import sort_best, sort_rows
from nalm.results.records import Records, joined
from nalm.results.selection import WINDOW, BestSteps
from nalm.results.summary import Group, summarise_best
from nalm.studies import Study

Reduced = TypeVar("Reduced")

Summarise = Callable[[Records, Study | None, int], list[Group]]


class HasStudy(Protocol):
    """A `nalm.results.Store`, or part of one."""

    @property
    def study(self) -> Study | None:
        """The study, if known."""

    def each(self, reduce: Callable[[Records], Reduced]) -> list[Reduced]:
        """Return what `reduce` makes of the records of each batch."""


SUMMARIES: dict[str, Summarise] = {
    "static-digits": summarise_last_epoch,
    "sequential-digits": summarise_lengths,
}
"""How runs are summarised, by the kind of their task; those of other kinds by their best step, each batch alone."""


def summary_of(results: HasStudy) -> list[Group]:
    """Return the summary of all finished runs, with the study's window of rows (`nalm.results.summarise`).

    Groups of the sequential digit task have the length of the test sequences as their parameter `length`.

    Args:
        results: an open store.

    Raises:
        StoreError: damaged records.
    """
    study = results.study
    window = study.selection_window if study else WINDOW
    parts = results.each(lambda records: _Part.of(records, window))
    best = [part.best for part in parts if part.best is not None]
    ways = dict.fromkeys(way for part in parts for way in part.others)
    try:
        groups = summarise_best(sort_best(BestSteps.joined(best), study)) if best else []
        for way in ways:
            records = joined([part.others[way] for part in parts if way in part.others])
            groups += way(Records(sort_rows(records, study), records.metrics), study, window)
    except InputError as error:
        raise StoreError(str(error)) from None
    return groups


class _Part(NamedTuple):
    """What the summary needs of a batch: the best steps of most runs, all rows of those with a way of their own."""

    best: BestSteps | None
    others: dict[Summarise, Records]

    @classmethod
    def of(cls, records: Records, window: int) -> _Part:
        kinds: dict[Summarise | None, list[str]] = {}
        for task in records.table["task"].unique(maintain_order=True):
            kinds.setdefault(SUMMARIES.get(task), []).append(task)
        own = {
            way: Records(records.table.filter(pl.col("task").is_in(tasks)), records.metrics)
            for way, tasks in kinds.items()
        }
        plain = own.get(None)
        others = {way: part for way, part in own.items() if way is not None}
        return cls(None if plain is None else BestSteps.of(plain, window), others)
