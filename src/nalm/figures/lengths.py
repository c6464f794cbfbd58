"""The three measures of the sequential digit task over the length of test sequences (Mistry et al. 2022, figure 10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl
from matplotlib.figure import Figure

from nalm.figures import _epochs, _measures
from nalm.figures._contract import Caption, Results
from nalm.figures._records import SOLVED, check_not_empty, model_title, models_of
from nalm.figures.layouts.grid import GridFigure, GridRow, Plot, draw_grid
from nalm.figures.layouts.panels import PanelsFigure, draw_panels
from nalm.figures.style import Style
from nalm.figures.sweep import sweep_figure
from nalm.results.lengths import LENGTH
from nalm.results.summaries import summary_of
from nalm.results.summary import Group

CAPTION = Caption(
    _measures.CAPTION.label,
    f"{_measures.CAPTION.text} Where fewer than two reference runs learned the digits, success is undefined, and "
    f"errors and accuracies by epoch are shown instead. {_epochs.CAPTION.text}",
)

# sums are tested on longer, unevenly spaced lengths (1, 10, 100, 200, ...): shown at equal distances, as published
_EVEN_UP_TO = 20


def data(results: Results) -> PanelsFigure | GridFigure:
    """Return the measures of all models, or their learning curves where success is undefined.

    Raises:
        InputError: there is no finished run, or none but the reference.
    """
    return lengths_figure(summary_of(results), results.records())


def lengths_figure(groups: Sequence[Group], records: pl.DataFrame) -> PanelsFigure | GridFigure:
    """Return the plots of the sequential task: the three measures over the length of test sequences.

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
    titles = tuple("reference" if model == SOLVED else model_title(model) for model in models)
    by_length = tuple(
        _epochs.curve_of(
            index,
            [
                (float(group[LENGTH]), group["metrics"]["test_error"]["mean"], None, None)
                for group in groups
                if group["unit"] == model and "test_error" in group["metrics"]
            ],
        )
        for index, model in enumerate(models)
    )
    error = _epochs.epoch_curves(records, models, "validation_error", 1.0)
    accuracy = _epochs.epoch_curves(records, models, "validation_last_accuracy", _epochs.PERCENT)
    plots = (
        Plot("Epoch", "Validation error", error, lines=True, log_y=True),
        Plot("Epoch", "Accuracy of the last output (%)", accuracy, lines=True),
        Plot("Length", "Test error", by_length, lines=True, log_y=True, markers=True),
    )
    return GridFigure((GridRow("Model:", titles, plots),))


def draw(data: PanelsFigure | GridFigure, style: Style) -> Figure:
    """Return the figure of `data`: three panels, or a row of learning curves."""
    return draw_grid(data, style) if isinstance(data, GridFigure) else draw_panels(data, style)
