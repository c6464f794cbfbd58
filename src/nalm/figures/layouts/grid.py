"""Rows of panels, each with its own axes; the panels of a row share a legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, nan
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from nalm.figures.style import Mark, Style
from nalm.figures.style.axes import GREY10, GREY50, RC, plain, shown, strip, tick_text
from nalm.figures.style.legend import ROW_IN, Block, arrange, draw_legend, point

_WIDTH_IN, _ROW_IN = 9.5, 2.9
_LEAST_IN = 1.6  # width of a panel
_MOST_ACROSS = 3
_TITLE = 8.5
# a logarithmic axis that spans less has ticks between the powers of ten
_FEW_DECADES = 1000.0
_MARKERS_PER_LINE = 8
# ribbons of more series are lighter, so that lines show
_FEW_SERIES = 5
_NOTICE_IN = 0.3


@dataclass(frozen=True)
class Curve:
    """Points of one series with the ends of their bars or of a ribbon; None where there is none.

    Attributes:
        series: Position of the series in the legend of the row.
        x: Positions.
        y: Values; None leaves a gap.
        lower: Lower ends.
        upper: Upper ends.
    """

    series: int
    x: tuple[float, ...]
    y: tuple[float | None, ...]
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
        log_x: Whether the x axis is logarithmic.
        log_y: Whether the y axis is.
        x_labels: Texts at the positions 0, 1, …; empty for a numeric axis.
        markers: Whether the points of lines are marked.
        y_limits: Of the y axis; by default what the curves need.
        title: Above the panel; empty for none.
        across: A value of y that is marked by a line, such as a threshold.
        along: A value of x that is.
        bar_width: Draws values as bars from zero, this wide; None for points.
        x_limits: Of the x axis; by default what the curves need.
    """

    x_title: str
    y_title: str
    curves: tuple[Curve, ...]
    lines: bool
    log_x: bool = False
    log_y: bool = False
    x_labels: tuple[str, ...] = ()
    markers: bool = False
    y_limits: tuple[float, float] | None = None
    title: str = ""
    across: float | None = None
    along: float | None = None
    bar_width: float | None = None
    x_limits: tuple[float, float] | None = None


@dataclass(frozen=True)
class GridRow:
    """Panels that share a legend.

    Attributes:
        legend_title: In front of its entries.
        series: Titles of its entries.
        plots: Left to right; more than fit beside each other go on below.
    """

    legend_title: str
    series: tuple[str, ...]
    plots: tuple[Plot, ...]


@dataclass(frozen=True)
class GridFigure:
    """Rows of panels, top to bottom; `notice` is written above them."""

    rows: tuple[GridRow, ...]
    notice: str = ""


def draw_grid(data: GridFigure, style: Style) -> Figure:
    """Return the figure of `data`, by default 9.5 inches wide and 2.9 high per row of three panels."""
    width = style.width or _WIDTH_IN
    most = max(1, min(_MOST_ACROSS, int(width / _LEAST_IN)))
    with mpl.rc_context(RC):
        legends = [arrange([_block(row, style)], width) for row in data.rows]
        heights = [_band_height(row, most, width, len(legend)) for row, legend in zip(data.rows, legends, strict=True)]
        above = _NOTICE_IN if data.notice else 0.0
        figure = Figure(figsize=(width, sum(heights) + above), layout="constrained")
        if data.notice:
            figure.suptitle(data.notice, fontsize=_TITLE, wrap=True)
        ratios = None if len(set(heights)) == 1 else heights
        bands = figure.subfigures(len(data.rows), 1, squeeze=False, height_ratios=ratios)
        for band, row, legend in zip(bands[:, 0], data.rows, legends, strict=True):
            _row(band, row, min(most, len(row.plots)), style)
            draw_legend(band, legend, columnspacing=0.7)
        return figure


def _band_height(row: GridRow, most: int, width: float, legend_rows: int) -> float:
    """Panels keep their shape where they are narrower than those of a page of three."""
    across = min(most, len(row.plots))
    narrower = (width / most) / (_WIDTH_IN / _MOST_ACROSS)
    shape = min(1.0, 0.35 + 0.65 * narrower)
    return _ROW_IN * shape * ceil(len(row.plots) / across) + ROW_IN * (legend_rows - 1)


def _row(band: SubFigure, row: GridRow, across: int, style: Style) -> None:
    down = ceil(len(row.plots) / across)
    all_axes = list(band.subplots(down, across, squeeze=False).flat)
    marks = style.marks(len(row.series))
    for axes in all_axes[len(row.plots) :]:
        axes.remove()
    for axes, plot in zip(all_axes, row.plots, strict=False):
        _plot(axes, plot, marks, style)


