"""Figures: each is a function from a summary to plain data, and a function that draws the data."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from nalm.errors import InputError
from nalm.figures._panels import Panel, PanelsFigure, Series, ranges_figure, sweep_figure
from nalm.results.summary import Group
from nalm.studies import FigureTable, Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "Panel",
    "PanelsFigure",
    "Results",
    "Series",
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


def figure_data(groups: Sequence[Group], settings: FigureTable | None = None) -> PanelsFigure:
    """Return what a study's figure shows, for `draw`; a table is drawn like ranges.

    Raises:
        InputError: the summary is empty, or lacks the parameter of the x axis.
    """
    if settings is not None and settings.kind == "sweep":
        return sweep_figure(groups, settings.x, logarithmic=settings.logarithmic)
    return ranges_figure(groups)


def draw(data: PanelsFigure) -> Figure:
    """Return the matplotlib figure of `data`, 19.56 cm wide and 7.98 cm high."""
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
        data = figure_data(groups, results.study.figure if results.study else None)
        content = picture_bytes(draw(data), suffix)
    _write.write(content, path)
    return path
