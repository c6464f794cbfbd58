"""Axes in the look of the published figures (ggplot2's grey theme), and texts on them, shared by all drawing."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.transforms import ScaledTranslation, blended_transform_factory

TEXT = 7.5  # points; DejaVu Sans is wider than the published figures' Helvetica
GREY10, GREY30, GREY50 = "#1A1A1A", "#4D4D4D", "#7F7F7F"
_GREY92, _GREY20 = "#EBEBEB", "#333333"
_GREY85 = "#D9D9D9"
_STRIP_IN = 0.18

RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that figures are the same everywhere
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


def strip(axes: Axes, title: str) -> None:
    """Write the panel's title on a grey strip that sits on the panel."""
    inches_above = axes.figure.dpi_scale_trans + ScaledTranslation(0, 1, axes.transAxes)  # type: ignore[arg-type]
    place = blended_transform_factory(axes.transAxes, inches_above)
    axes.add_patch(Rectangle((0, 0), 1, _STRIP_IN, transform=place, color=_GREY85, linewidth=0, clip_on=False))
    middle: dict[str, Any] = {"ha": "center", "va": "center_baseline", "transform": place}
    axes.text(0.5, 0.48 * _STRIP_IN, title, color=GREY10, **middle)


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
