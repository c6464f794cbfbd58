"""The three measures over the interpolation ranges (Mistry et al. 2022, figures 2, 5 and 7)."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from nalm.figures._contract import Results
from nalm.figures._measures import CAPTION, measure_panels, range_label, split_models
from nalm.figures._records import check_not_empty
from nalm.figures.layouts.panels import PanelsFigure, draw_panels
from nalm.figures.style import Style
from nalm.results.collation import collation_key
from nalm.results.summaries import summary_of
from nalm.results.summary import Group

__all__ = ["CAPTION", "data", "draw", "ranges_figure"]

_TITLES = ("Extrapolation range success rate", "Solved at iteration step", "Sparsity error")


def data(results: Results) -> PanelsFigure:
    """Return the measures of all groups.

    Raises:
        InputError: there are no results.
    """
    return ranges_figure(summary_of(results))


def ranges_figure(groups: Sequence[Group], dodge: float | None = None) -> PanelsFigure:
    """Return the measures over the interpolation range.

    Ranges and models stand in the published order. Models are set apart from each other within `dodge` of the
    distance between ranges; the default is the published 0.3 for three models and 0.1 per model for more.

    Args:
        groups: A summary.
        dodge: Share of the distance between ranges.

    Raises:
        InputError: `groups` is empty.
    """
    check_not_empty(groups)
    labels = sorted({range_label(group) for group in groups}, key=collation_key)
    models = split_models(groups, without=())
    width = dodge if dodge is not None else min(max(0.3, 0.1 * len(models)), 0.8)

    def place(model: int, group: Group) -> float:
        return labels.index(range_label(group)) + width * ((model + 0.5) / len(models) - 0.5)

    return PanelsFigure(
        x_title="Interpolation range",
        x_ticks=tuple(map(float, range(len(labels)))),
        x_labels=tuple(labels),
        x_limits=(-0.6, len(labels) - 0.4),
        log_x=False,
        rotated_labels=True,
        lines=False,
        bar_opacity=0.5,
        panels=measure_panels(models, _TITLES, place, least_top=0.0),
    )


def draw(data: PanelsFigure, style: Style) -> Figure:
    """Return the figure of `data`, 19.56 cm wide and 7.98 cm high; higher if the legend takes several rows."""
    return draw_panels(data, style)
