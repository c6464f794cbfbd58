"""Success rate, solved-at step and sparsity error of every group of runs, each with its 95 % interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from nalm.results._columns import parameter_names
from nalm.results.selection import WINDOW, select_best
from nalm.results.statistics import (
    Interval,
    beta_mean_interval,
    gamma_mean_interval,
    success_interval,
)

GROUP = ("unit", "operation", "interpolation_range", "extrapolation_range")
MEASURES = {
    "success_rate": ("mean", "lower", "upper"),
    "solved_at": ("median", "mean", "lower", "upper"),
    "sparsity_error": ("mean", "lower", "upper"),
}

Group = dict[str, Any]


def summarise(records: pl.DataFrame, window: int = WINDOW, threshold: float | None = None) -> list[Group]:
    """Summarise the long table: one object per unit, operation, pair of ranges and value of the swept
    parameters.

    Each object holds the group's keys, the number of `runs` and of those `solved`, and `success_rate`,
    `solved_at` and `sparsity_error` with their intervals; the latter two describe the solved runs only and
    are null without any. A failed run counts as a run, by the rows it has. Groups come in the order in which
    they first appear.

    Args:
        records: the long table of a store.
        window: rows from the last among which the best step is chosen.
        threshold: of success; by default each run's own.
    """
    runs = select_best(records, window, threshold)
    keys = [*GROUP, *parameter_names(records.columns)]
    return [
        {**dict(zip(keys, key, strict=True)), **_measures(group)}
        for key, group in runs.group_by(keys, maintain_order=True)
    ]


def summary_frame(groups: Sequence[Group]) -> pl.DataFrame:
    """Return a summary as a flat table: `success_rate_mean`, `success_rate_lower`, ….

    Columns `success_rate` and so on of the JSON become one column per entry; null where undefined.
    """
    rows = [
        {
            column: entry
            for key, value in group.items()
            for column, entry in (
                [(f"{key}_{part}", value[part]) for part in MEASURES[key]] if key in MEASURES else [(key, value)]
            )
        }
        for group in groups
    ]
    types: dict[str, Any] = dict.fromkeys(GROUP, pl.String) | {"runs": pl.Int64, "solved": pl.Int64}
    types |= {f"{key}_{part}": pl.Float64 for key, parts in MEASURES.items() for part in parts}
    if not rows:
        return pl.DataFrame(schema=types)
    return pl.DataFrame(rows, schema_overrides=types, infer_schema_length=None)


def group_parameters(groups: Sequence[Group]) -> list[str]:
    """Return the names of the swept parameters of a summary."""
    known = {*GROUP, *MEASURES, "runs", "solved"}
    return list(dict.fromkeys(key for group in groups for key in group if key not in known))


def _measures(runs: pl.DataFrame) -> Group:
    solved = runs.filter("solved")
    steps = solved["solved_at"].cast(pl.Float64).to_numpy()
    errors = solved["sparsity_error"].fill_nan(None).drop_nulls().clip(0, 0.5).to_numpy()
    return {
        "runs": len(runs),
        "solved": len(solved),
        "success_rate": _entry(success_interval(len(solved), len(runs))),
        "solved_at": {
            "median": float(np.median(steps)) if len(steps) else None,
            **_entry(gamma_mean_interval(steps)),
        },
        "sparsity_error": _entry(beta_mean_interval(errors)),
    }


def _entry(interval: Interval) -> dict[str, float | None]:
    return {part: value if math.isfinite(value) else None for part, value in interval._asdict().items()}
