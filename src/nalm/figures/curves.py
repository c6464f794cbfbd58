"""Learning curves: errors over the iterations, the median and the quartiles of all runs of a model."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, inf, isfinite, log10

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nalm.figures._contract import Caption, Results
from nalm.figures._records import check_not_empty
from nalm.figures.layouts.grid import Curve, GridFigure, GridRow, Plot, draw_grid
from nalm.figures.series.facets import RANGE, Facet, facets_of
from nalm.figures.style import Style

CAPTION = Caption(
    "Learning curves: errors over the iterations, one line per model",
    "Lines are medians over runs, ribbons reach from the first to the third quartile. The error of a run that diverged "
    "counts as infinite from then on, that of a run that ended early as its last one; an error of zero is drawn at the "
    "lower edge. The dashed line is the threshold of success.",
)

_MEASURES = {
    "extrapolation_error": "Extrapolation error",
    "interpolation_error": "Interpolation error",
    "sparsity_error": "Sparsity error",
}
_MOST_POINTS = 200  # of a line
_QUARTILES = (0.25, 0.5, 0.75)


def data(results: Results) -> GridFigure:
    """Return the learning curves of all models.

    Raises:
        InputError: there are no results.
    """
    records = results.read()
    return curves_figure(records.table, records.parameters)


def curves_figure(records: pl.DataFrame, swept: Sequence[str] = ()) -> GridFigure:
    """Return the learning curves of all models.

    One operation on one range has three panels: extrapolation, interpolation and sparsity error. Several operations,
    ranges or values of a swept key have a panel each, of the extrapolation error, from which success is read.

    Args:
        records: The long table of a store.
        swept: Its columns that hold swept keys.

    Raises:
        InputError: there are none.
    """
    check_not_empty(records)
    models, facets = facets_of(records, ("operation", RANGE, *swept))
    if len(facets) == 1:
        (facet,) = facets
        plots = tuple(_plot(facet, measure) for measure in _MEASURES if _is_known(facet, measure))
    else:
        plots = tuple(_plot(facet, "extrapolation_error") for facet in facets)
    return GridFigure((GridRow("model", models, plots),))


def _is_known(facet: Facet, measure: str) -> bool:
    return any(rows[measure].is_not_null().any() for rows in facet.rows.values())


def _plot(facet: Facet, measure: str) -> Plot:
    quartiles = {index: _quartiles(rows, measure) for index, rows in facet.rows.items()}
    known = [value for _, values in quartiles.values() for value in values.ravel() if isfinite(value) and value > 0]
    least = 10.0 ** floor(log10(min(known))) if known else 1.0
    most = 10.0 ** ceil(log10(max(known))) if known else 1.0
    threshold = facet.threshold if measure == "extrapolation_error" else None
    ends = [least, most, *([threshold] if threshold else [])]
    return Plot(
        "Iteration",
        _MEASURES[measure],
        tuple(_curve(index, steps, values, least, 10 * most) for index, (steps, values) in quartiles.items()),
        lines=True,
        log_y=True,
        y_limits=(min(ends) / 1.5, max(ends) * 1.5),
        title=facet.title,
        across=threshold,
    )


def _quartiles(rows: pl.DataFrame, measure: str) -> tuple[list[int], NDArray[np.float64]]:
    """Return logged steps, and the quartiles over runs at each `[steps, 3]`; infinite and NaN where undefined."""
    steps = np.unique(rows["step"].to_numpy())
    steps = steps[np.unique(np.linspace(0, len(steps) - 1, _MOST_POINTS).round().astype(int))]
    runs = [_at_steps(run, measure, steps) for _, run in rows.group_by("run", maintain_order=True)]
    return steps.tolist(), np.array(quantiles(np.array(runs), _QUARTILES))


def _at_steps(run: pl.DataFrame, measure: str, steps: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the error of a run at some steps: the last one that was logged; infinite once the run has diverged."""
    run = run.sort("step")
    errors = run[measure].cast(pl.Float64).fill_nan(inf).to_numpy()
    logged = run["step"].to_numpy()
    last = np.searchsorted(logged, steps, side="right") - 1
    found = np.where(last >= 0, errors[last], np.nan)
    diverged = run["status"][0] == "failed"
    return np.where(diverged & (steps > logged[-1]), inf, found)


def quantiles(values: NDArray[np.float64], shares: Sequence[float]) -> NDArray[np.float64]:
    """Return quantiles over the first axis, linear between neighbours; a mean with an infinite value is infinite.

    Args:
        values: `[runs, …]`; NaN is left out.
        shares: Which quantiles, 0 to 1.

    Returns:
        `[…, shares]`; NaN where there are no values.
    """
    ordered = np.sort(values, axis=0)  # NaN last
    count = (~np.isnan(values)).sum(axis=0)
    found = []
    for share in shares:
        place = share * np.maximum(count - 1, 0)
        below, above = (np.take_along_axis(ordered, end(place).astype(int)[None], 0)[0] for end in (np.floor, np.ceil))
        part = place % 1
        with np.errstate(invalid="ignore"):
            between = np.where(np.isinf(above), above, below + part * (above - below))
            found.append(np.where(part == 0, below, between))
    return np.stack(found, axis=-1)


def _curve(index: int, steps: Sequence[int], values: NDArray[np.float64], least: float, most: float) -> Curve:
    """Return a line; where its upper quartile is infinite, the ribbon leaves the panel at `most`."""
    lower, middle, upper = (
        tuple(max(float(value), least) if isfinite(value) else None for value in column) for column in values.T
    )
    open_above = tuple(most if value == inf else end for value, end in zip(values[:, 2], upper, strict=True))
    return Curve(index, tuple(map(float, steps)), middle, lower, open_above)


def draw(data: GridFigure, style: Style) -> Figure:
    """Return the figure of `data`, by default 9.5 inches wide and 2.9 high per row of three panels."""
    return draw_grid(data, style)
