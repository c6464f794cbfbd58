"""Confusion of the digits of the static task, one matrix per model (Mistry et al. 2022, appendix G)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nalm.digits.collect import CONFUSION
from nalm.errors import InputError
from nalm.figures._contract import Caption, Results
from nalm.figures._records import at_one_point, models_of, rows_of, stage_title, static_runs
from nalm.figures.layouts.squares import COLOURS, TITLE, colour_bar, square_axes
from nalm.figures.style import Style
from nalm.figures.style.axes import GREY10, GREY50, RC, strip

CAPTION = Caption(
    "Confusion matrices: true digits by row, predicted digits by column, one matrix per model",
    "Images of the test sets by true and predicted digit, both digits of a pair and all folds together, at the end "
    "of training. Colours are shares of a row.",
    beside=("pairs",),
)

_COUNT = 6.5  # points
_LEAST_IN = 3.0  # width of a matrix whose counts have five digits
_LIGHT_TEXT_ABOVE = 0.65


@dataclass(frozen=True)
class ConfusionMatrix:
    """Confusion of the digits by one model.

    Attributes:
        title: Of the panel.
        counts: Images by true digit (row) and predicted digit.
        shares: The same as shares of each row, 0 to 1; None throughout the row of a digit that does not occur.
    """

    title: str
    counts: tuple[tuple[int, ...], ...]
    shares: tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True)
class ConfusionFigure:
    """One matrix per model."""

    matrices: tuple[ConfusionMatrix, ...]


def data(results: Results) -> ConfusionFigure:
    """Return the confusion matrices of all models.

    Raises:
        InputError: the results are of another task, or there are no counts.
    """
    records = at_one_point(results.read(), "confusion")
    # run by run, as each has over a million parameters
    counts = {run: results.weights(run).get(CONFUSION) for run in static_runs(records, "confusion")}
    return confusion_figure(records, {run: known for run, known in counts.items() if known is not None})


def confusion_figure(records: pl.DataFrame, counts: Mapping[str, np.ndarray]) -> ConfusionFigure:
    """Return the confusion matrices: both digits of an image pair pooled, summed over folds.

    A run that diverged counts with the state it ended in, as in the share of right labels by digit.

    Args:
        records: The long table of a store.
        counts: Of true digit (row) and predicted digit `[10, 10]` in the final state, by run.

    Raises:
        InputError: the results are of another task, or there are no counts.
    """
    static_runs(records, "confusion")
    if not counts:
        raise InputError("confusion: these results hold no counts of the digits of the test set")
    matrices = []
    for model in models_of(records):
        known = [counts[run] for run in rows_of(records, model)["run"].unique(maintain_order=True) if run in counts]
        if known:
            matrices.append(_matrix(stage_title(model, records), np.sum(known, axis=0)))
    return ConfusionFigure(tuple(matrices))


def _matrix(title: str, counts: np.ndarray) -> ConfusionMatrix:
    rows: Iterable[list[int]] = counts.tolist()
    cells = tuple(tuple(row) for row in rows)
    shares = tuple(tuple(count / sum(row) if any(row) else None for count in row) for row in cells)
    return ConfusionMatrix(title, cells, shares)


def draw(data: ConfusionFigure, style: Style) -> Figure:
    """Return the figure of `data`, by default 9.5 inches wide, two matrices per row; half as wide for a single one."""
    with mpl.rc_context(RC):
        figure, all_axes = square_axes(len(data.matrices), 2, _LEAST_IN, style)
        colours = mpl.colormaps["Blues"].resampled(COLOURS)
        for axes, matrix in zip(all_axes, data.matrices, strict=True):
            _draw_matrix(axes, matrix, colours)
        scale = ScalarMappable(Normalize(0, 1), colours)
        colour_bar(figure, all_axes, scale, "Share of the images of a true digit", MaxNLocator(5))
        return figure


def _draw_matrix(axes: Axes, matrix: ConfusionMatrix, colours: Colormap) -> None:
    strip(axes, matrix.title)
    shares = np.ma.masked_invalid(np.array(matrix.shares, dtype=float))
    # a mesh, as an image would be blurred by some viewers
    axes.pcolormesh(shares, cmap=colours, vmin=0, vmax=1, edgecolors="white", linewidth=0.5)
    for row, (counts, parts) in enumerate(zip(matrix.counts, matrix.shares, strict=True)):
        for column, (count, share) in enumerate(zip(counts, parts, strict=True)):
            if share is not None:
                colour = GREY50 if count == 0 else "white" if share > _LIGHT_TEXT_ABOVE else GREY10
                middle: dict[str, Any] = {"ha": "center", "va": "center_baseline"}
                axes.text(column + 0.5, row + 0.5, str(count), color=colour, fontsize=_COUNT, **middle)
    middles = np.arange(len(matrix.counts)) + 0.5
    axes.set_xticks(middles, map(str, range(len(middles))))
    axes.set_yticks(middles, map(str, range(len(middles))))
    axes.invert_yaxis()
    axes.set_xlabel("Predicted digit", fontsize=TITLE, labelpad=3)
    axes.set_ylabel("True digit", fontsize=TITLE, labelpad=3)
