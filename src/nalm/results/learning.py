"""Errors over the iterations of every group of runs."""

from __future__ import annotations

import polars as pl

from nalm.results.records import Records
from nalm.results.summary import GROUP

_ERRORS = ("interpolation_error", "extrapolation_error", "sparsity_error")
_QUARTILES = {"median": 0.5, "lower": 0.25, "upper": 0.75}


def learning_curves(records: Records) -> pl.DataFrame:
    """Return per group and logged step the number of runs, and the median and the quartiles of their errors.

    A run that diverged counts as infinite after its last row, one that ended early as its last row; an error that is
    not a number counts as infinite. Quantiles are those of a run, not between two.
    """
    keys = [*GROUP, *records.parameters]
    errors = [pl.col(name).fill_nan(float("inf")) for name in _ERRORS]
    table = records.table.with_columns(errors)
    runs = table.select(*keys, "run", "status").unique("run", maintain_order=True)
    steps = table.select(*keys, "step").unique(maintain_order=True).sort("step", maintain_order=True)
    logged = table.select("run", "step", *_ERRORS, pl.lit(True).alias("_logged"))
    grid = runs.join(steps, on=keys, how="inner", nulls_equal=True, maintain_order="left")
    filled = grid.join(logged, on=["run", "step"], how="left", maintain_order="left").with_columns(
        pl.when(pl.col("_logged").is_null() & (pl.col("status") == "failed"))
        .then(pl.when(pl.col(name).forward_fill().over("run").is_not_null()).then(float("inf")))
        .otherwise(pl.col(name).forward_fill().over("run"))
        .alias(name)
        for name in _ERRORS
    )
    measures = [
        pl.col(name).quantile(share, interpolation="nearest").alias(f"{name}_{part}")
        for name in _ERRORS
        for part, share in _QUARTILES.items()
    ]
    return filled.group_by(*keys, "step", maintain_order=True).agg(pl.len().alias("runs"), *measures)
