"""The three measures of a summary as panels: success rate, solved-at step and sparsity error, a series per model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nalm.figures._contract import Caption
from nalm.figures.layouts.panels import LINE_TYPES, Model, Panel, PanelsRow, Series
from nalm.figures.series.facets import RANGE, range_text
from nalm.figures.series.titles import detail_text, order_key, unit_titles, varying
from nalm.results.summary import Group, group_parameters
from nalm.results.titles import math_title, operation_title

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
# as the papers write them
_WRITTEN = {"adam": "Adam", "sgd": "SGD"}


@dataclass(frozen=True)
class Line:
    """The groups of a summary that one series shows, and the positions of its model and variant in the legend."""

    model: int
    variant: int
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class Split:
    """A summary as the series of a figure.

    Attributes:
        models: Units, and what else tells series apart where it is not a variant.
        variant_title: What the variants differ in.
        variants: What tells series of the same model apart; empty where there is nothing or too much of it.
        rows: Title of the operation (empty if it is the only one) and lines.
    """

    models: tuple[Model, ...]
    variant_title: str
    variants: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Line, ...]], ...]


def split(groups: Sequence[Group], x: str, lines: bool) -> Split:
    """Split a summary into the series of a figure, with a row of panels for each operation.

    Units are told apart further by what else varies: by the type of their line, where there are several units, lines
    and few variants, as in Madsen & Johansen (2020); else by their title.

    Args:
        groups: A summary.
        x: Key that the x axis shows.
        lines: Whether points are joined by lines.
    """
    units = unit_titles(dict.fromkeys(group.unit for group in groups))
    keys = [key for key in (*group_parameters(groups), RANGE) if key != x and (key != RANGE or lines)]
    details = varying(keys, groups, Group.value_of)
    variant_of = _variants(details, groups) if lines and len(units) > 1 else {}
    variants = sorted(set(variant_of.values()), key=order_key)
    if not 1 < len(variants) <= len(LINE_TYPES):
        variants = []

    def key_of(group: Group) -> tuple[str, str, str]:
        unit = units[group.unit]
        title = math_title(unit) or unit
        values = _values(details, group)
        if variants:
            return title, unit, variant_of[values]
        own = [_detail(key, value) for key, value in zip(details, values, strict=True) if value is not None]
        return f"{title} {', '.join(own)}" if own else title, unit, ""

    members: dict[tuple[str, tuple[str, str, str]], list[Group]] = {}
    for group in groups:
        members.setdefault((str(group.operation), key_of(group)), []).append(group)
    titles = sorted({(title, unit) for _, (title, unit, _) in members}, key=lambda pair: order_key(pair[0]))
    operations = list(dict.fromkeys(operation for operation, _ in members))

    def lines_of(operation: str) -> tuple[Line, ...]:
        found = [
            Line(titles.index((title, unit)), variants.index(variant) if variants else 0, tuple(own))
            for (name, (title, unit, variant)), own in members.items()
            if name == operation
        ]
        return tuple(sorted(found, key=lambda line: (line.model, line.variant)))

    return Split(
        tuple(Model(title, unit in _OURS) for title, unit in titles),
        details[0].replace("_", " ") if variants else "",
        tuple(variants),
        tuple((operation_title(name) if len(operations) > 1 else "", lines_of(name)) for name in operations),
    )


def measure_rows(
    parts: Split, titles: Sequence[str], place: Callable[[int, Group], float], least_top: float
) -> tuple[PanelsRow, ...]:
    """Return a row for each operation, with a panel for each measure.

    Args:
        parts: The series.
        titles: Of the panels.
        place: Gives the position on the x axis of a model's number and a group of it.
        least_top: What the axis of the success rate reaches at least.
    """
    return tuple(
        PanelsRow(
            operation,
            tuple(
                _panel(title, key, lines, place, least_top if key == "success_rate" else 0.0)
                for title, key in zip(titles, _MEASURES, strict=True)
            ),
        )
        for operation, lines in parts.rows
    )


def range_label(group: Group) -> str:
    """Return the interpolation range of a group as a figure writes it."""
    return range_text(group.interpolation_range)


def _detail(key: str, value: Any) -> str:
    return range_text(value) if key == RANGE else detail_text(key, value)


def _values(details: Sequence[str], group: Group) -> tuple[Any, ...]:
    return tuple(map(group.value_of, details))


def _variants(details: Sequence[str], groups: Sequence[Group]) -> dict[tuple[Any, ...], str]:
    """How the values of groups are called where the legend's title says the first key: by the others where needed."""
    found = list(dict.fromkeys(_values(details, group) for group in groups))
    texts = {}
    for values in found:
        alone = sum(other[:1] == values[:1] for other in found) == 1
        own = [_detail(key, value) for key, value in list(zip(details, values, strict=True))[1:] if value is not None]
        first = values[:1] if values and values[0] is not None else ()
        texts[values] = ", ".join([*(_first(details[0], value) for value in first), *([] if alone else own)])
    return texts


def _first(key: str, value: Any) -> str:
    return range_text(value) if key == RANGE else str(_WRITTEN.get(value, value))


def _panel(
    title: str, key: str, lines: Sequence[Line], place: Callable[[int, Group], float], least_top: float
) -> Panel:
    series = tuple(_series(key, line, place) for line in lines)
    means = [value for one in series for value in one.mean if value is not None]
    ends = [value for one in series for value in one.upper if value is not None]
    highest = max(means, default=0.0)
    top = max(highest, min(max(ends, default=0.0), _LARGEST_BAR * highest), least_top) or 1.0
    solved = any(group.solved for line in lines for group in line.groups)
    note = None if means else "not defined for these models" if solved else "no run solved the task"
    return Panel(title, (-_MARGIN * top, (1 + _MARGIN) * top), series, note)


def _series(key: str, line: Line, place: Callable[[int, Group], float]) -> Series:
    points = sorted(
        ((place(line.model, group), getattr(group, key)) for group in line.groups), key=lambda point: point[0]
    )
    return Series(
        line.model,
        line.variant,
        tuple(x for x, _ in points),
        *(tuple(getattr(estimate, part) for _, estimate in points) for part in ("mean", "lower", "upper")),
    )
