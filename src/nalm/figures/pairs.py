"""Errors and accuracies of the static digit task by output stage and by epoch (Mistry et al. 2022, figures 8 and 9)."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl
from matplotlib.figure import Figure

from nalm.figures._contract import Results
from nalm.figures._records import at_one_point, check_not_empty, models_of, rows_of, stage_title
from nalm.figures.classes import class_row
from nalm.figures.epochs import pair_rows
from nalm.figures.layouts.grid import GridFigure, GridRow, Plot, draw_grid
from nalm.figures.series.means import CAPTION, PERCENT, curve_of, mean_and_ends, share_limits
from nalm.figures.style import Style
from nalm.results.lengths import last_rows

__all__ = ["CAPTION", "data", "draw", "pairs_figure"]

_WHAT = {"output": "output", "label_1": "label 1", "label_2": "label 2"}
_PARTS = {"train": "train", "validation": "valid", "test": "test"}
# distance between the points of a model, as published
_DODGE = 0.3


def data(results: Results) -> GridFigure:
    """Return the errors and accuracies of all models.

    Raises:
        InputError: there are no results.
    """
    return pairs_figure(at_one_point(results.read(), "pairs"))


def pairs_figure(records: pl.DataFrame) -> GridFigure:
    """Return the plots of the static task, mean ± standard error over folds.

    Top: errors, exact and rounded accuracies in the last epoch by output stage. Below: accuracies on test samples by
    epoch, of the output and both labels, exact and rounded. Errors on validation samples are shown where there are
    some. A single fold has no bars. At the bottom: the share of right labels for each digit of the test set, both
    sides pooled, in the last epoch, and the same near 1 (figures 15 and 17 of the appendix).

    Args:
        records: The long table of a store.

    Raises:
        InputError: there are none.
    """
    check_not_empty(records)
    classes = class_row(records, bars=False)
    return GridFigure((_final_row(records), *pair_rows(records), *([classes] if classes else [])))


def _final_row(records: pl.DataFrame) -> GridRow:
    last, models = last_rows(records), models_of(records)
    labels = tuple(stage_title(model, records) for model in models)
    # one series per type of metric in all panels, though not all show all
    types = [(what, part) for what in _WHAT for part in _PARTS if f"{part}_{what}_error" in last.columns]

    def final(y_title: str, metric: str, parts: Collection[str], factor: float) -> Plot:
        shown = [(what, part) for what, part in types if part in parts]
        curves = []
        for index, (what, part) in enumerate(shown):
            column = f"{part}_{what}_{metric}"
            offset = _DODGE * ((index + 0.5) / len(shown) - 0.5)
            points = [
                (k + offset, *mean_and_ends(rows_of(last, model)[column], factor)) for k, model in enumerate(models)
            ]
            curves.append(curve_of(types.index((what, part)), points))
        limits = None if factor == 1.0 else share_limits(curves, factor)
        return Plot("Model", y_title, tuple(curves), lines=False, x_labels=labels, y_limits=limits)

    plots = (
        final("Loss", "error", _PARTS, 1.0),
        final("Accuracy (%)", "accuracy", ("train", "test"), PERCENT),
        final("Rounded Accuracy (%)", "rounded_accuracy", ("train", "test"), PERCENT),
    )
    return GridRow("Metric Type:", tuple(f"{_WHAT[what]} ({_PARTS[part]})" for what, part in types), plots)


def draw(data: GridFigure, style: Style) -> Figure:
    """Return the figure of `data`, by default 9.5 inches wide and 2.9 high per row."""
    return draw_grid(data, style)
