"""Figures of the digit tasks (Mistry et al. 2022, figures 8 to 10): data only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from math import sqrt

import polars as pl

from nalm.figures._grid import Curve, GridFigure, GridRow, Plot
from nalm.figures._models import SOLVED, check_not_empty, model_title, models_of, rows_of, stage_title
from nalm.figures._palette import hues
from nalm.figures._panels import PanelsFigure, sweep_figure
from nalm.results.digit_summary import LENGTH, last_rows
from nalm.results.summary import Group

_WHAT = {"output": "output", "label_1": "label 1", "label_2": "label 2"}
_PARTS = {"train": "train", "validation": "valid", "test": "test"}
_SIDES = {
    "output": "Test Accuracy (%)",
    "label_1": "Left Label Accuracy (%)",
    "label_2": "Right Label Accuracy (%)",
}
_PERCENT = 100.0
# distance between the points of a model, as published
_DODGE = 0.3
# of the share of right labels by digit: the published width of its bars, and both views
_CLASS_DODGE = 0.6
_CLASS_LIMITS = ((-0.05, 1.05), (0.958, 1.002))
# sums are tested on longer, unevenly spaced lengths (1, 10, 100, 200, ...): shown at equal distances, as published
_EVEN_UP_TO = 20


def pairs_figure(records: pl.DataFrame) -> GridFigure:
    """Return the data of the plots of the static task, mean ± standard error over folds.

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

    # one colour per type of metric in all panels, though not all show all
    types = [(what, part) for what in _WHAT for part in _PARTS if f"{part}_{what}_error" in last.columns]
    colours = dict(zip(types, hues(len(types)), strict=True))

    def final(y_title: str, metric: str, parts: Collection[str], factor: float) -> Plot:
        shown = [(what, part) for what, part in types if part in parts]
        curves = []
        for index, (what, part) in enumerate(shown):
            column = f"{part}_{what}_{metric}"
            title = f"{_WHAT[what]} ({_PARTS[part]})"
            offset = _DODGE * ((index + 0.5) / len(shown) - 0.5)
            points = [(k + offset, *_mean(rows_of(last, model)[column], factor)) for k, model in enumerate(models)]
            curves.append(_curve(title, colours[what, part], points))
        return Plot("Model", y_title, tuple(curves), lines=False, x_labels=labels)

    def by_epoch(what: str, metric: str) -> Plot:
        curves = _epoch_curves(records, models, labels, f"test_{what}_{metric}", _PERCENT)
        return Plot("Epoch", _SIDES[what], curves, lines=True)

    finals = (
        final("Loss", "error", _PARTS, 1.0),
        final("Accuracy (%)", "accuracy", ("train", "test"), _PERCENT),
        final("Rounded Accuracy (%)", "rounded_accuracy", ("train", "test"), _PERCENT),
    )
    exact, rounded = (tuple(by_epoch(what, metric) for what in _SIDES) for metric in ("accuracy", "rounded_accuracy"))
    rounded = tuple(replace(plot, y_title=f"Rounded {plot.y_title}") for plot in rounded)
    classes = _class_plots(last, models, labels)
    rows = (GridRow("Metric Type:", finals), GridRow("Model:", exact), GridRow("Model:", rounded))
    return GridFigure((*rows, GridRow("Model:", classes)) if classes else rows)


def _class_plots(last: pl.DataFrame, models: Sequence[str], labels: Sequence[str]) -> tuple[Plot, ...]:
    digits = [digit for digit in range(10) if f"test_digit_{digit}_accuracy" in last.columns]
    curves = []
    for index, (model, title, colour) in enumerate(zip(models, labels, hues(len(models)), strict=True)):
        offset = _CLASS_DODGE * ((index + 0.5) / len(models) - 0.5)
        rows = rows_of(last, model)
        points = [(digit + offset, *_mean(rows[f"test_digit_{digit}_accuracy"], 1.0)) for digit in digits]
        curves.append(_curve(title, colour, points))
    if not digits:
        return ()
    names = tuple(map(str, range(10)))
    whole, near = (
        Plot("Digit", "Success rate", tuple(curves), False, x_labels=names, y_limits=y) for y in _CLASS_LIMITS
    )
    return whole, near


