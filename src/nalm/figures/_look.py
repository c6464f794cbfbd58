"""The look of the published figures (ggplot2's grey theme), shared by all drawing."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes

TEXT = 7.5  # points; DejaVu Sans is wider than the published figures' Helvetica
GREY30 = "#4D4D4D"
_GREY92, _GREY20 = "#EBEBEB", "#333333"

STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that pictures are the same everywhere
    "font.size": TEXT,
    "mathtext.fontset": "dejavusans",
    "mathtext.default": "regular",
    "svg.fonttype": "path",
    "svg.hashsalt": "nalm",
    "pdf.fonttype": 42,
    "path.simplify": False,
}


def plain(axes: Axes) -> None:
    """Give axes a grey ground without a frame, and short ticks."""
    axes.set_facecolor(_GREY92)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_axisbelow(True)
    axes.tick_params(which="major", length=2.5, width=0.9, color=_GREY20, labelcolor=GREY30, labelsize=TEXT, pad=2)


def tick_text(value: float, position: int | None = None) -> str:
    """Write thousands with commas, and small or huge numbers as m·10ⁿ."""
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1e6 or size < 1e-3:
        digits, exponent = f"{value:.2e}".split("e")
        factor = digits.rstrip("0").rstrip(".")
        return rf"${factor}\cdot 10^{{{int(exponent)}}}$"
    return f"{value:,.0f}" if size >= 1000 else f"{value:g}"
