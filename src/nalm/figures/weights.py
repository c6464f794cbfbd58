"""Paths of the two weights of an output stage over the epochs, one panel per model (Mistry et al. 2022, appendix G)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import matplotlib as mpl
import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from nalm.errors import InputError
from nalm.figures._contract import Caption, Results
from nalm.figures._records import models_of, rows_of, stage_title, static_runs
from nalm.figures.layouts.squares import COLOURS, TITLE, colour_bar, square_axes
from nalm.figures.style import Style
from nalm.figures.style.axes import GREY30, RC, TEXT, strip

CAPTION = Caption(
    "Paths of the two weights of each output stage over the epochs, one panel per model",
    "Weights of the output stage from the first epoch to the last, one path per fold. A unit is exact where both "
    "weights are 1.",
    beside=("pairs",),
)

_WEIGHTS = ("w0", "w1")
# published; what lies outside is not shown
_LIMITS = (0.0, 1.5)
_FIRST, _LAST = "#0000FF", "#FF0000"


@dataclass(frozen=True)
class WeightPath:
    """Both weights of a run by epoch, as far as they are finite."""

    epochs: tuple[int, ...]
    weight_0: tuple[float, ...]
    weight_1: tuple[float, ...]


@dataclass(frozen=True)
class WeightsPanel:
    """One model.

    Attributes:
        title: Of the panel.
        paths: One per fold, up to where a run diverged.
        note: How many folds diverged, how many paths end outside the limits; empty if none does.
    """

    title: str
    paths: tuple[WeightPath, ...]
    note: str


@dataclass(frozen=True)
class WeightsFigure:
    """Paths of the weights of the output stage.

    Attributes:
        panels: One per model that has weights.
        epochs: The first and the last of all paths.
        limits: Of both axes.
    """

    panels: tuple[WeightsPanel, ...]
    epochs: tuple[int, int]
    limits: tuple[float, float]


def data(results: Results) -> WeightsFigure:
    """Return the paths of all models.

    Raises:
        InputError: the results are of another task, or no model has two weights.
    """
    return weights_figure(results.records())


def weights_figure(records: pl.DataFrame) -> WeightsFigure:
    """Return the paths of the output stage's two weights over epochs, all folds of a model in one panel.

    Args:
        records: The long table of a store.

    Raises:
        InputError: the results are of another task, or no model has two weights.
    """
    static_runs(records, "weights")
    models = models_of(records)
    known = records.head(0)
    if set(_WEIGHTS) <= set(records.columns):
        known = records.filter(*(pl.col(name).is_finite() for name in _WEIGHTS)).sort("epoch", maintain_order=True)
    if not len(known):
        titles = ", ".join(stage_title(model, records) for model in models)
        raise InputError(f"weights: shown of models with two weights, such as nmu; these results are of {titles}")
    panels = [
        _panel(stage_title(model, records), rows_of(known, model)) for model in models if len(rows_of(known, model))
    ]
    epochs = known["epoch"].to_list()
    return WeightsFigure(tuple(panels), (epochs[0], epochs[-1]), _LIMITS)


def _panel(title: str, rows: pl.DataFrame) -> WeightsPanel:
    by_run = rows.sort("seed", maintain_order=True).group_by("run", maintain_order=True)
    paths = [WeightPath(*(_values(part, name) for name in ("epoch", *_WEIGHTS))) for _, part in by_run]
    low, high = _LIMITS
    outside = sum(not all(low <= weights[-1] <= high for weights in (path.weight_0, path.weight_1)) for path in paths)
    diverged = rows.filter(status="failed")["run"].n_unique()
    notes = {"diverged": diverged, "end outside": outside}
    return WeightsPanel(
        title,
        tuple(paths),
        "\n".join(f"{count} of {len(paths)} folds {what}" for what, count in notes.items() if count),
    )


def _values(rows: pl.DataFrame, column: str) -> tuple[Any, ...]:
    return tuple(rows[column].to_list())


def draw(data: WeightsFigure, style: Style) -> Figure:
    """Return the figure of `data`, 9.5 inches wide, two or three panels per row; half as wide for a single one."""
    with mpl.rc_context(RC):
        figure, all_axes = square_axes(len(data.panels), columns=3 if len(data.panels) in {3, 5, 6} else 2)
        colours = ScalarMappable(
            Normalize(*data.epochs), LinearSegmentedColormap.from_list("epochs", [_FIRST, _LAST], COLOURS)
        )
        for axes, panel in zip(all_axes, data.panels, strict=True):
            _draw_panel(axes, panel, data.limits, colours)
        if data.epochs[0] < data.epochs[1]:
            colour_bar(figure, all_axes, colours, "Epoch", MaxNLocator(5, integer=True))
        ends = [("first epoch", _FIRST), ("last epoch", _LAST)]
        figure.legend(
            handles=[Line2D([], [], label=label, **_star(colour)) for label, colour in ends],
            loc="lower right",
            frameon=False,
            fontsize=TEXT,
        )
        return figure


def _draw_panel(axes: Axes, panel: WeightsPanel, limits: tuple[float, float], colours: ScalarMappable) -> None:
    strip(axes, panel.title)
    axes.grid(color="white", linewidth=0.9)
    axes.set(xlim=limits, ylim=limits)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(3))
    axes.set_xlabel("Weight 0", fontsize=TITLE, labelpad=3)
    axes.set_ylabel("Weight 1", fontsize=TITLE, labelpad=3)
    for path in panel.paths:
        _draw_path(axes, path, colours)
    for path in panel.paths:
        for end, colour in ((0, _FIRST), (-1, _LAST)):
            axes.plot(path.weight_0[end], path.weight_1[end], **_star(colour))
    axes.text(0.98, 0.98, panel.note, color=GREY30, ha="right", va="top", transform=axes.transAxes)


def _draw_path(axes: Axes, path: WeightPath, colours: ScalarMappable) -> None:
    """Draw a path in pieces of one colour each: a line per epoch would make huge files."""
    points = np.column_stack([path.weight_0, path.weight_1])
    cuts = np.unique(np.linspace(0, len(points) - 1, COLOURS + 1).round().astype(int))
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
