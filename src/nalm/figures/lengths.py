"""The three measures of the sequential digit task over the length of test sequences (Mistry et al. 2022, figure 10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl
from matplotlib.figure import Figure

from nalm.figures import epochs
from nalm.figures._contract import Caption, Results
from nalm.figures._records import SOLVED, check_not_empty, models_of
from nalm.figures.layouts.grid import GridFigure, Plot, draw_grid
from nalm.figures.layouts.panels import PanelsFigure, draw_panels
from nalm.figures.series import means, measures
from nalm.figures.style import Style
from nalm.figures.sweep import sweep_figure
from nalm.results.lengths import LENGTH
from nalm.results.summaries import summary_of
from nalm.results.summary import Group

CAPTION = Caption(
    measures.CAPTION.label,
    f"{measures.CAPTION.text} Where fewer than two reference runs learned the digits, success is undefined, and "
    f"errors and accuracies by epoch are shown instead. {means.CAPTION.text}",
)

# sums are tested on longer, unevenly spaced lengths (1, 10, 100, 200, ...): shown at equal distances, as published
_EVEN_UP_TO = 20


def data(results: Results) -> PanelsFigure | GridFigure:
    """Return the measures of all models; where success is undefined, learning curves with a notice that says so.

    Raises:
        InputError: there is no finished run.
    """
    return lengths_figure(summary_of(results), results.records())


def lengths_figure(groups: Sequence[Group], records: pl.DataFrame) -> PanelsFigure | GridFigure:
    """Return the plots of the sequential task: the three measures over the length of test sequences.

    Where the reference runs give no threshold (fewer than two of them learned the digits), learning curves are shown
    instead, and the figure says so: error and accuracy on validation sequences by epoch, and the mean error over test
    lengths at the best epoch, all with standard errors over seeds.

    Args:
        groups: The summary of a store.
        records: Its long table.

    Raises:
        InputError: there is no finished run.
    """
    check_not_empty(records)
    judged = [group for group in groups if group.unit != SOLVED]
    if not any(group.success_rate.mean is not None for group in judged):
        return _instead(groups, records, anything_judged=bool(judged))
    uneven = max(group.parameters[LENGTH] for group in judged) > _EVEN_UP_TO
    figure = sweep_figure(judged, LENGTH, "Extrapolation length", even=uneven)
    # the first and every second one from the second on: 1, 2, 4, 6, ... and 1, 10, 200, 400, ...
    shown = [k for k in range(len(figure.x_ticks)) if k == 0 or k % 2 == 1]
    return replace(
        figure,
        x_ticks=tuple(figure.x_ticks[k] for k in shown),
        x_labels=tuple(figure.x_labels[k] for k in shown),
    )


def _instead(groups: Sequence[Group], records: pl.DataFrame, anything_judged: bool) -> GridFigure:
    references = records.filter(unit=SOLVED)["run"].n_unique()
    few = {0: "there is no reference run", 1: "there is one reference run, and two have to learn the digits"}
    reason = few.get(references, f"fewer than two of the {references} reference runs learned the digits")
    if not anything_judged:
        reason = "there are no runs but those of the reference"
    by_length = tuple(
        means.curve_of(
            index,
            [
                (float(group.parameters[LENGTH]), group.metrics["test_error"].mean, None, None)
                for group in groups
                if group.unit == model and group.metrics and "test_error" in group.metrics
            ],
        )
        for index, model in enumerate(models_of(records))
    )
    (row,) = epochs.sequence_figure(records).rows
    lengths = Plot("Length", "Test error", by_length, lines=True, log_y=True, markers=True)
    return GridFigure(
        (replace(row, plots=(*row.plots, lengths)),),
        notice=f"Success over length is undefined: {reason}. Learning curves are shown instead.",
    )


def draw(data: PanelsFigure | GridFigure, style: Style) -> Figure:
    """Return the figure of `data`: three panels, or a row of learning curves below the notice."""
    return draw_grid(data, style) if isinstance(data, GridFigure) else draw_panels(data, style)
