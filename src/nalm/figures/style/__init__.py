"""How figures look: colours and markers of series, and the width of the page. Nothing here loads matplotlib."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from nalm.errors import InputError, did_you_mean
from nalm.figure_kinds import FIGURE_STYLES
from nalm.figures.style.palette import distinct, hues

_LEAST_IN, _MOST_IN = 2.0, 40.0
_INCHES = {"in": 1.0, "cm": 1 / 2.54, "mm": 1 / 25.4, "pt": 1 / 72.27}  # points as TeX counts them


@dataclass(frozen=True)
class Mark:
    """How one series is drawn: its colour as `#RRGGBB`, and matplotlib's name of its marker."""

    colour: str
    marker: str


@dataclass(frozen=True)
class Style:
    """How the series of a figure are told apart, and how wide it is.

    Attributes:
        palette: Gives the colours of a number of series.
        markers: Of the first series, the second, …; those of the next round are shifted by one, so that series of
            one colour differ in marker.
        marker_size: In points.
        marker_edge: Colour of the edge of a marker; empty for none.
        marks_ours: Whether the NAU and the NMU are triangles in line plots, as in Madsen & Johansen (2020).
        marks_all: Whether learning curves and bars have markers, too.
        width: Of the page in inches; by default what the kind of figure needs.
    """

    palette: Callable[[int], tuple[str, ...]]
    markers: tuple[str, ...]
    marker_size: float
    marker_edge: str
    marks_ours: bool
    marks_all: bool
    width: float | None = None

    def marks(self, count: int) -> tuple[Mark, ...]:
        """Return the marks of `count` series."""
        kinds = len(self.markers)
        return tuple(
            Mark(colour, self.markers[(index + index // kinds) % kinds])
            for index, colour in enumerate(self.palette(count))
        )


DEFAULT = Style(
    palette=distinct,
    markers=("o", "s", "^", "D", "v", "P", "X", "<", ">", "*"),
    marker_size=4.0,
    marker_edge="#333333",
    marks_ours=False,
    marks_all=True,
)
"""Colours and markers that people with any colour vision can tell apart, in print without colours, too."""

PUBLISHED = Style(palette=hues, markers=("o",), marker_size=3.6, marker_edge="", marks_ours=True, marks_all=False)
"""The look of the papers' figures."""

STYLES = dict(zip(FIGURE_STYLES, (DEFAULT, PUBLISHED), strict=True))
"""Styles by name."""


def find_style(name: str, width: float | str | None = None) -> Style:
    """Return a style.

    Args:
        name: A name of `STYLES`.
        width: Of the page: inches, or a text such as `"3.3in"`, `"84mm"`, `"8.4cm"` or `"240pt"` (points of TeX).

    Raises:
        InputError: an unknown name, or a width that is none or outside 2 to 40 inches.
    """
    if name not in STYLES:
        raise InputError(f"unknown style {name!r}{did_you_mean(name, STYLES)} ({', '.join(STYLES)})")
    return STYLES[name] if width is None else replace(STYLES[name], width=_inches(width))


def _inches(width: float | str) -> float:
    unit = 1.0
    number: float | str = width
    if isinstance(width, str):
        found = re.fullmatch(rf"\s*(\d*\.?\d+)\s*({'|'.join(_INCHES)})\s*", width)
        if not found:
            raise InputError(f"width {width!r}: give a number and its unit, such as 3.3in, 84mm, 8.4cm or 240pt")
        number, unit = found[1], _INCHES[found[2]]
    inches = float(number) * unit
    if not _LEAST_IN <= inches <= _MOST_IN:
        raise InputError(f"width {width}: a figure is {_LEAST_IN:g} to {_MOST_IN:g} inches wide, got {inches:g}")
    return inches
