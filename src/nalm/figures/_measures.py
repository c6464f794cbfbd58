"""The three measures of a summary as panels: success rate, solved-at step and sparsity error, a series per model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from nalm.figures._contract import Caption
from nalm.figures.layouts.panels import Panel, Series
from nalm.results.collation import collation_key
from nalm.results.summary import Group, group_parameters
from nalm.results.titles import math_title, unit_title
from nalm.tasks import Range

CAPTION = Caption(
    "Success rate, solved-at step and sparsity error; the numbers are in the table below",
    "Points are means, bars 95\N{NO-BREAK SPACE}% intervals; where no run solved the task, the panels for solved-at "
    "step and sparsity error have no point. Bars that are much longer than the others leave the panel.",
)

_OURS = ("NMU", "NAU")
_MARGIN = 0.05  # of the y axis, above and below
# Exact intervals from two or three runs can be a thousand times wider than the rest; the axis ends at this
# multiple of the largest mean, and longer bars leave the panel.
_LARGEST_BAR = 2.0
_MEASURES = ("success_rate", "solved_at", "sparsity_error")


@dataclass(frozen=True)
class Model:
    """A series: the groups of a summary that it shows."""

    title: str
    unit_title: str
    groups: tuple[Group, ...]


def split_models(groups: Sequence[Group], without: Iterable[str]) -> list[Model]:
    """Split a summary into the series of a figure: units, told apart further by what else varies.

    Args:
        groups: A summary.
        without: Keys that the x axis shows; with none, it shows the interpolation range.
    """
    keys = [key for key in ("operation", *group_parameters(groups)) if key not in without]
    if without:
        keys.append("interpolation_range")
    varying = [key for key in keys if len({repr(group.value_of(key)) for group in groups}) > 1]
    by_title: dict[tuple[str, str], list[Group]] = {}
    for group in groups:
        unit = unit_title(group["unit"])
        details = [_detail(key, group) for key in varying if group.value_of(key) is not None]
        title = f"{math_title(unit) or unit} {', '.join(details)}" if details else math_title(unit) or unit
        by_title.setdefault((title, unit), []).append(group)
    ordered = sorted(by_title, key=lambda titles: collation_key(titles[0]))
    return [Model(title, unit, tuple(by_title[title, unit])) for title, unit in ordered]


def measure_panels(
    models: Sequence[Model], titles: Sequence[str], place: Callable[[int, Group], float], least_top: float
) -> tuple[Panel, ...]:
    """Return one panel per measure.

    Args:
        models: The series.
        titles: Of the panels.
        place: Gives the position on the x axis of a series' number and a group of it.
        least_top: What the axis of the success rate reaches at least.
    """
    return tuple(
        _panel(title, key, models, place, least_top if key == "success_rate" else 0.0)
        for title, key in zip(titles, _MEASURES, strict=True)
    )


def range_label(group: Group) -> str:
    """Return the interpolation range of a group as a figure writes it."""
    text = group["interpolation_range"]
    return "none" if text is None else Range.parse(text).label


def _detail(key: str, group: Group) -> str:
    if key == "operation":
        return str(group[key])
    if key == "interpolation_range":
        return range_label(group)
    return f"{key.replace('_', ' ')} {group.value_of(key)}"


def _panel(
    title: str, key: str, models: Sequence[Model], place: Callable[[int, Group], float], least_top: float
) -> Panel:
    series = tuple(_series(key, model, partial(place, index)) for index, model in enumerate(models))
    means = [value for line in series for value in line.mean]
    ends = [value for line in series for value in line.upper if value is not None]
    highest = max(means, default=0.0)
    top = max(highest, min(max(ends, default=0.0), _LARGEST_BAR * highest), least_top) or 1.0
    solved = any(group["solved"] for model in models for group in model.groups)
    note = None if means else "not defined for these models" if solved else "no run solved the task"
    return Panel(title, (-_MARGIN * top, (1 + _MARGIN) * top), series, note)


def _series(key: str, model: Model, place: Callable[[Group], float]) -> Series:
    points = sorted(
        (place(group), group[key]["mean"], group[key]["lower"], group[key]["upper"])
        for group in model.groups
        if group[key]["mean"] is not None
    )
    x, mean, lower, upper = zip(*points, strict=True) if points else ((), (), (), ())
    return Series(model.title, model.unit_title in _OURS, x, mean, lower, upper)
