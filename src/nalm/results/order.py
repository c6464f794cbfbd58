"""The order of rows: as the study lists them, else as the papers do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from nalm.results.records import Records, as_records, records_labels
from nalm.results.selection import BestSteps
from nalm.studies import Study, expand
from nalm.units import names

_Key = tuple[Any, ...]


def sort_rows(records: Records | pl.DataFrame, study: Study | None = None) -> pl.DataFrame:
    """Sort the long table by group, seed and step.

    Groups (unit, operation, ranges, parameters) stand as `study` lists them; those it does not list follow,
    units as `nalm units` lists them, ranges as in the papers' scripts, parameters by value.
    """
    records = as_records(records)
    return _sorted(records.table, records.parameters, study, "step")


def sort_best(best: BestSteps, study: Study | None = None) -> BestSteps:
    """Sort what runs achieved by group and seed, as `sort_rows` does."""
    return replace(best, table=_sorted(best.table, best.parameters, study))


def _sorted(table: pl.DataFrame, parameters: Sequence[str], study: Study | None, *last: str) -> pl.DataFrame:
    keys = ["unit", "operation", "interpolation_range", "extrapolation_range", *parameters]
    groups = table.select(keys).unique()
    listed = _listed_groups(study, keys)

    def place(row: tuple[Any, ...]) -> _Key:
        position = listed.get(_texts(row))
        return (position,) if position is not None else (len(listed), *map(_sort_key, keys, row))

    ranked = pl.DataFrame(sorted(groups.rows(), key=place), schema=groups.schema, orient="row").with_row_index("_rank")
    return (
        table.join(ranked, on=keys, how="left", nulls_equal=True)
        .sort("_rank", "seed", "run", *last, maintain_order=True)
        .drop("_rank")
    )


def _listed_groups(study: Study | None, keys: Sequence[str]) -> dict[tuple[str, ...], int]:
    if study is None:
        return {}
    one_run_each = records_labels(expand(study, seeds=(0,)))
    absent = [pl.lit(None).alias(key) for key in keys if key not in one_run_each.columns]
    rows = one_run_each.with_columns(absent).select(keys).rows()
    return {_texts(row): position for position, row in reversed(list(enumerate(rows)))}


def _texts(row: Sequence[Any]) -> tuple[str, ...]:
    """Integers and equal floats alike, whatever type a column has taken in a file."""
    return tuple(str(float(value)) if isinstance(value, (int, float)) else str(value) for value in row)


def _sort_key(name: str, value: Any) -> _Key:
    if value is None:
        return (0,)
    if name == "unit":
        return unit_key(value)
    if name.endswith("_range"):
        return range_key(value)
    if isinstance(value, str):
        return (2, value)
    return (1, value)


def unit_key(label: str) -> _Key:
    """Sort labels of networks as the registry of units does; labels of several units follow, by name."""
    order = names()
    return (1, order.index(label)) if label in order else (2, label)


def range_key(text: str) -> _Key:
    """Sort ranges as the papers' launch scripts do: negative ones, mirrored ones, positive ones, each by
    lower bound."""
    try:
        bounds = json.loads(text)
        first, last = bounds if not isinstance(bounds[0], list) else (bounds[0][0], bounds[-1][1])
        side = 0 if last <= 0 else 2 if first >= 0 else 1
        return (1, side, float(first), float(last))
    except (ValueError, TypeError, IndexError, RecursionError):
        return (2, text)
