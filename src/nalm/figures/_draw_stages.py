"""Drawing of figures with one panel per model, in the look of the published figures. No arithmetic on data."""

from __future__ import annotations

from itertools import pairwise
from math import ceil
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from nalm.figures._look import GREY10, GREY30, GREY50, STYLE, TEXT, plain, strip
from nalm.figures._stage_figures import ConfusionFigure, ConfusionMatrix, WeightPath, WeightsFigure, WeightsPanel

_WIDTH_IN, _BELOW_IN = 9.5, 0.6
_TITLE = 8.5
_COUNT = 6.5
_FIRST, _LAST = "#0000FF", "#FF0000"
# fewer than 50, from which on matplotlib makes the colour bar an image, not a drawing
_COLOURS = 40
_LIGHT_TEXT_ABOVE = 0.65


def draw_confusion(data: ConfusionFigure) -> Figure:
    """Return the picture of `data`, 9.5 inches wide, two matrices per row; half as wide for a single one."""
    with mpl.rc_context(STYLE):
        figure, all_axes = _grid(len(data.matrices), columns=2)
        colours = mpl.colormaps["Blues"].resampled(_COLOURS)
        for axes, matrix in zip(all_axes, data.matrices, strict=True):
            _matrix(axes, matrix, colours)
        _colour_bar(
            figure,
            all_axes,
            ScalarMappable(Normalize(0, 1), colours),
            "Share of the images of a true digit",
            MaxNLocator(5),
        )
        return figure


def draw_weights(data: WeightsFigure) -> Figure:
    """Return the picture of `data`, 9.5 inches wide, two or three panels per row; half as wide for a single
    one."""
    with mpl.rc_context(STYLE):
        figure, all_axes = _grid(len(data.panels), columns=3 if len(data.panels) in {3, 5, 6} else 2)
        colours = ScalarMappable(
            Normalize(*data.epochs), LinearSegmentedColormap.from_list("epochs", [_FIRST, _LAST], _COLOURS)
        )
        for axes, panel in zip(all_axes, data.panels, strict=True):
            _weights(axes, panel, data.limits, colours)
        if data.epochs[0] < data.epochs[1]:
            _colour_bar(figure, all_axes, colours, "Epoch", MaxNLocator(5, integer=True))
        ends = [("first epoch", _FIRST), ("last epoch", _LAST)]
        figure.legend(
            handles=[Line2D([], [], label=label, **_star(colour)) for label, colour in ends],
            loc="lower right",
            frameon=False,
            fontsize=TEXT,
        )
        return figure


def _grid(count: int, columns: int) -> tuple[Figure, list[Axes]]:
    """Return a figure with `count` square panels."""
    size_in = _WIDTH_IN / columns
    columns = min(columns, count)
    rows = ceil(count / columns)
    figure = Figure(figsize=(size_in * columns, size_in * rows + _BELOW_IN), layout="compressed")
    all_axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes in all_axes[count:]:
        axes.remove()
    for axes in all_axes[:count]:
        plain(axes)
        axes.set_aspect("equal")
    return figure, all_axes[:count]


def _matrix(axes: Axes, matrix: ConfusionMatrix, colours: Colormap) -> None:
    strip(axes, matrix.title)
    shares = np.ma.masked_invalid(np.array(matrix.shares, dtype=float))
    # a mesh, as an image would be blurred by some viewers
    axes.pcolormesh(shares, cmap=colours, vmin=0, vmax=1, edgecolors="white", linewidth=0.5)
    for row, (counts, parts) in enumerate(zip(matrix.counts, matrix.shares, strict=True)):
        for column, (count, share) in enumerate(zip(counts, parts, strict=True)):
            if share is not None:
                colour = GREY50 if count == 0 else "white" if share > _LIGHT_TEXT_ABOVE else GREY10
                middle: dict[str, Any] = {"ha": "center", "va": "center_baseline"}
                axes.text(column + 0.5, row + 0.5, str(count), color=colour, fontsize=_COUNT, **middle)
    middles = np.arange(len(matrix.counts)) + 0.5
    axes.set_xticks(middles, map(str, range(len(middles))))
    axes.set_yticks(middles, map(str, range(len(middles))))
    axes.invert_yaxis()
    axes.set_xlabel("Predicted digit", fontsize=_TITLE, labelpad=3)
    axes.set_ylabel("True digit", fontsize=_TITLE, labelpad=3)


def _weights(axes: Axes, panel: WeightsPanel, limits: tuple[float, float], colours: ScalarMappable) -> None:
    strip(axes, panel.title)
    axes.grid(color="white", linewidth=0.9)
    axes.set(xlim=limits, ylim=limits)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(3))
    axes.set_xlabel("Weight 0", fontsize=_TITLE, labelpad=3)
    axes.set_ylabel("Weight 1", fontsize=_TITLE, labelpad=3)
    for path in panel.paths:
        _path(axes, path, colours)
    for path in panel.paths:
        for end, colour in ((0, _FIRST), (-1, _LAST)):
            axes.plot(path.weight_0[end], path.weight_1[end], **_star(colour))
    axes.text(0.98, 0.98, panel.note, color=GREY30, ha="right", va="top", transform=axes.transAxes)


def _path(axes: Axes, path: WeightPath, colours: ScalarMappable) -> None:
    """Draw a path in pieces of one colour each: a line per epoch would make huge files."""
    points = np.column_stack([path.weight_0, path.weight_1])
    cuts = np.unique(np.linspace(0, len(points) - 1, _COLOURS + 1).round().astype(int))
    pieces = [points[start : end + 1] for start, end in pairwise(cuts)]
    middles = np.array([path.epochs[(start + end) // 2] for start, end in pairwise(cuts)])
    lines = LineCollection(pieces, colors=colours.to_rgba(middles), linewidth=0.9, capstyle="round")
    axes.add_collection(lines, autolim=False)


def _star(colour: str) -> dict[str, Any]:
    return {
        "color": colour,
        "marker": "*",
        "markersize": 7,
        "markeredgecolor": "white",
        "markeredgewidth": 0.4,
        "linestyle": "none",
    }


def _colour_bar(figure: Figure, all_axes: list[Axes], colours: ScalarMappable, title: str, ticks: MaxNLocator) -> None:
    bar = figure.colorbar(colours, ax=all_axes, location="bottom", shrink=0.4, aspect=30, pad=0.02, ticks=ticks)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=2.5, width=0.9, labelsize=TEXT, labelcolor=GREY30, pad=2)
    bar.set_label(title, fontsize=TEXT)
