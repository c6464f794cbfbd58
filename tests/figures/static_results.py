"""Made-up results of the static digit task, as a long table and as a store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from nalm.results.store import Store
from support.digit_results import STATIC, static_record, store_of

Weights = Sequence[tuple[float | None, float | None]]


def long_table(paths: dict[tuple[str, int], Weights], failed: Sequence[tuple[str, int]] = ()) -> pl.DataFrame:
    """The columns of a long table that matter here, of runs by unit and seed."""
    rows = [
        {
            "run": f"{unit}-{seed}",
            "task": "static-digits",
            "unit": unit,
            "operation": "mul",
            "seed": seed,
            "epoch": epoch,
            "w0": w0,
            "w1": w1,
            "status": "failed" if (unit, seed) in failed else "finished",
        }
        for (unit, seed), path in paths.items()
        for epoch, (w0, w1) in enumerate(path)
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def static_store(folder: Path) -> Store:
    """Three folds of an sNMU and one of the product itself, which has no weights."""
    snmu = {
        ("snmu", seed): [
            replace(static_record(epoch, 9.0), weights=(0.4 + 0.5 * epoch, 0.6 + 0.1 * seed)) for epoch in (0, 1)
        ]
        for seed in range(3)
    }
    return store_of(folder, STATIC, {("solved", 0): [static_record(0, 9.0), static_record(1, 1.0)], **snmu})
