"""Success rate, solved-at step and sparsity error of every group of runs, each with its 95 % interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from nalm.results.columns import column_of
from nalm.results.records import Records, as_records, check_parameters
from nalm.results.selection import WINDOW, select_best
from nalm.results.statistics import (
    UNDEFINED,
    Interval,
    beta_mean_interval,
    gamma_mean_interval,
    success_interval,
    t_interval,
)

GROUP = ("unit", "operation", "interpolation_range", "extrapolation_range")
MEASURES = {
    "success_rate": ("mean", "lower", "upper"),
    "solved_at": ("median", "mean", "lower", "upper"),
    "sparsity_error": ("mean", "lower", "upper"),
}

# what groups hold besides where runs have metrics
_MORE = ("epochs", "metrics")

Group = dict[str, Any]


def summarise(records: pl.DataFrame | Records, window: int = WINDOW, threshold: float | None = None) -> list[Group]:
    """Summarise the long table: one object per unit, operation, pair of ranges and value of the swept
    parameters.

    Where runs have no threshold, success is undefined: `solved` and all that depends on it is null.

    Each object holds the group's keys, the number of `runs` and of those `solved`, and `success_rate`,
    `solved_at` and `sparsity_error` with their intervals; the latter two describe the solved runs only and
    are null without any. Where runs have metrics, there are also the number of `epochs`, if that is one of them, and
    `metrics`: by name, the mean at the best step over runs and its 95 % t interval, of values that are finite. A
    failed run counts as a run, by the rows it has. Groups come in the order in which they first appear.

    Args:
        records: the long table of a store.
        window: rows from the last among which the best step is chosen.
        threshold: of success; by default each run's own.

    Raises:
        InputError: a column that counts as a parameter changes within a run.
    """
    check_parameters(records)
    records = as_records(records)
    runs = select_best(records, window, threshold)
    keys = [*GROUP, *records.parameters]
    return [
        {**dict(zip(keys, key, strict=True)), **_measures(group), **_metrics(group, records.metrics)}
        for key, group in runs.group_by(keys, maintain_order=True)
    ]


def summary_frame(groups: Sequence[Group]) -> pl.DataFrame:
    """Return a summary as a flat table: `success_rate_mean`, `success_rate_lower`, ….

    Columns `success_rate` and so on of the JSON become one column per entry, and so do `metrics`; null where
    undefined.
    """
    rows = [{column: value for key in group for column, value in _columns(key, group[key])} for group in groups]
    types: dict[str, Any] = dict.fromkeys(GROUP, pl.String) | {"runs": pl.Int64, "solved": pl.Int64}
    types |= {f"{key}_{part}": pl.Float64 for key, parts in MEASURES.items() for part in parts}
    if not rows:
        return pl.DataFrame(schema=types)
    return pl.DataFrame(rows, schema_overrides=types, infer_schema_length=None)


def _columns(key: str, value: Any) -> list[tuple[str, Any]]:
    if key == "metrics":
        return [(f"{name}_{part}", number) for name, parts in value.items() for part, number in parts.items()]
    return [(f"{key}_{part}", value[part]) for part in MEASURES[key]] if key in MEASURES else [(key, value)]


def group_parameters(groups: Sequence[Group]) -> list[str]:
    """Return the names of the swept parameters of a summary."""
    known = {*GROUP, *MEASURES, *_MORE, "runs", "solved"}
    return list(dict.fromkeys(key for group in groups for key in group if key not in known))


def _measures(runs: pl.DataFrame) -> Group:
    solved = runs.filter("solved")
    judged = runs["threshold"].is_not_null().any()
    steps = solved["solved_at"].cast(pl.Float64).to_numpy()
    errors = solved["sparsity_error"].fill_nan(None).drop_nulls().clip(0, 0.5).to_numpy()
    return {
        "runs": len(runs),
        "solved": len(solved) if judged else None,
        "success_rate": entry(success_interval(len(solved), len(runs)) if judged else UNDEFINED),
        "solved_at": {
            "median": float(np.median(steps)) if len(steps) else None,
            **entry(gamma_mean_interval(steps)),
        },
        "sparsity_error": entry(beta_mean_interval(errors)),
    }


def _metrics(runs: pl.DataFrame, names: Sequence[str]) -> Group:
    if not names:
        return {}
    shown = [name for name in names if name != "epoch"]
    means = {name: interval for name in shown if (interval := _mean(runs, name)) is not None}
    return ({"epochs": runs["epoch"].max()} if "epoch" in names else {}) | {"metrics": means}


def _mean(runs: pl.DataFrame, name: str) -> dict[str, float | None] | None:
    values = [value for value in runs[name].drop_nulls() if math.isfinite(value)]
    column = column_of(name)
    ends = (-math.inf, math.inf) if column is None else (column.least, column.most)
    return entry(t_interval(values, *ends)) if values else None


def entry(interval: Interval) -> dict[str, float | None]:
    """Return an interval as a summary holds it: by `mean`, `lower` and `upper`, null where undefined."""
    return {part: value if math.isfinite(value) else None for part, value in interval._asdict().items()}
