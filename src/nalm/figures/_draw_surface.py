"""Drawing of surfaces, in the look of the published figure. No arithmetic on data."""

from __future__ import annotations

from math import ceil
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, ListedColormap, to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from nalm.figures._look import STYLE, TEXT, strip
from nalm.figures._surface import Surface, SurfaceFigure

_WIDTH_CM, _HEIGHT_CM = 22.4, 14.0
_CM = 1 / 2.54
_TITLE = 8.5
_ENDS = ("#35978f", "#c7eae5", "#bf812d", "#330000")
_INTERPOLATION, _EXTRAPOLATION = "#0000FF", "#FF0000"
_LEGEND_ROWS = 4


def palette(count: int) -> list[str]:
    """Return `count` colours from turquoise over sand to dark brown."""
    ramp = LinearSegmentedColormap.from_list("surface", _ENDS, count)
    return [to_hex(ramp(k)) for k in range(count)]


def draw_surface(data: SurfaceFigure) -> Figure:
    """Return the picture of `data`, 22.4 cm wide and 14 cm high, panels in two rows."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(_WIDTH_CM * _CM, _HEIGHT_CM * _CM), layout="constrained")
        rows = min(2, len(data.surfaces))
        all_axes = list(figure.subplots(rows, ceil(len(data.surfaces) / rows), squeeze=False).flat)
        colours = palette(len(data.labels))
        for axes in all_axes[len(data.surfaces) :]:
            axes.remove()
        for axes, surface in zip(all_axes, data.surfaces, strict=False):
            _panel(axes, data, surface, colours)
        columns = ceil(len(colours) / _LEGEND_ROWS)
        figure.legend(
            handles=[_patch(colours, data.labels, k) for k in _by_row(len(colours), columns)],
            loc="outside lower center",
            ncols=columns,
            frameon=False,
            fontsize=TEXT,
            handlelength=0.9,
            handleheight=0.9,
        )
        return figure


def _panel(axes: Axes, data: SurfaceFigure, surface: Surface, colours: list[str]) -> None:
    strip(axes, surface.title)
    ground = ListedColormap(colours).with_extremes(under="white")
    half = data.limit / (len(surface.bins) - 1)  # half a step beyond the outer points
    ends = (-data.limit - half, data.limit + half)
    axes.imshow(
        surface.bins,
        cmap=ground,
        vmin=-0.5,
        vmax=len(colours) - 0.5,
        origin="lower",
        extent=(*ends, *ends),
        interpolation="nearest",
        aspect="auto",
    )
    for intervals, colour in ((data.interpolation, _INTERPOLATION), (data.extrapolation, _EXTRAPOLATION)):
        for low, high in intervals:
            edge: dict[str, Any] = {"fill": False, "edgecolor": colour, "linewidth": 1.0}
            axes.add_patch(Rectangle((low, low), high - low, high - low, **edge))
    axes.set(xlim=ends, ylim=ends)
    axes.tick_params(length=2.5, labelsize=TEXT, pad=2)
    axes.set_xlabel("x1", fontsize=_TITLE, labelpad=2)
    axes.set_ylabel("x2", fontsize=_TITLE, labelpad=2)


def _patch(colours: list[str], labels: tuple[str, ...], index: int) -> Patch:
    return Patch(facecolor=colours[index], edgecolor="none", label=labels[index])


def _by_row(count: int, columns: int) -> list[int]:
    """Positions in the order in which matplotlib fills a legend, column by column, so that rows read on."""
    return [k for column in range(columns) for k in range(column, count, columns)]
