"""Figures: each is a function from a summary to plain data, and a function that draws the data."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from nalm.digits import CONFUSION
from nalm.errors import InputError, did_you_mean
from nalm.figures._grid import Curve, GridFigure, GridRow, Plot
from nalm.figures._panels import Panel, PanelsFigure, Series, ranges_figure, sweep_figure
from nalm.figures._stage_figures import (
    ConfusionFigure,
    ConfusionMatrix,
    WeightPath,
    WeightsFigure,
    WeightsPanel,
    confusion_figure,
    static_runs,
    weights_figure,
)
from nalm.figures._surface import Surface, SurfaceFigure, surface_figure
from nalm.results.summary import Group
from nalm.studies import FigureTable, Study

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from matplotlib.figure import Figure

__all__ = [
    "PICTURES",
    "ConfusionFigure",
    "ConfusionMatrix",
    "Curve",
    "GridFigure",
    "GridRow",
    "Panel",
    "PanelsFigure",
    "Plot",
    "Results",
    "Series",
    "Surface",
    "SurfaceFigure",
    "WeightPath",
    "WeightsFigure",
    "WeightsPanel",
    "confusion_figure",
    "digit_figure_data",
    "draw",
    "figure_data",
    "picture_bytes",
    "plot",
    "ranges_figure",
    "stage_figure_data",
    "study_figure_data",
    "surface_figure",
    "sweep_figure",
    "weights_figure",
]

PICTURES = ("figure", "confusion", "weights")
"""What `plot` can draw."""

AnyFigure = PanelsFigure | GridFigure | SurfaceFigure | ConfusionFigure | WeightsFigure
"""What `draw` takes."""


class Results(Protocol):
    """What figures need of a `nalm.results.store.Store`."""

    @property
    def study(self) -> Study | None:
        """The study, if known."""

    def groups(self) -> list[Group]:
        """Return the summary."""

    def records(self) -> pl.DataFrame:
        """Return the long table."""

    def weights(self, run: str) -> dict[str, np.ndarray]:
        """Return the final parameters of a run by name."""


def figure_data(groups: Sequence[Group], settings: FigureTable | None = None) -> PanelsFigure:
    """Return what a study's figure shows, for `draw`; a table is drawn like ranges.

    Raises:
        InputError: the summary is empty, or lacks the parameter of the x axis.
    """
    if settings is not None and settings.kind == "sweep":
        return sweep_figure(groups, settings.x, logarithmic=settings.logarithmic)
    return ranges_figure(groups)


def digit_figure_data(results: Results) -> PanelsFigure | GridFigure | None:
    """Return what the figure of a digit task shows, for `draw`; None where the results are of no digit task.

    Raises:
        InputError: there are no results.
        StoreError: damaged records.
    """
    from nalm.figures._digit_figures import lengths_figure, pairs_figure

    kind = results.study.figure.kind if results.study else None
    if kind == "pairs":
        return pairs_figure(results.records())
    return lengths_figure(results.groups(), results.records()) if kind == "lengths" else None


def study_figure_data(results: Results) -> PanelsFigure | GridFigure | SurfaceFigure:
    """Return what the figure of a study shows, for `draw`.

    Args:
        results: An open store.

    Raises:
        InputError: there are no results, or not of the kind that the study's figure shows.
        StoreError: damaged records.
    """
    study = results.study
    if study and study.figure.kind == "surface":
        return surface_figure(results.records(), study, results.weights)
    return digit_figure_data(results) or figure_data(results.groups(), study.figure if study else None)


def stage_figure_data(results: Results, what: str) -> ConfusionFigure | WeightsFigure:
    """Return what a picture of the static digit task beside its figure shows, for `draw`.

    Args:
        results: An open store.
        what: `"confusion"` or `"weights"`.

    Raises:
        InputError: there are no results, or they are of another task or without what is to be shown.
        StoreError: damaged records.
    """
    records = results.records()
    if what == "weights":
        return weights_figure(records)
    # run by run, as each has over a million parameters
    counts = {run: results.weights(run).get(CONFUSION) for run in static_runs(records, what)}
    return confusion_figure(records, {run: known for run, known in counts.items() if known is not None})


def draw(data: AnyFigure) -> Figure:
    """Return the matplotlib figure of `data`; one with three panels is 19.56 cm wide and 7.98 cm high."""
    if isinstance(data, GridFigure):
        from nalm.figures._draw_grid import draw_grid

        return draw_grid(data)
    if isinstance(data, SurfaceFigure):
        from nalm.figures._draw_surface import draw_surface

        return draw_surface(data)
    if isinstance(data, ConfusionFigure | WeightsFigure):
        from nalm.figures._draw_stages import draw_confusion, draw_weights

        return draw_weights(data) if isinstance(data, WeightsFigure) else draw_confusion(data)
    from nalm.figures._draw import draw as draw_panels

    return draw_panels(data)


def picture_bytes(figure: Figure, suffix: str) -> bytes:
    """Return a figure as the content of a `.pdf`, `.svg` or `.png` file; equal figures give equal bytes."""
    from nalm.figures._write import picture_bytes as file_bytes

    return file_bytes(figure, suffix)


def plot(results: Results, to: str | os.PathLike[str], what: str = "figure") -> Path:
    """Write a picture of a results folder; equal results give equal bytes.

    Args:
        results: an open store.
        to: the file, `.pdf`, `.svg` or `.png`, or `.tex` for the table.
        what: `"figure"`: the study's figure; of the static digit task also `"confusion"`: a matrix of true and
            predicted digits for each model, and `"weights"`: paths of the output stages' weights over epochs.

    Returns:
        The path written.

    Raises:
        InputError: another suffix, no finished run, nothing of what is to be shown, or a file that cannot be
            written.
        StoreError: damaged records.
    """
    from nalm.figures import _write
    from nalm.results.latex import latex_table

    path = Path(to)
    suffix = path.suffix.lower()
    if what not in PICTURES:
        raise InputError(f"unknown picture {what!r}{did_you_mean(what, PICTURES)} ({', '.join(PICTURES)})")
    if suffix not in (*_write.SUFFIXES, ".tex"):
        given = path.suffix or "no suffix"
        raise InputError(f"{path}: a figure is a .pdf, .svg or .png file, a table a .tex file; got {given}")
    if what != "figure":
        if suffix == ".tex":
            raise InputError(
                f"{path}: {what} is a picture: give a .pdf, .svg or .png file, as only the figure has a table"
            )
        content = picture_bytes(draw(stage_figure_data(results, what)), suffix)
    elif suffix == ".tex":
        content = latex_table(results.groups()).encode()
    else:
        content = picture_bytes(draw(study_figure_data(results)), suffix)
    _write.write(content, path)
    return path
