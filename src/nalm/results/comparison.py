"""Groups of runs of several results folders side by side, with how their success rates differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import polars as pl

from nalm.results.statistics import Interval, difference_interval
from nalm.results.summary import GROUP, Group, group_parameters


class Compared(NamedTuple):
    """A group of runs in each of several folders.

    Attributes:
        labels: what tells the group apart, by key.
        solved: of each folder, how many runs solved the task; None where the folder has no such group.
        runs: of each folder, how many there are.
        differences: of each folder but the first, its success rate less that of the first, with its 95 % interval.
    """

    labels: dict[str, Any]
    solved: tuple[int | None, ...]
    runs: tuple[int, ...]
    differences: tuple[Interval | None, ...]


def compared(summaries: Sequence[Sequence[Group]]) -> list[Compared]:
    """Return the groups of several summaries, those of the first in its order, then those that it lacks.

    Groups are the same if unit, operation, ranges and swept parameters are; of folders with one unit each, the unit
    does not count.
    """
    units = [list(dict.fromkeys(group.unit for group in groups)) for groups in summaries]
    alone = all(len(names) == 1 for names in units) and len({names[0] for names in units}) > 1
    parameters = list(dict.fromkeys(name for groups in summaries for name in group_parameters(groups)))
    keys = [key for key in (*GROUP, *parameters) if not (alone and key == "unit")]
    tables = [{tuple(str(group.value_of(key)) for key in keys): group for group in groups} for groups in summaries]
    found = []
    for place in dict.fromkeys(place for table in tables for place in table):
        groups = [table.get(place) for table in tables]
        first = next(group for group in groups if group is not None)
        found.append(
            Compared(
                {key: first.value_of(key) for key in keys},
                tuple(None if group is None else group.solved for group in groups),
                tuple(0 if group is None else group.runs for group in groups),
                tuple(_difference(groups[0], group) for group in groups[1:]),
            )
        )
    return found


def _difference(first: Group | None, other: Group | None) -> Interval | None:
    if first is None or other is None or first.solved is None or other.solved is None:
        return None
    return difference_interval(other.solved, other.runs, first.solved, first.runs)


def comparison_frame(rows: Sequence[Compared]) -> pl.DataFrame:
    """Return a comparison as a table: labels, then `solved_1`, `runs_1`, …, `difference_2_mean`, `…_lower`, …."""
    table = []
    for row in rows:
        cells = dict(row.labels)
        for number, (solved, runs) in enumerate(zip(row.solved, row.runs, strict=True), start=1):
            cells |= {f"solved_{number}": solved, f"runs_{number}": runs}
        for number, interval in enumerate(row.differences, start=2):
            for part in Interval._fields:
                cells[f"difference_{number}_{part}"] = None if interval is None else getattr(interval, part)
        table.append(cells)
    return pl.DataFrame(table, infer_schema_length=None)
