"""Histograms of the gates of gated units at the best step (Madsen & Johansen 2020, figure 9)."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from nalm.errors import InputError
from nalm.figures._contract import Caption, Results
from nalm.figures._records import check_not_empty
from nalm.figures.layouts.grid import Curve, GridFigure, GridRow, Plot, draw_grid
from nalm.figures.series.facets import facets_of
from nalm.figures.style import Style
from nalm.results.selection import WINDOW, select_best

CAPTION = Caption(
    "Histograms of gates: how many runs end with an opening, solved and unsolved ones",
    "The mean opening of the last gated unit at the best step of each run: 0 is the multiplicative path, 1 the "
    "additive one. A row per operation, a panel per model.",
)

_BINS = 25
_SERIES = ("not solved", "solved")
_GATE = re.compile(r"gate_(\d+)_mean")


def data(results: Results) -> GridFigure:
    """Return the histograms of all models with a gate.

    Raises:
        InputError: there are no results, or gates were not recorded.
    """
    records = results.read()
    check_not_empty(records.table)
    window = results.study.selection_window if results.study else WINDOW
    return gates_figure(select_best(records, window), records.metrics)


def gates_figure(runs: pl.DataFrame, metrics: Sequence[str]) -> GridFigure:
    """Return the histograms.

    Args:
        runs: One row per run, at its best step.
        metrics: Their columns that are metrics.

    Raises:
        InputError: gates were not recorded, or no unit has one.
    """
    columns = sorted((name for name in metrics if _GATE.fullmatch(name)), key=lambda name: int(name.split("_")[1]))
    if not columns:
        raise InputError(
            "gates: these results have none; nalm run STUDY --set 'record=[\"gates\"]' records those of gated units"
        )
    # of several gated units in a row, the last one decides
    gated = runs.with_columns(pl.coalesce(*reversed(columns)).alias("gate")).filter(pl.col("gate").is_not_null())
    models, facets = facets_of(gated, ("operation",))
    return GridFigure(
        tuple(
            GridRow(
                "Runs:",
                _SERIES,
                tuple(
                    _plot(", ".join(filter(None, [models[index], facet.title])), rows)
                    for index, rows in facet.rows.items()
                ),
            )
            for facet in facets
        )
    )


def _plot(title: str, rows: pl.DataFrame) -> Plot:
    curves = tuple(
        _curve(series, rows.filter(pl.col("solved").fill_null(False) == bool(series))["gate"].to_numpy())
        for series in range(len(_SERIES))
    )
    most = max(value or 0.0 for curve in curves for value in curve.y)
    width = 1 / _BINS / len(_SERIES)
    limits = (-0.02 * most, 1.05 * most)
    return Plot(
        "Gate (0: product, 1: sum)",
        "Runs",
        curves,
        lines=False,
        title=title,
        bar_width=width,
        y_limits=limits,
        x_limits=(-0.02, 1.02),
    )


def _curve(series: int, gates: np.ndarray) -> Curve:
    counts, edges = np.histogram(gates, _BINS, (0.0, 1.0))
    middles = (edges[:-1] + edges[1:]) / 2 + (series - 0.5) / _BINS / len(_SERIES)
    values = tuple(float(count) if count else None for count in counts)
    nothing = (None,) * len(values)
    return Curve(series, tuple(middles.tolist()), values, nothing, nothing)


def draw(data: GridFigure, style: Style) -> Figure:
    """Return the figure of `data`, by default 9.5 inches wide and 2.9 high per row."""
    return draw_grid(data, style)
