"""The kinds of figures: what `[figure] kind` of a study and `nalm plot --what` name.

Each is a module of `nalm.figures`. To add one: that file, and its word here. The table lies outside of that package, as
studies and the command line read it and load neither results nor matplotlib.
"""

from __future__ import annotations

FIGURE_KINDS: tuple[str, ...] = (
    "ranges",
    "sweep",
    "table",
    "pairs",
    "lengths",
    "surface",
    "curves",
    "profile",
    "confusion",
    "weights",
    "classes",
    "epochs",
    "gates",
)

FIGURE_STYLES: tuple[str, ...] = ("default", "published")
"""What `nalm plot --style` names, in the order of `nalm.figures.style.STYLES`."""
