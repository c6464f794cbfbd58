"""Panels of three measures side by side, a row for each operation, with one x axis title and one legend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import AutoMinorLocator, FuncFormatter, MaxNLocator, NullFormatter, NullLocator

from nalm.figures.style import Mark, Style
from nalm.figures.style.axes import GREY10, GREY30, RC, plain, shown, side_strip, strip, tick_text
from nalm.figures.style.legend import ROW_IN, Block, arrange, draw_legend, point

WIDTH_CM, HEIGHT_CM = 19.56, 7.98
_CM = 1 / 2.54
_MORE_IN = 1.75  # height of each further row
_NARROW_IN = 5.5  # a page that is less wide has its panels one below the other
_TITLE = 9.0  # points
LINE_TYPES: tuple[Literal["-", "--", ":", "-."], ...] = ("-", "--", ":", "-.")


@dataclass(frozen=True)
class Series:
    """Points of one series: positions, means and interval ends.

    Attributes:
        model: Position of its model in the legend.
        variant: Position of its line type in the legend.
        x: Positions, from left to right.
        mean: Values; None leaves a gap in the line.
        lower: Lower ends of the bars; None for no bar.
        upper: Upper ends.
    """

    model: int
    variant: int
    x: tuple[float, ...]
    mean: tuple[float | None, ...]
    lower: tuple[float | None, ...]
    upper: tuple[float | None, ...]


@dataclass(frozen=True)
class Panel:
    """One panel; `note` is shown in its middle where there is nothing to draw."""

    title: str
    y_limits: tuple[float, float]
    series: tuple[Series, ...]
    note: str | None


@dataclass(frozen=True)
class PanelsRow:
    """Panels side by side, and what they have in common; empty where there is but one row."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Model:
    """An entry of the legend; `ours` for an NAU or an NMU, which the papers mark."""

    title: str
    ours: bool


@dataclass(frozen=True)
class PanelsFigure:
    """Rows of panels with the same x axis.

    Attributes:
        x_title: Of the x axis.
        x_ticks: Positions of its labels.
        x_labels: Texts.
        x_limits: Its ends.
        log_x: Whether it is logarithmic.
        rotated_labels: Whether its labels are slanted.
        lines: Whether points are joined.
        bar_opacity: Of the interval bars.
        models: The legend: a colour and a marker each.
        variant_title: Of the legend of line types.
        variants: The legend of line types; empty where there is but one.
        rows: Top to bottom.
    """

    x_title: str
    x_ticks: tuple[float, ...]
    x_labels: tuple[str, ...]
    x_limits: tuple[float, float]
    log_x: bool
    rotated_labels: bool
    lines: bool
    bar_opacity: float
    models: tuple[Model, ...]
    variant_title: str
    variants: tuple[str, ...]
    rows: tuple[PanelsRow, ...]


def draw_panels(data: PanelsFigure, style: Style) -> Figure:
    """Return the figure of `data`, by default 19.56 cm wide and 7.98 cm high.

    It is higher with several rows, if the legend takes several lines, and on a narrow page, where panels stand one
    below the other.
    """
    width = style.width or WIDTH_CM * _CM
    across = 1 if width < _NARROW_IN else len(data.rows[0].panels)
    down = len(data.rows) * len(data.rows[0].panels) // across
    marks = style.marks(len(data.models))
    with mpl.rc_context(RC):
        legend = arrange(_blocks(data, style, marks), width)
        height = HEIGHT_CM * _CM + (down - 1) * _MORE_IN + (len(legend) - 1) * ROW_IN
        layout = ConstrainedLayoutEngine(w_pad=0.05, h_pad=0.03, wspace=0.02, hspace=0)
        figure = Figure(figsize=(width, height), layout=layout)
        grid = figure.subplots(down, across, squeeze=False)
        for index, (axes, (row, panel)) in enumerate(zip(grid.flat, _all_panels(data), strict=True)):
            if across == 1:
                strip(axes, f"{row.title}: {panel.title}" if row.title else panel.title)
            elif index < across:
                strip(axes, panel.title)
            _panel(axes, data, panel, style, marks)
            if index < len(grid.flat) - across:
                axes.tick_params(labelbottom=False)
        if across > 1 and data.rows[0].title:
            for axes, row in zip(grid[:, -1], data.rows, strict=True):
                side_strip(axes, row.title)
        grid[-1, across // 2].set_xlabel(data.x_title, fontsize=_TITLE, labelpad=3)
        draw_legend(figure, legend, columnspacing=1.0, borderpad=0.1)
        return figure


def _all_panels(data: PanelsFigure) -> Iterator[tuple[PanelsRow, Panel]]:
    return ((row, panel) for row in data.rows for panel in row.panels)


def _panel(axes: Axes, data: PanelsFigure, panel: Panel, style: Style, marks: Sequence[Mark]) -> None:
    _axes(axes, data, panel)
    for series in panel.series:
        mark = marks[series.model]
        triangle = style.marks_ours and data.lines and data.models[series.model].ours
        _series(axes, series, data, mark, point(mark, style, "^" if triangle else ""))
    if panel.note is not None:
        axes.set_yticks([])
        axes.text(0.5, 0.5, panel.note, color=GREY30, ha="center", va="center", transform=axes.transAxes)


def _axes(axes: Axes, data: PanelsFigure, panel: Panel) -> None:
    plain(axes)
    if data.log_x:
        axes.set_xscale("log")
    axes.set_xlim(*data.x_limits)
    axes.set_ylim(*panel.y_limits)
    axes.set_xticks(data.x_ticks, data.x_labels)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_minor_locator(AutoMinorLocator(2))
    axes.yaxis.set_major_formatter(FuncFormatter(tick_text))
    axes.grid(which="major", color="white", linewidth=1.0)
    axes.grid(which="minor", axis="y", color="white", linewidth=0.5)
    axes.tick_params(which="minor", length=0)
    if data.rotated_labels:
        for label in axes.get_xticklabels():
            label.set(rotation=45, ha="right", rotation_mode="anchor")


def _series(axes: Axes, series: Series, data: PanelsFigure, mark: Mark, points: dict[str, Any]) -> None:
    bars = [
        (x, lower, upper)
        for x, lower, upper in zip(series.x, series.lower, series.upper, strict=True)
        if lower is not None and upper is not None
    ]
    if bars:
        # drawn by hand: matplotlib's error bars take distances from the point, not ends
        x, lower, upper = zip(*bars, strict=True)
        look: dict[str, Any] = {"color": mark.colour, "alpha": data.bar_opacity}
        axes.vlines(x, lower, upper, linewidth=1.1, **look)
        axes.plot(x + x, lower + upper, "_", markersize=3.2, **look)
    mean = [nan if value is None else value for value in series.mean]
    if data.lines:
        axes.plot(series.x, mean, LINE_TYPES[series.variant], color=mark.colour, linewidth=1.1)
    axes.plot(series.x, mean, **points)


def _blocks(data: PanelsFigure, style: Style, marks: Sequence[Mark]) -> list[Block]:
    """Return the legend: models by colour and marker, what else differs by line type."""
    line = {"linestyle": "-"} if data.lines else {}
    models = tuple(
        Line2D([], [], label=shown(model.title), **(point(mark, style) | line))
        for model, mark in zip(data.models, marks, strict=True)
    )
    blocks = [Block("model", models)]
    if data.variants:
        variants = tuple(
            Line2D([], [], label=title, color=GREY10, linewidth=1.1, linestyle=line_type)
            for title, line_type in zip(data.variants, LINE_TYPES, strict=False)
        )
        blocks.append(Block(data.variant_title, variants))
    return blocks
