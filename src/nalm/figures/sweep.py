"""The three measures over a swept parameter (Madsen & Johansen 2020, figures of section 4)."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from nalm.errors import InputError, did_you_mean
from nalm.figures._contract import Results
from nalm.figures._measures import CAPTION, measure_panels, split_models
from nalm.figures._records import check_not_empty
from nalm.figures.layouts.panels import PanelsFigure, draw_panels
from nalm.figures.style import Style
from nalm.results.collation import collation_key
from nalm.results.summaries import summary_of
from nalm.results.summary import Group, group_parameters

__all__ = ["CAPTION", "data", "draw", "sweep_figure"]

_TITLES = ("Success rate", "Solved at iteration step", "Sparsity error")
_AXIS_TITLES = {
    "input_size": "Size of the input vector",
    "overlap_ratio": "The ratio of which subsets overlap with each other",
    "sparsity_penalty": "Sparse regularizer",
    "subset_ratio": "Relative size of subsets compared to input size",
    "subsets": "Number of subsets",
}


def data(results: Results) -> PanelsFigure:
    """Return the measures of all groups over the parameter that the study names, by default its first one.

    Raises:
        InputError: there are no results, or none with this parameter.
    """
    study = results.study
    if study is None:
        return sweep_figure(summary_of(results))
    return sweep_figure(summary_of(results), study.figure.x, logarithmic=study.figure.logarithmic)


def sweep_figure(
    groups: Sequence[Group],
    x: str | None = None,
    x_title: str | None = None,
    logarithmic: bool = False,
    even: bool = False,
) -> PanelsFigure:
    """Return the measures over a parameter, as lines.

    Args:
        groups: A summary.
        x: Name of the parameter; by default the first one.
        x_title: Title of the x axis; by default the published one, or the parameter's name.
        logarithmic: Whether the x axis is.
        even: Whether numbers stand at equal distances, whatever they are.

    Raises:
        InputError: `groups` is empty, nothing was swept, there is no such parameter, or a logarithmic axis
            without positive numbers.
    """
    check_not_empty(groups)
    name = _swept(groups, x)
    values = list(dict.fromkeys(value for group in groups if (value := group.value_of(name)) is not None))
    numeric = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)
    values.sort(key=(lambda value: value) if numeric else (lambda value: collation_key(str(value))))
    if logarithmic and not (numeric and values[0] > 0):
        raise InputError(f"figure: a logarithmic axis needs positive numbers, got {name} = {values[0]!r}")
    ticks = [float(value) for value in values] if numeric and not even else [float(k) for k in range(len(values))]
    where = dict(zip(values, ticks, strict=True))
    shown = [group for group in groups if group.value_of(name) is not None]
    return PanelsFigure(
        x_title=x_title or _AXIS_TITLES.get(name, name.replace("_", " ").capitalize()),
        x_ticks=tuple(ticks),
        x_labels=tuple(f"{value:g}" if numeric else str(value) for value in values),
        x_limits=_limits(ticks[0], ticks[-1], logarithmic),
        log_x=logarithmic,
        rotated_labels=not numeric,
        lines=True,
        bar_opacity=0.4,
        panels=measure_panels(
            split_models(shown, without=(name,)), _TITLES, lambda _, group: where[group.value_of(name)], least_top=1.0
        ),
    )


def _swept(groups: Sequence[Group], x: str | None) -> str:
    names = group_parameters(groups)
    if not names:
        raise InputError("figure: this study sweeps no parameter; use kind 'ranges'")
    if x is not None and x not in names:
        raise InputError(f"figure: x: no parameter {x!r}{did_you_mean(x, names)} ({', '.join(names)})")
    return x or names[0]


def _limits(first: float, last: float, logarithmic: bool) -> tuple[float, float]:
    if logarithmic:
        margin = (last / first) ** 0.05
        return first / margin / 1.05, last * margin * 1.05
    margin = 0.05 * (last - first) + 0.02
    return first - margin, last + margin


def draw(data: PanelsFigure, style: Style) -> Figure:
    """Return the figure of `data`, 19.56 cm wide and 7.98 cm high; higher if the legend takes several rows."""
    return draw_panels(data, style)
