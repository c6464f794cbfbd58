"""The data of figures that are grids of panels, each with its own axes. Nothing is drawn here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Curve:
    """Points of one series with the ends of their bars or of a ribbon; None where there is none.

    Attributes:
        title: In the legend.
        colour: As `#RRGGBB`.
        x: Positions.
        y: Values.
        lower: Lower ends.
        upper: Upper ends.
    """

    title: str
    colour: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    lower: tuple[float | None, ...]
    upper: tuple[float | None, ...]


@dataclass(frozen=True)
class Plot:
    """One panel.

    Attributes:
        x_title: Of its x axis.
        y_title: Of its y axis.
        curves: In the order of the legend.
        lines: Curves are lines, with ribbons; otherwise points with bars.
        log_y: Whether the y axis is logarithmic.
        x_labels: Texts at the positions 0, 1, …; empty for a numeric axis.
        markers: Whether the points of lines are marked.
        y_limits: Of the y axis; by default what the curves need.
    """

    x_title: str
    y_title: str
    curves: tuple[Curve, ...]
    lines: bool
    log_y: bool = False
    x_labels: tuple[str, ...] = ()
    markers: bool = False
    y_limits: tuple[float, float] | None = None


@dataclass(frozen=True)
class GridRow:
    """Panels that share a legend.

    Attributes:
        legend_title: In front of its entries.
        plots: Left to right; the legend is that of the first.
    """

    legend_title: str
    plots: tuple[Plot, ...]


@dataclass(frozen=True)
class GridFigure:
    """Rows of panels, top to bottom."""

    rows: tuple[GridRow, ...]
