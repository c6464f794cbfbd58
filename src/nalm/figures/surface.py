"""What networks of two inputs make of a plane of inputs (Mistry et al. 2022, figure 1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import Any

import matplotlib as mpl
import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, ListedColormap, to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from numpy.typing import NDArray

from nalm.errors import InputError, StoreError
from nalm.figures._contract import Caption, Results
from nalm.figures._records import check_not_empty
from nalm.figures.series.titles import model_title
from nalm.figures.style import Style
from nalm.figures.style.axes import RC, TEXT, strip
from nalm.results.selection import select_best
from nalm.runs import Run
from nalm.studies import Study, expand
from nalm.tasks import ArithmeticTask, Range

CAPTION = Caption(
    "Outputs of each network over a plane of inputs, beside the exact ones",
    "Colours are intervals of the output, shared by all panels. Blue: inputs in training, red: inputs of the test. The "
    "letters tell whether a network solved the first and the second.",
)

Weights = Callable[[str], Mapping[str, NDArray[Any]]]

# published: steps of 0.1 from -6 to 6, and twenty colours
_POINTS, _BINS = 121, 20
_SMALLEST_LABEL = 1e-9  # of the span: what is left of a zero by rounding

_WIDTH_CM, _HEIGHT_CM = 22.4, 14.0
_CM = 1 / 2.54
_LEAST_IN, _SHAPE = 1.6, 0.9  # width of a panel, and its height for each inch of it
_LEGEND_IN, _ENTRY_IN = 0.9, 1.2  # height of the legend, width of an entry
_TITLE = 8.5
_ENDS = ("#35978f", "#c7eae5", "#bf812d", "#330000")
_INTERPOLATION, _EXTRAPOLATION = "#0000FF", "#FF0000"
_LEGEND_ROWS = 4


@dataclass(frozen=True)
class Surface:
    """Outputs of one network.

    Attributes:
        title: Of the panel; (TF), say: solved on the interpolation range, not on the extrapolation range.
        bins: Index of the interval that each output is in, `[points, points]`; the row is the second input. -1 where
            the output is not finite.
    """

    title: str
    bins: NDArray[np.int64]


@dataclass(frozen=True)
class SurfaceFigure:
    """One panel per network, the exact one first.

    Attributes:
        surfaces: The panels.
        labels: Of the intervals, from the lowest on.
        limit: Both axes reach from its negative to it.
        interpolation: Ends of the intervals that inputs were drawn from in training.
        extrapolation: Ends of those of the test.
    """

    surfaces: tuple[Surface, ...]
    labels: tuple[str, ...]
    limit: float
    interpolation: tuple[tuple[float, float], ...]
    extrapolation: tuple[tuple[float, float], ...]


def data(results: Results) -> SurfaceFigure:
    """Return the outputs of every finished run's final state.

    Raises:
        InputError: the results are of no study, there are no runs, they have other tasks than one with two inputs, or
            not all the same.
    """
    if results.study is None:
        raise InputError("figure: a surface is of the networks of a study, and these results belong to none")
    return surface_figure(results.records(), results.study, results.weights)


def surface_figure(records: pl.DataFrame, study: Study, weights: Weights) -> SurfaceFigure:
    """Return the data of the figure: every finished run's final state.

    Args:
        records: The long table of a store.
        study: Its study.
        weights: Gives the final parameters of a run by name.

    Raises:
        InputError: there are no runs, they have other tasks than one with two inputs, or not all the same.
    """
    check_not_empty(records)
    best = {row["run"]: row for row in select_best(records, study.selection_window).iter_rows(named=True)}
    # seeds may be others than the study's own
    runs = [run for run in expand(study, tuple(sorted(set(records["seed"])))) if run.id in best]
    task = _common_task(runs)
    for run in runs:
        if run.network.has_own_units:
            raise InputError(
                f"figure: a surface computes its networks, and code that a results folder names is not run: {run.label}"
            )
    limit = max(abs(end) for interval in _ends(task) for end in interval)
    axis = np.linspace(-limit, limit, _POINTS)
    first, second = np.meshgrid(axis, axis)
    outputs = [("Gold (TT)", task.apply([first, second]))]
    repeated = {run.label for run in runs if sum(other.label == run.label for other in runs) > 1}
    for run in runs:
        name = network_title(run.label) + (f", seed {run.seed}" if run.label in repeated else "")
        outputs.append((f"{name} ({_letters(best[run.id])})", _outputs(run, weights(run.id), first, second)))
    return surfaces_of(outputs, limit, task.interpolation_range.intervals, task.extrapolation_range.intervals)


def surfaces_of(
    outputs: Sequence[tuple[str, NDArray[np.float64]]],
    limit: float,
    interpolation: tuple[tuple[float, float], ...] = (),
    extrapolation: tuple[tuple[float, float], ...] = (),
) -> SurfaceFigure:
    """Return the data of a figure of outputs on one grid.

    Args:
        outputs: Titles and outputs `[points, points]`; the row is the second input.
        limit: Both axes reach from its negative to it.
        interpolation: Ends of the intervals that inputs were drawn from in training.
        extrapolation: Ends of those of the test.

    Raises:
        InputError: no output is a number.
    """
    together = np.concatenate([values.ravel() for _, values in outputs])
    if not np.isfinite(together).any():
        raise InputError("figure: no output is a finite number")
    breaks = _breaks(together)
    surfaces = tuple(Surface(title, _binned(values, breaks)) for title, values in outputs)
    return SurfaceFigure(surfaces, _labels(breaks), limit, interpolation, extrapolation)


def network_title(label: str) -> str:
    """Return the name of a network; a perceptron is called as in the published figure."""
    perceptron = re.fullmatch(r"relu_(\d+)", label)
    return f"MLP ({perceptron[1]})" if perceptron else model_title(label)


def _common_task(runs: list[Run]) -> ArithmeticTask:
    tasks = {run.task for run in runs}
    if len(tasks) > 1:
        raise InputError("figure: a surface is of one operation and range; choose with --only")
    (task,) = tasks
    if task.kind != "single-module" or task.in_features != 2:
        raise InputError("figure: a surface is of the single module task with two inputs")
    return task


def _letters(verdict: Mapping[str, Any]) -> str:
    """Whether a run solved the interpolation and the extrapolation range; neither where there is no threshold."""
    error, threshold = verdict["interpolation_error"], verdict["threshold"]
    interpolated = error is not None and threshold is not None and error < threshold
    return "".join("T" if solved else "F" for solved in (interpolated, verdict["solved"]))


def _ends(task: ArithmeticTask) -> tuple[tuple[float, float], ...]:
    ranges: tuple[Range, ...] = (task.interpolation_range, task.extrapolation_range)
    return tuple(interval for range_ in ranges for interval in range_.intervals)


def _outputs(
    run: Run, state: Mapping[str, NDArray[Any]], first: NDArray[np.float64], second: NDArray[np.float64]
) -> NDArray[np.float64]:
    import torch

    from nalm.training.weights import load_weights_

    network = run.network.build(2, 1).eval()
    try:
        load_weights_(network, state)
    except ValueError as error:
        raise StoreError(f"the weights kept of run {run.id} do not fit its network: {error}") from None
    inputs = torch.tensor(np.stack([first, second], -1), dtype=torch.float32)
    with torch.no_grad():
        outputs: NDArray[np.float64] = network(inputs)[..., 0].double().numpy()
    return outputs


def _breaks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ends of equal intervals over all finite values, the outer ones moved out by a thousandth, as R's cut."""
    finite = values[np.isfinite(values)]
    low, high = float(finite.min()), float(finite.max())
    breaks = np.linspace(low, high, _BINS + 1)
    breaks[0] -= (high - low) / 1000
    breaks[-1] += (high - low) / 1000
    breaks[np.abs(breaks) < _SMALLEST_LABEL * (high - low)] = 0.0
    return breaks


