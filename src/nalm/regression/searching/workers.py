"""Restarts in this process, or ahead of time in others; what comes back is the same."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from nalm.regression.searching.budget import Budget
from nalm.regression.searching.forms import Form
from nalm.regression.searching.restarts import State, restarts


class Task(NamedTuple):
    """Restarts of one form on some inputs."""

    form: Form
    columns: tuple[int, ...]
    starts: int
    seed: tuple[int, ...]


class Pending(NamedTuple):
    """A task under way: `ends()` returns the ends of its restarts, best first; `cancel()` calls it off."""

    task: Task
    ends: Callable[[], list[State]]
    cancel: Callable[[], object]


def run(task: Task, x: np.ndarray, y: np.ndarray, budget: Budget) -> list[State]:
    """Return the ends of a task's restarts, best first; `x` holds all inputs."""
    rng = np.random.default_rng(task.seed)
    return restarts(task.form, x[:, list(task.columns)], y, task.starts, rng, budget)


def pending(tasks: Sequence[Task], x: np.ndarray, y: np.ndarray, budget: Budget, workers: int) -> Iterator[Pending]:
    """Yield tasks in order; with more than one worker the next ones are on their way meanwhile."""
    if workers == 1:
        for task in tasks:
            yield Pending(task, partial(run, task, x, y, budget), bool)
        return
    from loky import get_reusable_executor

    executor = get_reusable_executor(max_workers=workers, env={"OMP_NUM_THREADS": "1"})
    ahead: deque[Pending] = deque()
    try:
        for task in tasks:
            future = executor.submit(_run_alone, task, x, y, max(0.0, budget.left))
            ahead.append(Pending(task, future.result, future.cancel))
            if len(ahead) > workers:
                yield ahead.popleft()
        while ahead:
            yield ahead.popleft()
    finally:
        for waiting in ahead:
            waiting.cancel()


def _run_alone(task: Task, x: np.ndarray, y: np.ndarray, seconds: float) -> list[State]:
    """Return the ends of a task's restarts, in a process of its own."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1), np.errstate(all="ignore"):
        return run(task, x, y, Budget(seconds))
