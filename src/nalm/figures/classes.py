"""Share of right labels for each digit of the static task (Mistry et al. 2022, figures 15 and 17)."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from matplotlib.figure import Figure

from nalm.errors import InputError
from nalm.figures._contract import Caption, Results
from nalm.figures._records import at_one_point, models_of, rows_of, stage_title, static_runs
from nalm.figures.layouts.grid import Curve, GridFigure, GridRow, Plot, draw_grid
from nalm.figures.series.means import curve_of, mean_and_ends
from nalm.figures.style import Style
from nalm.results.lengths import last_rows

CAPTION = Caption(
    "Share of right labels for each digit, one bar per model",
    "Images of the test sets by true digit, both digits of a pair together, at the end of training: means over folds "
    "and one standard error to either side. The second panel is the first one near 1.",
)

# published: the width of all bars of a digit, and both views
_WIDTH = 0.6
_WHOLE, _NEAR = (-0.05, 1.05), (0.958, 1.002)
_BARS = (-0.03, 1.05)


def data(results: Results) -> GridFigure:
    """Return the shares of all models, as bars.

    Raises:
        InputError: there are no results, they are of another task, or hold no shares.
    """
    records = at_one_point(results.read(), "classes")
    static_runs(records, "classes")
    row = class_row(records, bars=True)
    if row is None:
        raise InputError("classes: these results hold no shares of right labels; runs have them when they are done")
    return GridFigure((row,))


def class_row(records: pl.DataFrame, bars: bool) -> GridRow | None:
    """Return the shares in the last epoch, whole and near 1, both digits of a pair together; None if there are none.

    Args:
        records: The long table of a store, not empty.
        bars: Whether they are bars instead of points.
    """
    last = last_rows(records)
    models = models_of(records)
    digits = [digit for digit in range(10) if f"test_digit_{digit}_accuracy" in last.columns]
    if not digits:
        return None
    curves = tuple(_curve(index, rows_of(last, model), digits, len(models)) for index, model in enumerate(models))
    names = tuple(map(str, range(10)))
    width = _WIDTH / len(models) if bars else None
    whole, near = (
        Plot("Digit", "Success rate", curves, lines=False, x_labels=names, y_limits=limits, bar_width=width)
        for limits in (_BARS if bars else _WHOLE, _NEAR)
    )
    return GridRow("Model:", tuple(stage_title(model, records) for model in models), (whole, near))


def _curve(index: int, rows: pl.DataFrame, digits: Sequence[int], models: int) -> Curve:
    offset = _WIDTH * ((index + 0.5) / models - 0.5)
    return curve_of(
        index, [(digit + offset, *mean_and_ends(rows[f"test_digit_{digit}_accuracy"], 1.0)) for digit in digits]
    )


def draw(data: GridFigure, style: Style) -> Figure:
    """Return the figure of `data`, by default 9.5 inches wide and 2.9 high."""
    return draw_grid(data, style)
