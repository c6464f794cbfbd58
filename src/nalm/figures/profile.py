"""Performance profiles: the share of runs below an error, over all errors (Agarwal et al. 2021, section 4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, isfinite, log10

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nalm.errors import InputError
from nalm.figures._contract import Caption, Results
from nalm.figures._records import check_not_empty
from nalm.figures.layouts.grid import Curve, GridFigure, GridRow, Plot, draw_grid
from nalm.figures.series.facets import Facet, facets_of
from nalm.figures.style import Style
from nalm.results.selection import WINDOW, select_best
from nalm.results.statistics import success_interval

CAPTION = Caption(
    "Performance profiles: the share of runs below an error, one line per model",
    "For each error, the share of runs whose extrapolation error at the best step is below it; ribbons are Wilson's "
    "95\N{NO-BREAK SPACE}% intervals at each error. Runs of all ranges and swept values count together. At the dashed "
    "line, the threshold, the share is the success rate. Where runs have thresholds of their own, errors are divided "
    "by them.",
)

_POINTS = 200  # of a line
# with fewer than a decade between errors, the axis still has one to either side
_MARGIN = 10.0
_ZERO = 1e-16  # stands for errors of zero where there are no others


def data(results: Results) -> GridFigure:
    """Return the profiles of all models.

    Raises:
        InputError: there are no results, or no run has an error.
    """
    records = results.read()
    check_not_empty(records.table)
    window = results.study.selection_window if results.study else WINDOW
    return profile_figure(select_best(records, window))


def profile_figure(runs: pl.DataFrame) -> GridFigure:
    """Return the profiles of all models, with a panel for each operation.

    A run without a finite error is below none. Wilson's interval takes runs of all ranges as drawn alike; where they
    are not, the share varies less than that, and the interval is on the safe side.

    Args:
        runs: One row per run with `unit`, `operation`, `extrapolation_error` and `threshold`.

    Raises:
        InputError: there are no runs, or none has an error.
    """
    check_not_empty(runs)
    models, facets = facets_of(runs, ("operation",))
    return GridFigure((GridRow("model", models, tuple(map(_plot, facets))),))


def _plot(facet: Facet) -> Plot:
    relative = facet.threshold is None and all(rows["threshold"].is_not_null().all() for rows in facet.rows.values())
    errors = {index: _errors(rows, relative) for index, rows in facet.rows.items()}
    line = 1.0 if relative else facet.threshold
    at = _places(errors, line)
    return Plot(
        "Extrapolation error / threshold" if relative else "Extrapolation error",
        "Share of runs below",
        tuple(_curve(index, values, at) for index, values in errors.items()),
        lines=True,
        log_x=True,
        y_limits=(-0.03, 1.03),
        title=facet.title,
        along=line,
    )


def _errors(rows: pl.DataFrame, relative: bool) -> NDArray[np.float64]:
    errors = rows["extrapolation_error"].cast(pl.Float64).fill_null(inf).fill_nan(inf)
    return np.asarray((errors / rows["threshold"] if relative else errors).to_numpy(), dtype=float)


def _places(errors: Mapping[int, NDArray[np.float64]], line: float | None) -> NDArray[np.float64]:
    """Errors at which shares are shown: evenly spaced on a logarithmic axis, the threshold among them."""
    finite = [value for values in errors.values() for value in values.tolist() if isfinite(value)]
    known = [value for value in (*finite, line) if value] or [_ZERO] * bool(finite)
    if not known:
        raise InputError("profile: no run of these results has a finite extrapolation error")
    places = np.logspace(log10(min(known) / _MARGIN), log10(max(known) * _MARGIN), _POINTS)
    return np.unique([*places, line]) if line else places


def _curve(index: int, errors: NDArray[np.float64], at: NDArray[np.float64]) -> Curve:
    below = np.searchsorted(np.sort(errors), at, side="left")  # strictly
    shares = [success_interval(int(count), len(errors)) for count in below]
    mean, lower, upper = (tuple(float(share[part]) for share in shares) for part in range(3))
    return Curve(index, tuple(at.tolist()), mean, lower, upper)


def draw(data: GridFigure, style: Style) -> Figure:
    """Return the figure of `data`, by default 9.5 inches wide and 2.9 high per row of three panels."""
    return draw_grid(data, style)
