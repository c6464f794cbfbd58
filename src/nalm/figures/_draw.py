"""Drawing of figures with panels, in the look of the published ones (ggplot2's grey theme). No arithmetic on
data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import ceil
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import AutoMinorLocator, FuncFormatter, MaxNLocator, NullFormatter, NullLocator

from nalm.figures._look import GREY30, STYLE, TEXT, plain, strip, tick_text
from nalm.figures._panels import Panel, PanelsFigure, Series

WIDTH_CM, HEIGHT_CM = 19.56, 7.98
_CM = 1 / 2.54
_TITLE = 9.0  # points
_LEGEND_ROW_IN = 0.16
_LEGEND_CHARACTERS, _LEGEND_TITLE_CHARACTERS = 118, 9  # that fit into one row, that the word "model" takes


def draw(data: PanelsFigure) -> Figure:
    """Return the picture of `data`, 19.56 cm wide and 7.98 cm high; higher if the legend takes several
    rows."""
    series = data.panels[0].series
    more_rows = ceil((len(series) + 1) / _legend_columns(series)) - 1
    size = (WIDTH_CM * _CM, HEIGHT_CM * _CM + more_rows * _LEGEND_ROW_IN)
    with mpl.rc_context(STYLE):
        layout = ConstrainedLayoutEngine(w_pad=0.05, h_pad=0.03, wspace=0.02, hspace=0)
        figure = Figure(figsize=size, layout=layout)
        all_axes = figure.subplots(1, len(data.panels))
        for axes, panel in zip(all_axes, data.panels, strict=True):
            strip(axes, panel.title)
            _panel(axes, data, panel)
        all_axes[len(data.panels) // 2].set_xlabel(data.x_title, fontsize=_TITLE, labelpad=3)
        _legend(figure, series, data.lines)
        return figure


def _panel(axes: Axes, data: PanelsFigure, panel: Panel) -> None:
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
    for series in panel.series:
        _series(axes, series, data)
    if panel.note is not None:
        axes.set_yticks([])
        axes.text(0.5, 0.5, panel.note, color=GREY30, ha="center", va="center", transform=axes.transAxes)


def _series(axes: Axes, series: Series, data: PanelsFigure) -> None:
    bars = [
        (x, lower, upper)
        for x, lower, upper in zip(series.x, series.lower, series.upper, strict=True)
        if lower is not None and upper is not None
    ]
    if bars:
        # drawn by hand: matplotlib's error bars take distances from the point, not ends
        x, lower, upper = zip(*bars, strict=True)
        look: dict[str, Any] = {"color": series.colour, "alpha": data.bar_opacity}
        axes.vlines(x, lower, upper, linewidth=1.1, **look)
        axes.plot(x + x, lower + upper, "_", markersize=3.2, **look)
    if data.lines:
        axes.plot(series.x, series.mean, color=series.colour, linewidth=1.1)
    axes.plot(series.x, series.mean, **_marker(series, data.lines))


def _marker(series: Series, lines: bool) -> dict[str, Any]:
    shape = "^" if lines and series.triangle else "o"
    return {
        "marker": shape,
        "markersize": 3.6,
        "markeredgewidth": 0,
        "color": series.colour,
        "linestyle": "none",
    }


def _legend(figure: Figure, series: Sequence[Series], lines: bool) -> None:
    handles = [
        Line2D([], [], label=_shown(one.title), **(_marker(one, False) | ({"linestyle": "-"} if lines else {})))
        for one in series
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
