"""The data of a figure with three panels: success rate, solved-at step and sparsity error. Nothing is drawn
here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from nalm.errors import InputError, did_you_mean
from nalm.figures._models import check_not_empty
from nalm.figures._palette import hues
from nalm.results._collation import collation_key
from nalm.results.summary import Group, group_parameters
from nalm.results.titles import math_title, unit_title
from nalm.tasks import Range

OUR_UNITS = ("NMU", "NAU")  # drawn as triangles in line plots, as in Madsen & Johansen (2020)

_AXIS_TITLES = {
    "input_size": "Size of the input vector",
    "overlap_ratio": "The ratio of which subsets overlap with each other",
    "sparsity_penalty": "Sparse regularizer",
    "subset_ratio": "Relative size of subsets compared to input size",
    "subsets": "Number of subsets",
}
_MARGIN = 0.05  # of the y axis, above and below
# Exact intervals from two or three runs can be a thousand times wider than the rest; the axis ends at this
# multiple of the largest mean, and longer bars leave the panel.
_LARGEST_BAR = 2.0


@dataclass(frozen=True)
class Series:
    """Points of one model: positions, means and interval ends; a None end has no bar."""

    title: str
    colour: str
    triangle: bool
    x: tuple[float, ...]
    mean: tuple[float, ...]
    lower: tuple[float | None, ...]
    upper: tuple[float | None, ...]


@dataclass(frozen=True)
class Panel:
    """One panel; `note` is shown in its middle where there is nothing to draw."""

    title: str
    y_limits: tuple[float, float]
    series: tuple[Series, ...]
    note: str | None


@dataclass(frozen=True)
class PanelsFigure:
    """Three panels side by side with one x axis title and one legend."""

    x_title: str
    x_ticks: tuple[float, ...]
    x_labels: tuple[str, ...]
    x_limits: tuple[float, float]
    log_x: bool
    rotated_labels: bool
    lines: bool
    bar_opacity: float
    panels: tuple[Panel, ...]


def ranges_figure(groups: Sequence[Group], dodge: float | None = None) -> PanelsFigure:
    """Return the data of a plot by interpolation range (Mistry et al. 2022, figures 2, 5 and 7).

    Ranges and models stand in the published order. Models are set apart from each other within `dodge` of the
    distance between ranges; the default is the published 0.3 for three models and 0.1 per model for more.

    Raises:
        InputError: `groups` is empty.
    """
    check_not_empty(groups)
    labels = sorted({_range_label(group) for group in groups}, key=collation_key)
    models = _models(groups, without=())
    width = dodge if dodge is not None else min(max(0.3, 0.1 * len(models)), 0.8)

    def place(group: Group, model: int) -> float:
        return labels.index(_range_label(group)) + width * ((model + 0.5) / len(models) - 0.5)

    titles = ("Extrapolation range success rate", "Solved at iteration step", "Sparsity error")
    return PanelsFigure(
        x_title="Interpolation range",
        x_ticks=tuple(map(float, range(len(labels)))),
        x_labels=tuple(labels),
        x_limits=(-0.6, len(labels) - 0.4),
        log_x=False,
        rotated_labels=True,
        lines=False,
        bar_opacity=0.5,
        panels=_panels(groups, models, titles, place, least_top=0.0),
    )


def sweep_figure(
    groups: Sequence[Group],
    x: str | None = None,
    x_title: str | None = None,
    logarithmic: bool = False,
    even: bool = False,
) -> PanelsFigure:
    """Return the data of a line plot by a swept parameter (Madsen & Johansen 2020, figures of section 4).

    Args:
        groups: a summary.
        x: name of the parameter; by default the first one.
        x_title: title of the x axis; by default the published one, or the parameter's name.
        logarithmic: whether the x axis is.
        even: whether numbers stand at equal distances, whatever they are.

    Raises:
        InputError: `groups` is empty, nothing was swept, there is no such parameter, or a logarithmic axis
            without positive numbers.
    """
    check_not_empty(groups)
    name = _swept(groups, x)
    values = list(dict.fromkeys(group[name] for group in groups if group[name] is not None))
    numeric = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)
    values.sort(key=(lambda value: value) if numeric else (lambda value: collation_key(str(value))))
    if logarithmic and not (numeric and values[0] > 0):
        raise InputError(f"figure: a logarithmic axis needs positive numbers, got {name} = {values[0]!r}")
    ticks = [float(value) for value in values] if numeric and not even else [float(k) for k in range(len(values))]
    where = dict(zip(values, ticks, strict=True))
    shown = [group for group in groups if group[name] is not None]
    span = ticks[-1] - ticks[0]
    return PanelsFigure(
        x_title=x_title or _AXIS_TITLES.get(name, name.replace("_", " ").capitalize()),
        x_ticks=tuple(ticks),
        x_labels=tuple(f"{value:g}" if numeric else str(value) for value in values),
        x_limits=(
            (
                ticks[0] / (ticks[-1] / ticks[0]) ** 0.05 / 1.05,
                ticks[-1] * (ticks[-1] / ticks[0]) ** 0.05 * 1.05,
            )
            if logarithmic
            else (ticks[0] - 0.05 * span - 0.02, ticks[-1] + 0.05 * span + 0.02)
        ),
        log_x=logarithmic,
        rotated_labels=not numeric,
        lines=True,
        bar_opacity=0.4,
        panels=_panels(
            shown,
            _models(shown, without=(name,)),
            ("Success rate", "Solved at iteration step", "Sparsity error"),
            lambda group, model: where[group[name]],
            least_top=1.0,
        ),
    )


@dataclass(frozen=True)
class _Model:
    title: str
    unit_title: str
    groups: tuple[Group, ...]


def _swept(groups: Sequence[Group], x: str | None) -> str:
    names = group_parameters(groups)
    if not names:
        raise InputError("figure: this study sweeps no parameter; use kind 'ranges'")
    if x is not None and x not in names:
        raise InputError(f"figure: x: no parameter {x!r}{did_you_mean(x, names)} ({', '.join(names)})")
    return x or names[0]


def _range_label(group: Group) -> str:
    text = group["interpolation_range"]
    return "none" if text is None else Range.parse(text).label


def _models(groups: Sequence[Group], without: Iterable[str]) -> list[_Model]:
    """Split a summary into the series of a figure: units, told apart further by what else varies."""
    keys = [key for key in ("operation", *group_parameters(groups)) if key not in without]
    if without:
        keys.append("interpolation_range")
    varying = [key for key in keys if len({_hashable(group.get(key)) for group in groups}) > 1]
    by_title: dict[tuple[str, str], list[Group]] = {}
    for group in groups:
        unit = unit_title(group["unit"])
        details = [_detail(key, group) for key in varying if group.get(key) is not None]
        title = f"{math_title(unit) or unit} {', '.join(details)}" if details else math_title(unit) or unit
        by_title.setdefault((title, unit), []).append(group)
    ordered = sorted(by_title, key=lambda titles: collation_key(titles[0]))
    return [_Model(title, unit, tuple(by_title[title, unit])) for title, unit in ordered]


def _hashable(value: Any) -> str:
    return repr(value)


def _detail(key: str, group: Group) -> str:
    if key == "operation":
        return str(group[key])
    if key == "interpolation_range":
        return _range_label(group)
    return f"{key.replace('_', ' ')} {group[key]}"


def _panels(
    groups: Sequence[Group],
    models: Sequence[_Model],
    titles: Sequence[str],
    place: Callable[[Group, int], float],
    least_top: float,
) -> tuple[Panel, ...]:
    keys = ("success_rate", "solved_at", "sparsity_error")
    return tuple(
        _panel(title, key, models, place, least_top if key == "success_rate" else 0.0)
        for title, key in zip(titles, keys, strict=True)
    )


def _panel(
    title: str, key: str, models: Sequence[_Model], place: Callable[[Group, int], float], least_top: float
) -> Panel:
    series = []
    for index, (model, colour) in enumerate(zip(models, hues(len(models)), strict=True)):
        points = sorted(
            (place(group, index), group[key]["mean"], group[key]["lower"], group[key]["upper"])
            for group in model.groups
            if group[key]["mean"] is not None
        )
        x, mean, lower, upper = zip(*points, strict=True) if points else ((), (), (), ())
        series.append(Series(model.title, colour, model.unit_title in OUR_UNITS, x, mean, lower, upper))
    means = [value for line in series for value in line.mean]
    ends = [value for line in series for value in line.upper if value is not None]
    highest = max(means, default=0.0)
    top = max(highest, min(max(ends, default=0.0), _LARGEST_BAR * highest), least_top) or 1.0
    solved = any(group["solved"] for model in models for group in model.groups)
    note = None if means else "not defined for these models" if solved else "no run solved the task"
    return Panel(title, (-_MARGIN * top, (1 + _MARGIN) * top), tuple(series), note)
