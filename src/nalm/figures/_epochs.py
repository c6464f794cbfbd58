"""Curves of digit tasks: means over folds or seeds with their standard errors, a series per model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import sqrt

import polars as pl

from nalm.figures._contract import Caption
from nalm.figures._records import rows_of
from nalm.figures.layouts.grid import Curve

CAPTION = Caption(
    "Errors and accuracies by model and by epoch; numbers are in the table below",
    "Points and lines are means over runs; bars and ribbons reach one standard error to either side.",
)

PERCENT = 100.0

Point = tuple[float, float | None, float | None, float | None]


def epoch_curves(records: pl.DataFrame, models: Sequence[str], column: str, factor: float) -> tuple[Curve, ...]:
    """Return the means of a column by epoch, one curve per model.

    Args:
        records: The long table of a store.
        models: Names, in the order of the legend.
        column: What is shown.
        factor: That its values are multiplied by.
    """
    curves = []
    for index, model in enumerate(models):
        rows = rows_of(records, model).sort("epoch")
        points = [
            (float(epoch), *mean_and_ends(part[column], factor))
            for (epoch,), part in rows.group_by("epoch", maintain_order=True)
        ]
        curves.append(curve_of(index, points))
    return tuple(curves)


def mean_and_ends(values: pl.Series, factor: float) -> tuple[float | None, float | None, float | None]:
    """Return mean and mean ± standard error; no ends for a single value."""
    known = (values.drop_nulls() * factor).to_numpy()
    if not len(known):
        return None, None, None
    mean = float(known.mean())
    if len(known) == 1:
        return mean, None, None
    error = float(known.std(ddof=1)) / sqrt(len(known))
    return mean, mean - error, mean + error


def curve_of(series: int, points: Iterable[Point]) -> Curve:
    """Return the curve of a series through the points that have a value."""
    known = [(x, y, lower, upper) for x, y, lower, upper in points if y is not None]
    x, y, lower, upper = zip(*known, strict=True) if known else ((), (), (), ())
    return Curve(series, x, y, lower, upper)
