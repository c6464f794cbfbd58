"""Records by panel and model: a panel for each combination of the keys that a figure names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from nalm.figures.series.titles import detail_text, order_key, unit_titles, varying
from nalm.results.titles import math_title, operation_title
from nalm.tasks import Range

RANGE = "interpolation_range"


@dataclass(frozen=True)
class Facet:
    """One panel.

    Attributes:
        title: What tells it from other panels; empty where there is but one.
        threshold: Of success, if all its runs have the same.
        rows: Of the models that it has, by position of the model.
    """

    title: str
    threshold: float | None
    rows: Mapping[int, pl.DataFrame]


def facets_of(records: pl.DataFrame, keys: Sequence[str]) -> tuple[tuple[str, ...], tuple[Facet, ...]]:
    """Return the titles of all models, and the panels in the order in which they first appear.

    Args:
        records: Rows of runs with `unit`, `threshold` and `keys`.
        keys: Each combination of their values is a panel.
    """
    names = unit_titles(records["unit"].unique(maintain_order=True))
    titles = {unit: math_title(name) or name for unit, name in names.items()}
    units = sorted(titles, key=lambda unit: order_key(titles[unit]))
    rows = records.select(keys).unique(maintain_order=True).rows(named=True) if keys else [{}]
    shown = varying(keys, rows, dict.__getitem__)
    facets = []
    for row in rows:
        own = records.filter(*(pl.col(key).eq_missing(pl.lit(value)) for key, value in row.items()))
        by_unit = {name: part for (name,), part in own.group_by("unit", maintain_order=True)}
        thresholds = own["threshold"].unique()
        facets.append(
            Facet(
                ", ".join(_text(key, row[key]) for key in shown if row[key] is not None),
                thresholds[0] if len(thresholds) == 1 else None,
                {index: by_unit[unit] for index, unit in enumerate(units) if unit in by_unit},
            )
        )
    return tuple(titles[unit] for unit in units), tuple(facets)


def range_text(value: str | None) -> str:
    """Return an interpolation range as a figure writes it."""
    return "none" if value is None else Range.parse(value).label


def _text(key: str, value: Any) -> str:
    if key == RANGE:
        return range_text(value)
    return operation_title(value) if key == "operation" else detail_text(key, value)
