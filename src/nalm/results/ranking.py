"""Units ranked over all operations and ranges, as `nalm bench` shows them."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from nalm.results.selection import WINDOW, select_best
from nalm.results.statistics import Interval, success_interval
from nalm.results.store import Store


class Rank(NamedTuple):
    """What a unit achieved over all operations and ranges.

    Attributes:
        unit: Its label.
        runs: How many there are.
        solved: How many of them solved the task.
        success_rate: Share of solved runs.
        conditions: Number of operations and pairs of ranges.
        conditions_solved: How many of them every seed solved.
        solved_at: Median step at which solved runs were solved; None without any.
    """

    unit: str
    runs: int
    solved: int
    success_rate: Interval
    conditions: int
    conditions_solved: int
    solved_at: float | None


def ranking(store: Store) -> list[Rank]:
    """Return the units of a store, best first: by share of solved runs, then by how soon they are solved.

    Raises:
        StoreError: the store is damaged.
    """
    window = store.study.selection_window if store.study else WINDOW
    runs = select_best(store.read(), window)
    ranks = [_rank(str(unit), group) for (unit,), group in runs.group_by("unit", maintain_order=True)]
    return sorted(ranks, key=lambda rank: (-rank.solved / rank.runs, rank.solved_at or 0.0))


def ranking_frame(store: Store) -> pl.DataFrame:
    """Return the ranking as a table: `unit`, `runs`, `solved`, `success_rate_mean`, `…_lower`, `…_upper`, ….

    Raises:
        StoreError: the store is damaged.
    """
    parts = ("mean", "lower", "upper")
    rows = [
        {
            "unit": rank.unit,
            "runs": rank.runs,
            "solved": rank.solved,
            **{f"success_rate_{part}": value for part, value in zip(parts, rank.success_rate, strict=True)},
            "conditions": rank.conditions,
            "conditions_solved": rank.conditions_solved,
            "solved_at_median": rank.solved_at,
        }
        for rank in ranking(store)
    ]
    return pl.DataFrame(rows, schema_overrides={"solved_at_median": pl.Float64}, infer_schema_length=None)


def _rank(unit: str, runs: pl.DataFrame) -> Rank:
    conditions = runs.group_by("operation", "interpolation_range", "extrapolation_range").agg(pl.col("solved").all())
    solved = int(runs["solved"].sum())
    median = runs["solved_at"].median()
    return Rank(
        unit=unit,
        runs=len(runs),
        solved=solved,
        success_rate=success_interval(solved, len(runs)),
        conditions=len(conditions),
        conditions_solved=int(conditions["solved"].sum()),
        solved_at=median if isinstance(median, float) else None,
    )
