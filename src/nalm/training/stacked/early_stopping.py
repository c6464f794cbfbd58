"""The early stopping rule: a run ends when its verdict can no longer change.

A run is stopped at a logged step if its network (parameters and buffers) has been the same, bit for bit, at this and
the preceding `UNCHANGED_ROWS` logged steps, and every schedule had reached its final value before the first of them.
Thousands of updates have then left a fixed point where it was; all further rows would repeat the last one, so that the
best row, the verdict, solved-at and the sparsity error are those of the full run. It is off by default.
"""

from __future__ import annotations

import numpy as np

from nalm.runs.settings import TrainingSettings
from nalm.training.step.schedules import last_change

# logged rows in a row without any change
UNCHANGED_ROWS = 5


class EarlyStopping:
    """Tells which of `runs` runs have converged."""

    def __init__(self, settings: TrainingSettings, runs: int) -> None:
        self._start = last_change(settings)
        self._previous: np.ndarray | None = None
        self._unchanged = np.zeros(runs, dtype=np.int64)

    def log(self, step: int, networks: np.ndarray) -> np.ndarray:
        """Note the networks `[runs, numbers]` of a logged step; which runs have converged (bool `[runs]`)."""
        if self._previous is None or self._start is None or step <= self._start:
            self._unchanged[:] = 0
        else:
            same = (networks == self._previous).all(axis=1)
            self._unchanged = np.where(same, self._unchanged + 1, 0)
        self._previous = networks
        converged: np.ndarray = self._unchanged >= UNCHANGED_ROWS
        return converged
