"""Paths of the two weights of a unit through training, one panel per model (Mistry et al. 2022, appendix G)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from matplotlib.ticker import FuncFormatter, MaxNLocator

from nalm.errors import InputError
from nalm.figures._contract import Caption, Results
from nalm.figures._records import STATIC, models_of, stage_title, tasks_of
from nalm.figures.layouts.squares import COLOURS, TITLE, colour_bar, square_axes
from nalm.figures.series.facets import RANGE, facets_of
from nalm.figures.style import Style
from nalm.figures.style.axes import GREY30, RC, TEXT, strip, tick_text

CAPTION = Caption(
    "Paths of the two weights of each unit through training, one panel per model",
    "Weights from the first epoch or iteration to the last, one path per fold or seed. An NMU is exact where both "
    "weights are 1. Axes of a panel reach from 0 to 1.5, or as far as its runs go.",
    beside=("pairs",),
)

_WEIGHTS = ("w0", "w1")
# published; other axes hold what leaves them
_LIMITS = (0.0, 1.5)
_MARGIN = 0.05  # of what is added to them
# no unit is exact with larger weights, and one that diverges would leave nothing to see of the others
_FARTHEST = 10.0
_LEAST_IN = 1.6  # width of a panel
_FIRST, _LAST = "#0000FF", "#FF0000"


@dataclass(frozen=True)
class WeightPath:
    """Both weights of a run by epoch or iteration, as far as they are finite."""

    times: tuple[int, ...]
    weight_0: tuple[float, ...]
    weight_1: tuple[float, ...]


@dataclass(frozen=True)
class WeightsPanel:
    """One model.

    Attributes:
        title: Of the panel.
        paths: One per run, up to where it diverged.
        limits: Of both axes.
        note: How many runs diverged, how many paths end outside the limits; empty if none does.
    """

    title: str
    paths: tuple[WeightPath, ...]
    limits: tuple[float, float]
    note: str


@dataclass(frozen=True)
class WeightsFigure:
    """Paths of weights.

    Attributes:
        panels: One per model that has two weights, and per operation, range and swept value.
        time: What paths are by: epoch or iteration.
        ends: The first and the last of all paths.
    """

    panels: tuple[WeightsPanel, ...]
    time: str
    ends: tuple[int, int]


def data(results: Results) -> WeightsFigure:
    """Return the paths of all models.

    Raises:
        InputError: there are no results, or no model has two weights.
    """
    records = results.read()
    return weights_figure(records.table, records.parameters)


def weights_figure(records: pl.DataFrame, swept: Sequence[str] = ()) -> WeightsFigure:
    """Return the paths of a unit's two weights; all folds or seeds of a model are in one panel.

    Args:
        records: The long table of a store.
        swept: Its columns that hold swept keys.

    Raises:
        InputError: there are none, or no model has two weights.
    """
    static = tasks_of(records) == [STATIC]
    known = _with_two_weights(records)
    if not len(known):
        titles = ", ".join(stage_title(model, records) for model in models_of(records))
        raise InputError(f"weights: shown of models with two weights, such as nmu; these results are of {titles}")
    time = "epoch" if "epoch" in known.columns and known["epoch"].is_not_null().all() else "step"
    known = known.sort(time, maintain_order=True)
    keys = [key for key in ("operation", RANGE, *swept) if key in known.columns]
    models, facets = facets_of(known, keys)
    what = "folds" if static else "runs"
    panels = [
        _panel(", ".join(filter(None, [models[index], facet.title])), facet.rows[index], time, what)
        for index in range(len(models))
        for facet in facets
        if index in facet.rows
    ]
    times = known[time].to_list()
    return WeightsFigure(tuple(panels), "epoch" if time == "epoch" else "iteration", (times[0], times[-1]))


def _with_two_weights(records: pl.DataFrame) -> pl.DataFrame:
    """Rows of models that have two weights and no third, where both are finite."""
    if not set(_WEIGHTS) <= set(records.columns):
        return records.head(0)
    no_third = pl.col("w2").is_null().all().over("run") if "w2" in records.columns else pl.lit(True)
    return records.filter(no_third, *(pl.col(name).is_finite() for name in _WEIGHTS))


def _panel(title: str, rows: pl.DataFrame, time: str, what: str) -> WeightsPanel:
    by_run = rows.sort("seed", maintain_order=True).group_by("run", maintain_order=True)
    paths = tuple(WeightPath(*(_values(part, name) for name in (time, *_WEIGHTS))) for _, part in by_run)
    low, high = limits = _limits(paths)
    outside = sum(not all(low <= weights[-1] <= high for weights in (path.weight_0, path.weight_1)) for path in paths)
    diverged = rows.filter(status="failed")["run"].n_unique()
    notes: Mapping[str, int] = {"diverged": diverged, "end outside": outside}
    lines = (f"{count} of {len(paths)} {what} {event}" for event, count in notes.items() if count)
    return WeightsPanel(title, paths, limits, "\n".join(lines))


def _limits(paths: Sequence[WeightPath]) -> tuple[float, float]:
    """Return the published limits, moved out to hold all paths but what is farther than any exact unit."""
    values = np.array([value for path in paths for value in (*path.weight_0, *path.weight_1)])
    near = values[np.abs(values) <= _FARTHEST]
    low, high = min([_LIMITS[0], *near]), max([_LIMITS[1], *near])
    margin = _MARGIN * (high - low)
    return low - margin * (low < _LIMITS[0]), high + margin * (high > _LIMITS[1])


def _values(rows: pl.DataFrame, column: str) -> tuple[Any, ...]:
    return tuple(rows[column].to_list())


def draw(data: WeightsFigure, style: Style) -> Figure:
    """Return the figure of `data`, by default 9.5 inches wide, two to four panels per row; half as wide for one."""
    with mpl.rc_context(RC):
        count = len(data.panels)
        columns = 3 if count in {3, 5, 6} else 2 if count < 6 else 4
        figure, all_axes = square_axes(count, columns, _LEAST_IN, style)
        colours = ScalarMappable(
            Normalize(*data.ends), LinearSegmentedColormap.from_list("epochs", [_FIRST, _LAST], COLOURS)
        )
        for axes, panel in zip(all_axes, data.panels, strict=True):
            _draw_panel(axes, panel, colours)
        if data.ends[0] < data.ends[1]:
            ticks = MaxNLocator(5, integer=True)
            bar = colour_bar(figure, all_axes, colours, data.time.capitalize(), ticks)
            bar.ax.xaxis.set_major_formatter(FuncFormatter(tick_text))
        ends = [(f"first {data.time}", _FIRST), (f"last {data.time}", _LAST)]
        figure.legend(
            handles=[Line2D([], [], label=label, **_star(colour)) for label, colour in ends],
            loc="lower right",
            frameon=False,
            fontsize=TEXT,
        )
        return figure


def _draw_panel(axes: Axes, panel: WeightsPanel, colours: ScalarMappable) -> None:
    strip(axes, panel.title)
    axes.grid(color="white", linewidth=0.9)
    axes.set(xlim=panel.limits, ylim=panel.limits)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
    axes.set_xlabel("Weight 0", fontsize=TITLE, labelpad=3)
    axes.set_ylabel("Weight 1", fontsize=TITLE, labelpad=3)
    for path in panel.paths:
        _draw_path(axes, path, colours)
    for path in panel.paths:
        for end, colour in ((0, _FIRST), (-1, _LAST)):
            axes.plot(path.weight_0[end], path.weight_1[end], **_star(colour))
    axes.text(0.98, 0.98, panel.note, color=GREY30, ha="right", va="top", transform=axes.transAxes)


def _draw_path(axes: Axes, path: WeightPath, colours: ScalarMappable) -> None:
    """Draw a path in pieces of one colour each: a line per row would make huge files."""
    points = np.column_stack([path.weight_0, path.weight_1])
    cuts = np.unique(np.linspace(0, len(points) - 1, COLOURS + 1).round().astype(int))
    pieces = [points[start : end + 1] for start, end in pairwise(cuts)]
    middles = np.array([path.times[(start + end) // 2] for start, end in pairwise(cuts)])
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