def _binned(values: NDArray[np.float64], breaks: NDArray[np.float64]) -> NDArray[np.int64]:
    bins = np.searchsorted(breaks[1:-1], values, side="left")
    return np.where(np.isfinite(values), bins, -1)


def _labels(breaks: NDArray[np.float64]) -> tuple[str, ...]:
    return tuple(f"({low:.3g},{high:.3g}]" for low, high in pairwise(breaks))


def draw(data: SurfaceFigure, style: Style) -> Figure:
    """Return the figure of `data`, by default 22.4 cm wide and 14 cm high, panels in two rows."""
    with mpl.rc_context(RC):
        width = style.width or _WIDTH_CM * _CM
        across = min(ceil(len(data.surfaces) / min(2, len(data.surfaces))), max(1, int(width / _LEAST_IN)))
        rows = ceil(len(data.surfaces) / across)
        published = style.width is None and rows <= 2
        height = _HEIGHT_CM * _CM if published else rows * width / across * _SHAPE + _LEGEND_IN
        figure = Figure(figsize=(width, height), layout="constrained")
        all_axes = list(figure.subplots(rows, across, squeeze=False).flat)
        colours = palette(len(data.labels))
        for axes in all_axes[len(data.surfaces) :]:
            axes.remove()
        for axes, surface in zip(all_axes, data.surfaces, strict=False):
            _draw_panel(axes, data, surface, colours)
        columns = min(ceil(len(colours) / _LEGEND_ROWS), max(1, int(width / _ENTRY_IN)))
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


def palette(count: int) -> list[str]:
    """Return `count` colours from turquoise over sand to dark brown."""
    ramp = LinearSegmentedColormap.from_list("surface", _ENDS, count)
    return [to_hex(ramp(k)) for k in range(count)]


def _draw_panel(axes: Axes, data: SurfaceFigure, surface: Surface, colours: list[str]) -> None:
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