def lengths_figure(groups: Sequence[Group], records: pl.DataFrame) -> PanelsFigure | GridFigure:
    """Return the data of the plots of the sequential task: the three measures over the length of test sequences.

    Where the reference runs give no threshold (fewer than two of them learned the digits), learning curves are shown
    instead: error and accuracy on validation sequences by epoch, and the mean error over test lengths at the best
    epoch, all with standard errors over seeds.

    Args:
        groups: The summary of a store.
        records: Its long table.

    Raises:
        InputError: there is no finished run, or none but the reference.
    """
    check_not_empty(records)
    judged = [group for group in groups if group["unit"] != SOLVED]
    if not any(group["success_rate"]["mean"] is not None for group in judged):
        return _learning_curves(groups, records)
    uneven = max(group[LENGTH] for group in judged) > _EVEN_UP_TO
    figure = sweep_figure(judged, LENGTH, "Extrapolation length", even=uneven)
    # the first and every second one from the second on: 1, 2, 4, 6, ... and 1, 10, 200, 400, ...
    shown = [k for k in range(len(figure.x_ticks)) if k == 0 or k % 2 == 1]
    return replace(
        figure,
        x_ticks=tuple(figure.x_ticks[k] for k in shown),
        x_labels=tuple(figure.x_labels[k] for k in shown),
    )


def _learning_curves(groups: Sequence[Group], records: pl.DataFrame) -> GridFigure:
    models = models_of(records)
    labels = tuple("reference" if model == SOLVED else model_title(model) for model in models)
    colours = hues(len(models))
    lengths = []
    for model, title, colour in zip(models, labels, colours, strict=True):
        points = [
            (float(group[LENGTH]), group["metrics"]["test_error"]["mean"], None, None)
            for group in groups
            if group["unit"] == model and "test_error" in group["metrics"]
        ]
        lengths.append(_curve(title, colour, points))
    error = _epoch_curves(records, models, labels, "validation_error", 1.0)
    accuracy = _epoch_curves(records, models, labels, "validation_last_accuracy", _PERCENT)
    return GridFigure(
        (
            GridRow(
                "Model:",
                (
                    Plot("Epoch", "Validation error", error, lines=True, log_y=True),
                    Plot("Epoch", "Accuracy of the last output (%)", accuracy, lines=True),
                    Plot("Length", "Test error", tuple(lengths), lines=True, log_y=True, markers=True),
                ),
            ),
        )
    )


def _epoch_curves(
    records: pl.DataFrame, models: Sequence[str], labels: Sequence[str], column: str, factor: float
) -> tuple[Curve, ...]:
    curves = []
    for model, title, colour in zip(models, labels, hues(len(models)), strict=True):
        rows = rows_of(records, model).sort("epoch")
        points = [
            (float(epoch), *_mean(part[column], factor))
            for (epoch,), part in rows.group_by("epoch", maintain_order=True)
        ]
        curves.append(_curve(title, colour, points))
    return tuple(curves)


def _mean(values: pl.Series, factor: float) -> tuple[float | None, float | None, float | None]:
    """Mean and mean ± standard error; no ends for a single value."""
    known = (values.drop_nulls() * factor).to_numpy()
    if not len(known):
        return None, None, None
    mean = float(known.mean())
    if len(known) == 1:
        return mean, None, None
    error = float(known.std(ddof=1)) / sqrt(len(known))
    return mean, mean - error, mean + error


def _curve(title: str, colour: str, points: Iterable[tuple[float, float | None, float | None, float | None]]) -> Curve:
    known = [(x, y, lower, upper) for x, y, lower, upper in points if y is not None]
    x, y, lower, upper = zip(*known, strict=True) if known else ((), (), (), ())
    return Curve(title, colour, x, y, lower, upper)
