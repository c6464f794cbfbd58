"""Restarts of a product of sums: many begin, the better half goes on, and again."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nalm.regression._budget import Budget
from nalm.regression._descent import ZERO, Descent, Whitened, begin, descend
from nalm.regression._forms import Form
from nalm.regression._starts import draw

_FIRST_STEPS = 8
_LAST_STEPS = 150
_FEWEST = 4
"""Restarts that are always brought to their end."""
_AGREE = 1.02
"""Squares within this ratio are the same end."""
_FLOPS_PER_S = 2e10
_S_PER_STEP = 4e-5
_TYPICAL_STEPS = 30


class State(NamedTuple):
    """Where a restart ended.

    Args:
        weights: `[factors, inputs + 1]`, the last one of the constant.
        error: squared error as a share of the target's.
        agreement: share of all restarts that ended at this error.
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
    whitened, powers = Whitened.of(inputs), np.array(form.powers)
    drawn = draw(inputs, target, len(powers), count, rng)
    state = begin(whitened.rows, target, powers, whitened.to_rows(drawn, inputs))
    spread = float(((target - target.mean()) ** 2).sum())
    steps = _FIRST_STEPS
    while not budget.over and state.going.any():
        taken = _descend(whitened.rows, target, powers, state, steps, budget)
        if steps >= _LAST_STEPS or not taken or state.squares.min() <= ZERO * spread:
            break
        steps *= 2
        order = np.argsort(state.squares, kind="stable")
        arrived = state.squares <= state.squares.min() * _AGREE
        going = order[: max(_FEWEST, int(np.ceil(len(order) / 2)))]
        state = state.part(np.array(sorted({*going.tolist(), *np.flatnonzero(arrived).tolist()})))
    return _ends(state, whitened, spread, count)


def _descend(rows: np.ndarray, y: np.ndarray, powers: np.ndarray, state: Descent, steps: int, budget: Budget) -> bool:
    """Take steps, looking at the clock after each; False where the time was up."""
    for _ in range(steps):
        if budget.over:
            return False
        descend(rows, y, powers, state, 1)
    return True


def _ends(state: Descent, whitened: Whitened, spread: float, count: int) -> list[State]:
    order = np.argsort(state.squares, kind="stable")
    errors = state.squares[order] / spread
    ends: list[State] = []
    for place, error in zip(order, errors, strict=True):
        if not np.isfinite(error) or (ends and error <= ends[-1].error * _AGREE + 1e-18):
            continue
        same = int((errors <= error * _AGREE + 1e-18).sum() - (errors < error).sum())
        ends.append(State(state.weights[place] @ whitened.back.T, float(error), same / count))
    return ends