def _block(row: GridRow, style: Style) -> Block:
    marks = style.marks(len(row.series))
    return Block(
        row.legend_title,
        tuple(
            Line2D([], [], label=shown(title), **_entry(mark, style, row.plots[0]))
            for title, mark in zip(row.series, marks, strict=True)
        ),
    )


def _entry(mark: Mark, style: Style, plot: Plot) -> dict[str, Any]:
    if plot.lines:
        return {**point(mark, style), "linestyle": "-"} if style.marks_all else {"color": mark.colour}
    return point(mark, style, "s" if plot.bar_width is not None and not style.marks_all else "")


def _plot(axes: Axes, plot: Plot, marks: Sequence[Mark], style: Style) -> None:
    plain(axes)
    if plot.title:
        strip(axes, plot.title)
    axes.grid(color="white", linewidth=0.9)
    axes.set_xlabel(plot.x_title, fontsize=_TITLE, labelpad=3)
    axes.set_ylabel(plot.y_title, fontsize=_TITLE, labelpad=3)
    for curve in plot.curves:
        _curve(axes, curve, plot, marks[curve.series], style, len(marks))
    for value, draw in ((plot.across, axes.axhline), (plot.along, axes.axvline)):
        if value is not None:
            draw(value, color=GREY50, linewidth=0.9, linestyle="--", zorder=1.5)
    if plot.log_x and any(curve.x for curve in plot.curves):
        axes.set_xscale("log")
    if plot.log_y and any(curve.y for curve in plot.curves):
        axes.set_yscale("log")
        low, high = axes.get_ylim()
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < _FEW_DECADES * low else (1,)))
        axes.yaxis.set_major_formatter(FuncFormatter(tick_text))
        axes.yaxis.set_minor_locator(NullLocator())
    if plot.y_limits is not None:
        axes.set_ylim(*plot.y_limits)
    if plot.x_limits is not None:
        axes.set_xlim(*plot.x_limits)
    _x_ticks(axes, plot)


def _x_ticks(axes: Axes, plot: Plot) -> None:
    if plot.x_labels:
        slant: dict[str, Any] = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"}
        long = max(map(len, plot.x_labels)) > 1
        axes.set_xticks(range(len(plot.x_labels)), plot.x_labels, **(slant if long else {}))
        axes.set_xlim(-0.5, len(plot.x_labels) - 0.5)
    elif plot.log_x:
        axes.xaxis.set_major_locator(LogLocator(numticks=5))
        axes.xaxis.set_major_formatter(FuncFormatter(tick_text))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.xaxis.set_major_formatter(FuncFormatter(tick_text))


def _curve(axes: Axes, curve: Curve, plot: Plot, mark: Mark, style: Style, count: int) -> None:
    bars = [
        (x, lower, upper)
        for x, lower, upper in zip(curve.x, curve.lower, curve.upper, strict=True)
        if lower is not None and upper is not None
    ]
    ends = list(zip(*bars, strict=True))
    y = [nan if value is None else value for value in curve.y]
    if plot.lines:
        if ends:
            opacity = 0.15 if count <= _FEW_SERIES or not style.marks_all else 0.08
            axes.fill_between(ends[0], ends[1], ends[2], color=mark.colour, alpha=opacity, linewidth=0)
        axes.plot(curve.x, y, color=mark.colour, linewidth=1.1)
    else:
        if plot.bar_width is not None:
            axes.bar(curve.x, y, plot.bar_width, color=mark.colour, linewidth=0)
        if ends:
            colour = mark.colour if plot.bar_width is None else GREY10
            axes.vlines(ends[0], ends[1], ends[2], color=colour, linewidth=1.1)
    _points(axes, curve, y, plot, mark, style, count)


def _points(axes: Axes, curve: Curve, y: Sequence[float], plot: Plot, mark: Mark, style: Style, count: int) -> None:
    own = plot.bar_width is None and not plot.lines
    if own or plot.markers or len(curve.x) == 1 or (style.marks_all and not plot.lines):
        axes.plot(curve.x, y, **point(mark, style))
    elif style.marks_all:
        # few markers per line, and not those of all lines at the same place
        every = max(1, ceil(len(curve.x) / _MARKERS_PER_LINE))
        axes.plot(curve.x, y, markevery=(curve.series * every // count, every), **point(mark, style))
