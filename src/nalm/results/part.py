"""Some runs of a results folder, as figures read a whole one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import polars as pl

from nalm.errors import InputError
from nalm.results.records import Records
from nalm.studies import select_texts

if TYPE_CHECKING:
    import numpy as np

    from nalm.studies import Study

Reduced = TypeVar("Reduced")

_LABELS = ("unit", "operation", "interpolation_range", "extrapolation_range", "seed")


class Whole(Protocol):
    """A `nalm.results.Store`, or part of one."""

    @property
    def study(self) -> Study | None:
        """The study, if known."""

    def records(self) -> pl.DataFrame:
        """Return the long table."""

    def read(self) -> Records:
        """Return the long table, and which of its columns are metrics."""

    def each(self, reduce: Callable[[Records], Reduced]) -> list[Reduced]:
        """Return what `reduce` makes of the records of each batch."""

    def weights(self, run: str) -> Mapping[str, np.ndarray]:
        """Return the final parameters of a run by name."""


class Part:
    """The runs of results that match, read as a whole results folder is.

    Args:
        results: an open store.
        only: value, or alternatives, by key: `unit`, `operation`, `interpolation_range`, `extrapolation_range`, `seed`,
            or a key that the study sweeps. All keys must match.

    Raises:
        InputError: an unknown key, a value that no finished run has, or a combination that none has.
        StoreError: damaged records.
    """

    def __init__(self, results: Whole, only: Mapping[str, Any]) -> None:
        self._results = results
        self._runs = pl.Series("run", _matching(results, only), dtype=pl.String)

    @property
    def study(self) -> Study | None:
        """The study, if known."""
        return self._results.study

    def records(self) -> pl.DataFrame:
        """Return the long table of these runs."""
        return self._own(self._results.records())

    def read(self) -> Records:
        """Return the long table of these runs, and which of its columns are metrics."""
        records = self._results.read()
        return Records(self._own(records.table), records.metrics)

    def each(self, reduce: Callable[[Records], Reduced]) -> list[Reduced]:
        """Return what `reduce` makes of the records of each batch that has some of these runs."""

        def own(records: Records) -> tuple[Reduced, ...]:
            table = self._own(records.table)
            return (reduce(Records(table, records.metrics)),) if len(table) else ()

        return [reduced for part in self._results.each(own) for reduced in part]

    def weights(self, run: str) -> Mapping[str, np.ndarray]:
        """Return the final parameters of a run by name."""
        return self._results.weights(run)

    def _own(self, table: pl.DataFrame) -> pl.DataFrame:
        return table.filter(pl.col("run").is_in(self._runs.implode()))


def _matching(results: Whole, only: Mapping[str, Any]) -> list[str]:
    parts = results.each(lambda records: (_labels(records.table, records.parameters), records.parameters))
    parameters = list(dict.fromkeys(name for _, names in parts for name in names))
    labels = pl.concat([table for table, _ in parts], how="diagonal_relaxed") if parts else pl.DataFrame()
    if not len(labels):
        raise InputError("only: there are no finished runs to show; nalm run trains them")
    rows = labels.unique("run", maintain_order=True).to_dicts()
    return select_texts(rows, only, (*_LABELS, *parameters))


def _labels(table: pl.DataFrame, parameters: Sequence[str]) -> pl.DataFrame:
    return table.select("run", *_LABELS, *parameters).unique("run", maintain_order=True)
