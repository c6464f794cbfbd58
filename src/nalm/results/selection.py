"""What a run achieved: its best step, whether it solved the task, and when."""

from __future__ import annotations

import polars as pl

from nalm.results.columns import schema
from nalm.results.records import Records, as_records

WINDOW = 5000


def select_best(records: pl.DataFrame | Records, window: int = WINDOW, threshold: float | None = None) -> pl.DataFrame:
    """Reduce the long table to one row per run.

    The best step is the first with the smallest finite interpolation error among the last `window` logged
    rows; if none is finite it is the last row. A run solved the task if its extrapolation error at the best
    step is below the threshold. It solved it at the first step of the whole run whose extrapolation error is
    below (Madsen & Johansen 2020, section 4.1; sorted by step, which the published script does not ensure).
    Undefined errors are never below.

    Args:
        records: the long table, in any order of rows.
        window: how many logged rows count, from the last; the papers take 5000, 15,000 for the study of input
            size.
        threshold: of success; by default each run's own, from the column `threshold`.

    Returns:
        The labels and parameters, then `rows` (number of logged rows), `best_step`, the three errors at it,
        `solved`, `solved_at` (null unless solved), `interpolation_solved_at` (first step whose interpolation
        error is below), then `status`, `failed_step`, `reason`, `threshold`, and metrics of other names at the best
        step; in the order in which runs first appear.
    """
    records = as_records(records)
    limit = pl.col("threshold") if threshold is None else pl.lit(threshold, dtype=pl.Float64)
    position = pl.int_range(pl.len()).over("run")
    ordered = (
        records.table.with_row_index("_position")
        .with_columns(pl.col("_position").min().over("run"))
        .sort("_position", "step", maintain_order=True)
        .with_columns(
            limit.alias("threshold"),
            pl.when(pl.col("interpolation_error").is_finite()).then("interpolation_error").alias("_validation"),
            (pl.len().over("run") - position).alias("_from_end"),
            pl.len().over("run").alias("rows"),
            *[_first_below(f"{part}_error", limit).alias(f"_{part}_solved_at") for part in _PARTS],
        )
    )
    best = (
        ordered.filter(pl.col("_from_end") <= window)
        .with_columns(
            # ties go to the first row, runs without a finite error to the last
            pl.when(pl.col("_validation").is_null())
            .then(pl.col("_from_end"))
            .otherwise(-pl.col("_from_end").cast(pl.Int64))
            .alias("_tie")
        )
        .sort("_position", "_validation", "_tie", nulls_last=True)
        .group_by("run", maintain_order=True)
        .first()
    )
    solved = (_defined("extrapolation_error") < pl.col("threshold")).fill_null(False)
    return best.select(
        *schema("label"),
        *records.parameters,
        "rows",
        pl.col("step").alias("best_step"),
        "interpolation_error",
        "extrapolation_error",
        "sparsity_error",
        solved.alias("solved"),
        pl.when(solved).then("_extrapolation_solved_at").alias("solved_at"),
        pl.col("_interpolation_solved_at").alias("interpolation_solved_at"),
        *schema("outcome"),
        *records.metrics,
    )


_PARTS = ("interpolation", "extrapolation")


def _defined(column: str) -> pl.Expr:
    return pl.col(column).fill_nan(None)


def _first_below(column: str, limit: pl.Expr) -> pl.Expr:
    return pl.col("step").filter(_defined(column) < limit).min().over("run")
