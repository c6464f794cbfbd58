"""Learning curves of the digit tasks by epoch: means over folds or seeds with their standard errors."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from matplotlib.figure import Figure

from nalm.errors import InputError
from nalm.figures._contract import Results
from nalm.figures._records import (
    SEQUENTIAL,
    SOLVED,
    STATIC,
    at_one_point,
    check_not_empty,
    models_of,
    stage_title,
    tasks_of,
)
from nalm.figures.layouts.grid import GridFigure, GridRow, Plot, draw_grid
from nalm.figures.series.means import CAPTION, PERCENT, epoch_curves, share_limits
from nalm.figures.series.titles import model_title
from nalm.figures.style import Style

__all__ = ["CAPTION", "data", "draw", "pair_rows", "sequence_figure"]

_SIDES = {
    "output": "Test Accuracy (%)",
    "label_1": "Left Label Accuracy (%)",
    "label_2": "Right Label Accuracy (%)",
}


def data(results: Results) -> GridFigure:
    """Return the learning curves of all models.

    Of the static task: accuracies on test samples of the output and both labels, exact and rounded (figures 8 and 9 of
    Mistry et al. 2022 in part). Of the sequential one: error and accuracy on validation sequences.

    Raises:
        InputError: there are no results, or they are of another task.
    """
    records = at_one_point(results.read(), "epochs")
    tasks = tasks_of(records)
    if tasks == [STATIC]:
        return GridFigure(pair_rows(records))
    if tasks == [SEQUENTIAL]:
        return sequence_figure(records)
    raise InputError(
        f"epochs: shown of one of the tasks {STATIC!r} and {SEQUENTIAL!r}; these results are of "
        f"{', '.join(map(repr, tasks))}; --what curves shows theirs"
    )


def pair_rows(records: pl.DataFrame) -> tuple[GridRow, ...]:
    """Return the accuracies of the static task by epoch: a row of the exact ones, a row of the rounded ones.

    Args:
        records: The long table of a store, not empty.
    """
    models = models_of(records)
    titles = tuple(stage_title(model, records) for model in models)
    exact = tuple(_accuracy(records, models, f"test_{what}_accuracy", title) for what, title in _SIDES.items())
    rounded = tuple(
        _accuracy(records, models, f"test_{what}_rounded_accuracy", f"Rounded {title}")
        for what, title in _SIDES.items()
    )
    return GridRow("Model:", titles, exact), GridRow("Model:", titles, rounded)


def sequence_figure(records: pl.DataFrame) -> GridFigure:
    """Return error and accuracy of the sequential task on validation sequences by epoch.

    Args:
        records: The long table of a store.

    Raises:
        InputError: there is no finished run.
    """
    check_not_empty(records)
    models = models_of(records)
    titles = tuple("reference" if model == SOLVED else model_title(model) for model in models)
    error = epoch_curves(records, models, "validation_error", 1.0)
    plots = (
        Plot("Epoch", "Validation error", error, lines=True, log_y=True),
        _accuracy(records, models, "validation_last_accuracy", "Accuracy of the last output (%)"),
    )
    return GridFigure((GridRow("Model:", titles, plots),))


def _accuracy(records: pl.DataFrame, models: Sequence[str], column: str, title: str) -> Plot:
    curves = epoch_curves(records, models, column, PERCENT)
    return Plot("Epoch", title, curves, lines=True, y_limits=share_limits(curves, PERCENT))


def draw(data: GridFigure, style: Style) -> Figure:
    """Return the figure of `data`, by default 9.5 inches wide and 2.9 high per row."""
    return draw_grid(data, style)
