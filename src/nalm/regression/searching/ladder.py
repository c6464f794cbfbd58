"""Which forms are restarted on which inputs, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from nalm.regression.searching.forms import LADDER, Form
from nalm.regression.searching.restarts import work
from nalm.regression.searching.workers import Task

STARTS = 16
_FREE_WEIGHTS = 0.9
"""Weights are restarted up to this share of the rows."""
_UNLIKELY = 3.0
"""Forms that divide by sums around zero come as if they took so much more work."""


class Planned(NamedTuple):
    """Restarts with the nominal seconds that they take, and these weighed by how unlikely the form is."""

    weighed: float
    work: float
    task: Task


def tasks(sets: Iterable[Sequence[int]], x: np.ndarray, y: np.ndarray, seed: int, round_: int = 0) -> list[Planned]:
    """Return the restarts of every form on every set of inputs, what is likely and takes little work first.

    The simpler a form, the more likely: the n-th of the ladder is weighed n² times. A form whose divisor has only
    inputs of both signs has poles; it is unlikely where the target has no values far out.

    Args:
        sets: columns of `x` to search among.
        x: `[rows, inputs]`.
        y: `[rows]`.
        seed: of the search.
        round_: how often all this has been tried; each time begins twice as many restarts.
    """
    crossing = (x.min(0) < 0) & (x.max(0) > 0)
    tame = np.abs(y - np.median(y)).max() < 10 * np.median(np.abs(y - np.median(y)))
    found: list[Planned] = []
    for columns in sets:
        for place, form in enumerate(LADDER):
            if len(form.powers) * (len(columns) + 1) > _FREE_WEIGHTS * len(y):
                continue
            task = Task(form, tuple(columns), STARTS << round_, (seed, place, round_, *columns))
            seconds = work(len(y), len(columns), len(form.powers), task.starts)
            unlikely = tame and _divides(form) and crossing[list(columns)].all()
            weighed = seconds * (1 + place) ** 2 * (_UNLIKELY if unlikely else 1.0)
            found.append(Planned(weighed, seconds, task))
    return sorted(found, key=lambda planned: planned.weighed)


def _divides(form: Form) -> bool:
    return any(power < 0 for power in form.powers)
