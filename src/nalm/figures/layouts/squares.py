"""Square panels in rows, with a colour bar below all of them."""

from __future__ import annotations

from math import ceil

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nalm.figures.style.axes import GREY30, TEXT, plain

WIDTH_IN, TITLE = 9.5, 8.5
_BELOW_IN = 0.6
# fewer than 50, from which on matplotlib makes the colour bar an image, not a drawing
COLOURS = 40


def square_axes(count: int, columns: int) -> tuple[Figure, list[Axes]]:
    """Return a figure with `count` square panels, 9.5 inches wide where there are at least `columns` of them."""
    size_in = WIDTH_IN / columns
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


def colour_bar(figure: Figure, all_axes: list[Axes], colours: ScalarMappable, title: str, ticks: MaxNLocator) -> None:
    """Draw the colour bar of all panels below them."""
    bar = figure.colorbar(colours, ax=all_axes, location="bottom", shrink=0.4, aspect=30, pad=0.02, ticks=ticks)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=2.5, width=0.9, labelsize=TEXT, labelcolor=GREY30, pad=2)
    bar.set_label(title, fontsize=TEXT)
