"""Figures: each is a function from a summary to plain data, and a function that draws the data."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from nalm.errors import InputError
from nalm.figures._grid import Curve, GridFigure, GridRow, Plot
from nalm.figures._panels import Panel, PanelsFigure, Series, ranges_figure, sweep_figure
from nalm.results.summary import Group
from nalm.studies import FigureTable, Study

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

__all__ = [
    "Curve",
    "GridFigure",
    "GridRow",
    "Panel",
    "PanelsFigure",
    "Plot",
    "Results",
    "Series",
    "digit_figure_data",
    "draw",
    "figure_data",
    "picture_bytes",
    "plot",
    "ranges_figure",
    "sweep_figure",
]


class Results(Protocol):
    """A `nalm.results.store.Store` or a `nalm.Results`."""

    @property
    def study(self) -> Study | None:
        """The study, if known."""

    def groups(self) -> list[Group]:
        """Return the summary."""

    def records(self) -> pl.DataFrame:
        """Return the long table."""


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


def draw(data: PanelsFigure | GridFigure) -> Figure:
    """Return the matplotlib figure of `data`; one with three panels is 19.56 cm wide and 7.98 cm high."""
    if isinstance(data, GridFigure):
        from nalm.figures._draw_grid import draw_grid

        return draw_grid(data)
    from nalm.figures._draw import draw as draw_panels

    return draw_panels(data)


def picture_bytes(figure: Figure, suffix: str) -> bytes:
    """Return a figure as the content of a `.pdf`, `.svg` or `.png` file; equal figures give equal bytes."""
    from nalm.figures._write import picture_bytes as file_bytes

    return file_bytes(figure, suffix)


def plot(results: Results, to: str | os.PathLike[str]) -> Path:
    """Write the figure of a results folder; equal results give equal bytes.

    Args:
        results: an open store, or results of `nalm.run`.
        to: the file, `.pdf`, `.svg` or `.png`, or `.tex` for the table.

    Returns:
        The path written.

    Raises:
        InputError: another suffix, no finished run, or a file that cannot be written.
        StoreError: damaged records.
    """
    from nalm.figures import _write
    from nalm.results.latex import latex_table

    path = Path(to)
    suffix = path.suffix.lower()
    if suffix not in (*_write.SUFFIXES, ".tex"):
        given = path.suffix or "no suffix"
        raise InputError(f"{path}: a figure is a .pdf, .svg or .png file, a table a .tex file; got {given}")
    groups = results.groups()
    if suffix == ".tex":
        content = latex_table(groups).encode()
    else:
        data = digit_figure_data(results)
        data = data or figure_data(groups, results.study.figure if results.study else None)
        content = picture_bytes(draw(data), suffix)
    _write.write(content, path)
    return path
