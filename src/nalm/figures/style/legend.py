"""Legends below a figure: titles stand beside their entries, entries read row by row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from nalm.figures.style import Mark, Style
from nalm.figures.style.axes import TEXT

_CHARACTERS_PER_IN = 15.3
_HANDLE = 4  # a marker and its gaps are as wide as four characters
ROW_IN = 0.16
"""Height of a row of entries."""


@dataclass(frozen=True)
class Block:
    """Entries of a legend under one title."""

    title: str
    entries: tuple[Line2D, ...]


def point(mark: Mark, style: Style, marker: str = "") -> dict[str, Any]:
    """Return how matplotlib draws the points of a series.

    Args:
        mark: Of the series.
        style: Of the figure.
        marker: Instead of the mark's.
    """
    edge = {"markeredgecolor": style.marker_edge, "markeredgewidth": 0.35} if style.marker_edge else {}
    return {
        "marker": marker or mark.marker,
        "markersize": style.marker_size,
        "markeredgewidth": 0,
        "color": mark.colour,
        "linestyle": "none",
        **edge,
    }


def arrange(blocks: Sequence[Block], width_in: float) -> list[list[Line2D]]:
    """Return the rows of a legend: titles in the first column, entries in the others, blanks where there is none.

    Args:
        blocks: With at least one entry in one of them.
        width_in: Of the page; how many entries fit beside each other is estimated from their letters.
    """
    room = int(_CHARACTERS_PER_IN * width_in)
    titles = max(_length(block.title) for block in blocks) + _HANDLE
    widths = [[_length(str(entry.get_label())) + _HANDLE for entry in block.entries] for block in blocks]
    longest = max(map(len, widths))
    if all(titles + sum(row) <= room for row in widths):
        columns = longest
    else:
        columns = min(longest, max(1, (room - titles) // max(width for row in widths for width in row)))
    rows = []
    for block in blocks:
        for first in range(0, len(block.entries), columns):
            entries = block.entries[first : first + columns]
            title = _blank(block.title if first == 0 else " ")
            rows.append([title, *entries, *(_blank(" ") for _ in range(columns - len(entries)))])
    return rows


def draw_legend(figure: Figure | SubFigure, rows: Sequence[Sequence[Line2D]], **look: Any) -> None:
    """Draw a legend below a figure, from the rows that `arrange` made."""
    columns = zip(*rows, strict=True)  # matplotlib fills a legend column by column
    figure.legend(
        handles=[handle for column in columns for handle in column],
        loc="outside lower center",
        ncols=len(rows[0]),
        frameon=False,
        fontsize=TEXT,
        handlelength=1.0,
        handletextpad=0.3,
        **look,
    )


def _length(title: str) -> int:
    return len(re.sub(r"\\mathrm|\\bullet|[${}_]", "", title))


def _blank(label: str) -> Line2D:
    return Line2D([], [], linestyle="none", label=label)
