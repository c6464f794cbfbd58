"""Rows of panels, each with its own axes; the panels of a row share a legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from nalm.figures.style import Mark, Style
from nalm.figures.style.axes import RC, TEXT, plain, tick_text

_WIDTH_IN, _ROW_IN = 9.5, 2.9
_TITLE = 8.5
_LEGEND_COLUMNS = 10
# a logarithmic axis that spans less has ticks between the powers of ten
_FEW_DECADES = 1000.0


@dataclass(frozen=True)
class Curve:
    """Points of one series with the ends of their bars or of a ribbon; None where there is none.

    Attributes:
        series: Position of the series in the legend of the row.
        x: Positions.
        y: Values.
        lower: Lower ends.
        upper: Upper ends.
    """

    series: int
    x: tuple[float, ...]
    y: tuple[float, ...]
    lower: tuple[float | None, ...]
    upper: tuple[float | None, ...]


@dataclass(frozen=True)
class Plot:
    """One panel.

    Attributes:
        x_title: Of its x axis.
        y_title: Of its y axis.
        curves: In the order of the legend.
        lines: Curves are lines, with ribbons; otherwise points with bars.
        log_y: Whether the y axis is logarithmic.
        x_labels: Texts at the positions 0, 1, …; empty for a numeric axis.
        markers: Whether the points of lines are marked.
        y_limits: Of the y axis; by default what the curves need.
    """

    x_title: str
    y_title: str
    curves: tuple[Curve, ...]
    lines: bool
    log_y: bool = False
    x_labels: tuple[str, ...] = ()
    markers: bool = False
    y_limits: tuple[float, float] | None = None


@dataclass(frozen=True)
class GridRow:
    """Panels that share a legend.

    Attributes:
        legend_title: In front of its entries.
        series: Titles of its entries.
        plots: Left to right.
    """

    legend_title: str
    series: tuple[str, ...]
    plots: tuple[Plot, ...]


@dataclass(frozen=True)
class GridFigure:
    """Rows of panels, top to bottom."""

    rows: tuple[GridRow, ...]


def draw_grid(data: GridFigure, style: Style) -> Figure:
    """Return the figure of `data`, 9.5 inches wide and 2.9 high per row."""
    with mpl.rc_context(RC):
        figure = Figure(figsize=(_WIDTH_IN, _ROW_IN * len(data.rows)), layout="constrained")
        bands = figure.subfigures(len(data.rows), 1, squeeze=False)
        for band, row in zip(bands[:, 0], data.rows, strict=True):
            _row(band, row, style.marks(len(row.series)))
        return figure


def _row(band: SubFigure, row: GridRow, marks: Sequence[Mark]) -> None:
    all_axes = band.subplots(1, len(row.plots), squeeze=False)[0]
    for axes, plot in zip(all_axes, row.plots, strict=True):
        _plot(axes, plot, marks)
    lines = row.plots[0].lines
    handles = [
        Line2D([], [], color=mark.colour, label=title, **({} if lines else _point(mark)))
        for title, mark in zip(row.series, marks, strict=True)
    ]
    title = Line2D([], [], linestyle="none", label=row.legend_title)
    band.legend(
        handles=[title, *handles],
        loc="outside lower center",
        ncols=min(len(handles) + 1, _LEGEND_COLUMNS),
        frameon=False,
        fontsize=TEXT,
        handlelength=1.0,
        handletextpad=0.3,
        columnspacing=0.7,
    )


def _point(mark: Mark) -> dict[str, Any]:
    return {"marker": mark.marker, "markersize": 3.6, "markeredgewidth": 0, "linestyle": "none"}


def _plot(axes: Axes, plot: Plot, marks: Sequence[Mark]) -> None:
    plain(axes)
    axes.grid(color="white", linewidth=0.9)
    axes.set_xlabel(plot.x_title, fontsize=_TITLE, labelpad=3)
    axes.set_ylabel(plot.y_title, fontsize=_TITLE, labelpad=3)
    for curve in plot.curves:
        _curve(axes, curve, plot, marks[curve.series])
    if plot.log_y and any(curve.y for curve in plot.curves):
        axes.set_yscale("log")
        low, high = axes.get_ylim()
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < _FEW_DECADES * low else (1,)))
        axes.yaxis.set_major_formatter(FuncFormatter(tick_text))
        axes.yaxis.set_minor_locator(NullLocator())
    if plot.y_limits is not None:
        axes.set_ylim(*plot.y_limits)
    if plot.x_labels:
        slant: dict[str, Any] = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"}
        long = max(map(len, plot.x_labels)) > 1
        axes.set_xticks(range(len(plot.x_labels)), plot.x_labels, **(slant if long else {}))
        axes.set_xlim(-0.5, len(plot.x_labels) - 0.5)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))


def _curve(axes: Axes, curve: Curve, plot: Plot, mark: Mark) -> None:
    bars = [
        (x, lower, upper)
        for x, lower, upper in zip(curve.x, curve.lower, curve.upper, strict=True)
        if lower is not None and upper is not None
    ]
    ends = list(zip(*bars, strict=True))
    if plot.lines:
        if ends:
            axes.fill_between(ends[0], ends[1], ends[2], color=mark.colour, alpha=0.15, linewidth=0)
        axes.plot(curve.x, curve.y, color=mark.colour, linewidth=1.1)
    elif ends:
        axes.vlines(ends[0], ends[1], ends[2], color=mark.colour, linewidth=1.1)
    if not plot.lines or plot.markers or len(curve.x) == 1:
        axes.plot(curve.x, curve.y, color=mark.colour, **_point(mark))
