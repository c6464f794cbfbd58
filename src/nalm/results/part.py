"""Some runs of a results folder: what is read of it is of these alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import polars as pl

from nalm.errors import InputError
from nalm.results.columns import schema
from nalm.results.records import Records, joined
from nalm.results.store.folder import Store
from nalm.studies import choose_seeds, matching

Read = TypeVar("Read")

_KEYS = ("unit", "operation", "interpolation_range", "extrapolation_range", "seed")


class Part(Store):
    """A results folder of which some runs are read; nothing is written to it."""

    def __init__(self, store: Store, runs: frozenset[str]) -> None:
        super().__init__(store.path, store.study_toml)
        self._runs = runs

    def each(self, reduce: Callable[[Records], Read]) -> list[Read]:
        """See `Store.each`."""
        runs = list(self._runs)

        def reduced(records: Records) -> list[Read]:
            table = records.table.filter(pl.col("run").is_in(runs))
            return [reduce(Records(table, records.metrics))] if len(table) else []

        return [found for some in super().each(reduced) for found in some]


def part(store: Store, only: Mapping[str, Any] | None = None, seeds: Any = None) -> Store:
    """Return the runs of a folder with these values and seeds; all of them without either.

    Args:
        store: the folder.
        only: value, or list of alternatives, by key: unit, operation, a range, seed, or a key that the study sweeps.
        seeds: `"A:B"` or whole numbers.

    Raises:
        InputError: an unknown key, or a value, seed or combination that no run has.
        StoreError: a file is damaged.
    """
    if not only and seeds is None:
        return store
    labels = joined(store.each(_labels))
    rows = labels.table.to_dicts()
    if seeds is not None:
        wanted = frozenset(choose_seeds(seeds))
        rows = [row for row in rows if row["seed"] in wanted]
        if not rows:
            raise InputError(f"{store.path}: no run has one of the seeds {seeds}")
    keys = [*_KEYS, *labels.parameters]
    chosen = matching(rows, only or {}, keys, lambda row, key: row[key])
    return Part(store, frozenset(row["run"] for row in chosen))


def _labels(records: Records) -> Records:
    table = records.table.select(*schema("label"), *records.parameters).unique("run", maintain_order=True)
    return Records(table)
