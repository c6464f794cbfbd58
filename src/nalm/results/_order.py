"""The order of rows: as the study lists them, else as the papers do."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from nalm.results._columns import parameter_names
from nalm.units import names

_Key = tuple[Any, ...]


def sort_rows(records: pl.DataFrame) -> pl.DataFrame:
    """Sort the long table by unit (as `nalm units` lists them), operation, range, parameters, seed and
    step."""
    keys = ["unit", "operation", "interpolation_range", "extrapolation_range"]
    keys += parameter_names(records.columns)
    groups = records.select(keys).unique()
    rows = sorted(
        groups.rows(), key=lambda row: tuple(_sort_key(*pair) for pair in zip(keys, row, strict=True))
    )
    ranked = pl.DataFrame(rows, schema=groups.schema, orient="row").with_row_index("_rank")
    return (
        records.join(ranked, on=keys, how="left", nulls_equal=True)
        .sort("_rank", "seed", "run", "step", maintain_order=True)
        .drop("_rank")
    )


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
    except (ValueError, TypeError, IndexError):
        return (2, text)
