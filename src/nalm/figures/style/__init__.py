"""How figures look: which colour and marker a series has. Nothing here loads matplotlib."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nalm.figures.style.palette import hues


@dataclass(frozen=True)
class Mark:
    """How one series is drawn: its colour as `#RRGGBB`, and matplotlib's name of its marker."""

    colour: str
    marker: str


@dataclass(frozen=True)
class Style:
    """How all series of a figure are told apart.

    Attributes:
        palette: Gives the colours of a number of series.
        markers: Of the first series, the second, …; after the last one comes the first.
        marks_ours: Whether the NAU and the NMU are triangles in line plots, as in Madsen & Johansen (2020).
    """

    palette: Callable[[int], tuple[str, ...]]
    markers: tuple[str, ...]
    marks_ours: bool

    def marks(self, count: int) -> tuple[Mark, ...]:
        """Return the marks of `count` series."""
        return tuple(
            Mark(colour, self.markers[index % len(self.markers)]) for index, colour in enumerate(self.palette(count))
        )


PUBLISHED = Style(palette=hues, markers=("o",), marks_ours=True)
"""The look of the papers' figures."""
