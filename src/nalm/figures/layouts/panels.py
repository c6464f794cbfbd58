"""Three panels side by side, one for each measure, with one x axis title and one legend."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import AutoMinorLocator, FuncFormatter, MaxNLocator, NullFormatter, NullLocator

from nalm.figures.style import Mark, Style
from nalm.figures.style.axes import GREY30, RC, TEXT, plain, strip, tick_text

WIDTH_CM, HEIGHT_CM = 19.56, 7.98
_CM = 1 / 2.54
_TITLE = 9.0  # points
_LEGEND_ROW_IN = 0.16
_LEGEND_CHARACTERS, _LEGEND_TITLE_CHARACTERS = 118, 9  # that fit into one row, that the word "model" takes


@dataclass(frozen=True)
class Series:
    """Points of one model: positions, means and interval ends; a None end has no bar.

    Attributes:
        title: In the legend.
        ours: Whether the model is an NAU or an NMU, which the papers mark.
        x: Positions.
        mean: Values.
        lower: Lower ends of the bars.
        upper: Upper ends.
    """

    title: str
    ours: bool
    x: tuple[float, ...]
    mean: tuple[float, ...]
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
class PanelsFigure:
    """Panels side by side; each has the same series, of which some may have no points."""

    x_title: str
    x_ticks: tuple[float, ...]
    x_labels: tuple[str, ...]
    x_limits: tuple[float, float]
    log_x: bool
    rotated_labels: bool
    lines: bool
    bar_opacity: float
    panels: tuple[Panel, ...]


def draw_panels(data: PanelsFigure, style: Style) -> Figure:
    """Return the figure of `data`, 19.56 cm wide and 7.98 cm high; higher if the legend takes several rows."""
    series = data.panels[0].series
    marks = style.marks(len(series))
    more_rows = ceil((len(series) + 1) / _legend_columns(series)) - 1
    size = (WIDTH_CM * _CM, HEIGHT_CM * _CM + more_rows * _LEGEND_ROW_IN)
    with mpl.rc_context(RC):
        layout = ConstrainedLayoutEngine(w_pad=0.05, h_pad=0.03, wspace=0.02, hspace=0)
        figure = Figure(figsize=size, layout=layout)
        all_axes = figure.subplots(1, len(data.panels))
        for axes, panel in zip(all_axes, data.panels, strict=True):
            strip(axes, panel.title)
            _axes(axes, data, panel)
            for one, mark in zip(panel.series, marks, strict=True):
                _series(axes, one, data, mark, triangle=style.marks_ours and data.lines and one.ours)
            if panel.note is not None:
                _note(axes, panel.note)
        all_axes[len(data.panels) // 2].set_xlabel(data.x_title, fontsize=_TITLE, labelpad=3)
        _legend(figure, series, marks, data.lines)
        return figure


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


def _note(axes: Axes, note: str) -> None:
    axes.set_yticks([])
    axes.text(0.5, 0.5, note, color=GREY30, ha="center", va="center", transform=axes.transAxes)


def _series(axes: Axes, series: Series, data: PanelsFigure, mark: Mark, triangle: bool) -> None:
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
    if data.lines:
        axes.plot(series.x, series.mean, color=mark.colour, linewidth=1.1)
    axes.plot(series.x, series.mean, **_marker(mark, triangle))


def _marker(mark: Mark, triangle: bool = False) -> dict[str, Any]:
    return {
        "marker": "^" if triangle else mark.marker,
        "markersize": 3.6,
        "markeredgewidth": 0,
        "color": mark.colour,
        "linestyle": "none",
    }


def _legend(figure: Figure, series: Sequence[Series], marks: Sequence[Mark], lines: bool) -> None:
    handles = [
        Line2D([], [], label=_shown(one.title), **(_marker(mark) | ({"linestyle": "-"} if lines else {})))
        for one, mark in zip(series, marks, strict=True)
    ]
    figure.legend(
        handles=[Line2D([], [], linestyle="none", label="model"), *handles],
        loc="outside lower center",
        ncols=_legend_columns(series),
        frameon=False,
        fontsize=TEXT,
        handlelength=1.0,
        handletextpad=0.3,
        columnspacing=1.0,
        borderpad=0.1,
    )


def _legend_columns(series: Sequence[Series]) -> int:
    """Estimate how many entries fit beside each other; a marker and its gaps are as wide as four
    characters."""
    widths = [len(re.sub(r"\\mathrm|\\bullet|[${}_]", "", one.title)) + 4 for one in series]
    entries = [_LEGEND_TITLE_CHARACTERS, *widths]
    return len(entries) if sum(entries) <= _LEGEND_CHARACTERS else max(1, _LEGEND_CHARACTERS // max(entries))


def _shown(title: str) -> str:
    """DejaVu's \\bullet is a mere dot; this is the bullet of the published figures."""
    return title.replace(r"\bullet", "⦁")
