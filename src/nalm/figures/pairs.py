"""Errors and accuracies of the static digit task by output stage and by epoch (Mistry et al. 2022, figures 8 and 9)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import polars as pl
from matplotlib.figure import Figure

from nalm.figures._contract import Results
from nalm.figures._epochs import CAPTION, PERCENT, curve_of, epoch_curves, mean_and_ends
from nalm.figures._records import check_not_empty, models_of, rows_of, stage_title
from nalm.figures.layouts.grid import GridFigure, GridRow, Plot, draw_grid
from nalm.figures.style import Style
from nalm.results.lengths import last_rows

__all__ = ["CAPTION", "data", "draw", "pairs_figure"]

_WHAT = {"output": "output", "label_1": "label 1", "label_2": "label 2"}
_PARTS = {"train": "train", "validation": "valid", "test": "test"}
_SIDES = {
    "output": "Test Accuracy (%)",
    "label_1": "Left Label Accuracy (%)",
    "label_2": "Right Label Accuracy (%)",
}
# distance between the points of a model, as published
_DODGE = 0.3
# of the share of right labels by digit: the published width of its bars, and both views
_CLASS_DODGE = 0.6
_CLASS_LIMITS = ((-0.05, 1.05), (0.958, 1.002))


def data(results: Results) -> GridFigure:
    """Return the errors and accuracies of all models.

    Raises:
        InputError: there are no results.
    """
    return pairs_figure(results.records())


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
    models = models_of(records)
    last = last_rows(records)
    labels = tuple(stage_title(model, records) for model in models)
    exact, rounded = (
        tuple(_by_epoch(records, models, what, metric) for what in _SIDES)
        for metric in ("accuracy", "rounded_accuracy")
    )
    rounded = tuple(replace(plot, y_title=f"Rounded {plot.y_title}") for plot in rounded)
    classes = _class_plots(last, models)
    rows = (_final_row(last, models, labels), GridRow("Model:", labels, exact), GridRow("Model:", labels, rounded))
    return GridFigure((*rows, GridRow("Model:", labels, classes)) if classes else rows)


def _final_row(last: pl.DataFrame, models: Sequence[str], labels: tuple[str, ...]) -> GridRow:
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
        return Plot("Model", y_title, tuple(curves), lines=False, x_labels=labels)

    plots = (
        final("Loss", "error", _PARTS, 1.0),
        final("Accuracy (%)", "accuracy", ("train", "test"), PERCENT),
        final("Rounded Accuracy (%)", "rounded_accuracy", ("train", "test"), PERCENT),
    )
    return GridRow("Metric Type:", tuple(f"{_WHAT[what]} ({_PARTS[part]})" for what, part in types), plots)


def _by_epoch(records: pl.DataFrame, models: Sequence[str], what: str, metric: str) -> Plot:
    curves = epoch_curves(records, models, f"test_{what}_{metric}", PERCENT)
    return Plot("Epoch", _SIDES[what], curves, lines=True)


def _class_plots(last: pl.DataFrame, models: Sequence[str]) -> tuple[Plot, ...]:
    digits = [digit for digit in range(10) if f"test_digit_{digit}_accuracy" in last.columns]
    curves = []
    for index, model in enumerate(models):
        offset = _CLASS_DODGE * ((index + 0.5) / len(models) - 0.5)
        rows = rows_of(last, model)
        points = [(digit + offset, *mean_and_ends(rows[f"test_digit_{digit}_accuracy"], 1.0)) for digit in digits]
        curves.append(curve_of(index, points))
    if not digits:
        return ()
    names = tuple(map(str, range(10)))
    whole, near = (
        Plot("Digit", "Success rate", tuple(curves), False, x_labels=names, y_limits=y) for y in _CLASS_LIMITS
    )
    return whole, near


def draw(data: GridFigure, style: Style) -> Figure:
    """Return the figure of `data`, 9.5 inches wide and 2.9 high per row."""
    return draw_grid(data, style)
