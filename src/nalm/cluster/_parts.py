"""The parts of a study: part i of N is what element i of a job array trains.

The split follows from the chosen runs and N alone, so that every element finds its own runs without being told: no
measured time, host or finished run enters it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from nalm.errors import InputError
from nalm.runs import Run

_TEXT = re.compile(r"(\d{1,9})/(\d{1,9})", re.ASCII)
# a cut moves to the border of a batch that is no further than one eighth of a part
_NEAR = 8


@dataclass(frozen=True)
class Part:
    """Part `number` of `parts`, counted from 1; written `3/16`."""

    number: int
    parts: int

    def __str__(self) -> str:
        return f"{self.number}/{self.parts}"


def parse_part(text: str) -> Part:
    """Read `I/N`.

    Raises:
        InputError: not of that form, or I is not one of 1 to N.
    """
    match = _TEXT.fullmatch(text.strip())
    if match is None:
        raise InputError(f"part {text!r}: give I/N, such as 3/16 for the third of 16 parts")
    part = Part(*map(int, match.groups()))
    if not 1 <= part.number <= part.parts:
        raise InputError(f"part {text}: parts are counted from 1/{part.parts} to {part.parts}/{part.parts}")
    return part


def runs_of(runs: Sequence[Run], part: Part) -> list[Run]:
    """Return the runs of a part, in their order.

    Raises:
        InputError: there are fewer runs than parts.
    """
    return split(runs, part.parts)[part.number - 1]


def split(runs: Sequence[Run], count: int) -> list[list[Run]]:
    """Split `runs` into `count` parts of about equal work: disjoint, complete, none empty.

    Runs that are trained together stay together: the runs are taken batch by batch, in the order of the trainer's
    plan, and cut where equal shares of work end, or between two batches where such a border is near. Work is counted,
    not measured: where units of one size cost differently, parts differ by that, though most hold every network in
    equal numbers, as the runs of a batch share a seed and not a network.

    Raises:
        InputError: there are fewer runs than parts, or less than one part.
    """
    if not 1 <= count <= len(runs):
        raise InputError(f"{count} parts: give 1 to {len(runs)}, the number of chosen runs")
    from nalm.training import by_trainer

    position = {run.id: place for place, run in enumerate(runs)}
    planned: list[Run] = []
    borders, done = [0], [0]
    for trainer, own in by_trainer(runs).items():
        for job in trainer.plan(own, None):
            planned += job.runs
            borders.append(len(planned))
            done += accumulate(map(trainer.work, job.runs), initial=done.pop())
    cuts = _cuts(done, borders, count)
    return [sorted(planned[start:end], key=lambda run: position[run.id]) for start, end in pairwise(cuts)]


def _cuts(done: Sequence[int], borders: Sequence[int], count: int) -> list[int]:
    """Return where parts begin and end.

    Args:
        done: work before each run, and of all.
        borders: where batches begin and end.
        count: number of parts.
    """
    total, runs = done[-1], len(done) - 1
    cuts = [0]
    for part in range(1, count):
        # in whole numbers: work before the cut is total * part / count
        exact = -(-total * part // count)
        border = _nearest(borders, done, exact)
        near = abs(done[border] - exact) * _NEAR * count <= total
        cut = border if near else _nearest(range(runs + 1), done, exact)
        # every part has a run, and leaves one for each that follows
        cuts.append(min(max(cut, cuts[-1] + 1), runs - (count - part)))
    return [*cuts, runs]


def _nearest(places: Sequence[int], done: Sequence[int], wanted: int) -> int:
    """Return the place before which the work done is nearest to `wanted`, of two the first."""
    after = bisect_left(places, wanted, key=lambda place: done[place])
    return min(places[max(after - 1, 0) : after + 1], key=lambda place: abs(done[place] - wanted))
