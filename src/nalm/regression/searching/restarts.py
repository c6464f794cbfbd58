"""Restarts of a product of sums: many begin, the better half goes on, and again."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from nalm.regression.searching.budget import Budget
from nalm.regression.searching.descent import ZERO, Descent, Problem, Whitened, begin, descend
from nalm.regression.searching.forms import Form
from nalm.regression.searching.starts import draw

_FIRST_STEPS = 8
_LAST_STEPS = 128
_FEWEST = 4
"""Restarts that are always brought to their end."""
_AGREE = 1.02
"""Squares within this ratio are the same end."""
_OUTLYING = 20.0
"""A target with values this many median distances from its median is weighted."""
_TAIL = 3.0
"""Distance from the median, in median distances, from which rows count less."""
_FLOPS_PER_S = 2e10
_S_PER_STEP = 1e-4
_TYPICAL_STEPS = 30


class State(NamedTuple):
    """Where a restart ended.

    Args:
        weights: `[factors, inputs + 1]`, the last one of the constant.
        error: squared error as a share of the target's.
        agreement: share of the restarts brought to their end that ended at this error.
    """

    weights: np.ndarray
    error: float
    agreement: float


def work(rows: int, inputs: int, factors: int, starts: int) -> float:
    """Return the nominal seconds that restarts take."""
    size = factors * (inputs + 1)
    flops = 2 * rows * size**2 + size**3
    return starts * _TYPICAL_STEPS * (flops / _FLOPS_PER_S + _S_PER_STEP)


def restarts(
    form: Form, x: np.ndarray, y: np.ndarray, count: int, rng: np.random.Generator, budget: Budget
) -> list[State]:
    """Return the ends of the best restarts, best first; none where the form cannot have such values.

    Args:
        form: the powers of the sums.
        x: `[rows, inputs]`; each sum has a constant besides.
        y: `[rows]`.
        count: how many restarts begin.
        rng: draws their starts.
        budget: when to stop.
    """
    target = form.target(y)
    if target is None:
        return []
    inputs = np.column_stack([x, np.ones(len(x))])
    share = _share(target)
    whitened = Whitened.of(inputs)
    problem = Problem(whitened.rows, target * share, np.array(form.powers), share)
    drawn = draw(inputs, target, form.powers, count, share, rng)
    state = begin(problem, whitened.to_rows(drawn, inputs))
    steps, nothing, solved = _FIRST_STEPS, ZERO * problem.spread, False
    while state.going.any() and steps <= _LAST_STEPS:
        for _ in range(steps):
            if budget.over:
                return _ends(state, whitened, problem.spread)
            descend(problem, state)
        if state.squares.min() <= nothing:
            if solved:  # the others had as many steps as it took to be sure of their ends
                break
            solved = True
            continue
        steps *= 2
        order = np.argsort(state.squares, kind="stable")
        arrived = np.flatnonzero(state.squares <= state.squares.min() * _AGREE)
        going = order[: max(_FEWEST, math.ceil(len(order) / 2))]
        state = state.part(np.union1d(going, arrived))
    return _ends(state, whitened, problem.spread)


def _share(y: np.ndarray) -> np.ndarray:
    """Return how much each row counts: less where the target is so far out that few rows would decide all."""
    distance = np.abs(y - np.median(y))
    typical = float(np.median(distance))
    if typical == 0 or distance.max() <= _OUTLYING * typical:
        return np.ones(len(y))
    return np.asarray(1 / np.maximum(1.0, distance / (_TAIL * typical)))


def _ends(state: Descent, whitened: Whitened, spread: float) -> list[State]:
    order = np.argsort(state.squares, kind="stable")
    errors = state.squares[order] / spread
    ends: list[State] = []
    for place, error in zip(order, errors, strict=True):
        if not np.isfinite(error) or (ends and error <= ends[-1].error * _AGREE + 1e-18):
            continue
        same = int((errors <= error * _AGREE + 1e-18).sum() - (errors < error).sum())
        ends.append(State(state.weights[place] @ whitened.back.T, float(error), same / len(errors)))
    return ends
