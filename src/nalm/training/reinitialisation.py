"""The re-initialisation rule of iNALU (Schlör et al. 2020, section 3.3), per run inside a batch.

After every step the most recently logged validation error is appended to a run's list. At every `interval`-th step, if
the list is longer than `stored_losses`, its halves are compared: when the mean of the first half is at most the mean
plus the (population) standard deviation of the second, and the mean of the second exceeds `threshold`, the run's
parameters are drawn anew, its list is emptied, and its optimiser keeps its state.
"""

from __future__ import annotations

import numpy as np

from nalm.training.settings import TrainingSettings


class Reinitialisation:
    """Decides for `runs` runs when the rule applies."""

    def __init__(self, settings: TrainingSettings, runs: int) -> None:
        self._settings = settings
        self._errors: list[np.ndarray] = []
        self._last_reset = np.full(runs, -1, dtype=np.int64)

    def log(self, errors: np.ndarray) -> None:
        """Note the validation errors `[runs]` of a logged step."""
        self._errors.append(errors.astype(np.float64))

    def next(self, start: int, stop: int) -> tuple[int, np.ndarray] | None:
        """The first of the steps `start <= step < stop` after which runs are drawn anew, and which (bool `[runs]`).

        All steps must follow the latest logged one before the next is logged. The runs found are taken as drawn anew.
        """
        interval = self._settings.reinitialise_interval
        first = -(-max(start, 1) // interval) * interval
        for step in range(first, stop, interval):
            if step - self._last_reset.min() <= self._settings.reinitialise_stored_losses:
                continue
            applies = self._applies(step)
            if applies.any():
                self._last_reset[applies] = step
                return step, applies
        return None

    def _applies(self, step: int) -> np.ndarray:
        length = step - self._last_reset
        middle = self._last_reset + length // 2
        first_mean, _ = self._statistics(self._last_reset, middle)
        second_mean, second_deviation = self._statistics(middle, np.full_like(middle, step))
        with np.errstate(invalid="ignore"):
            stagnates = first_mean <= second_mean + second_deviation
            applies: np.ndarray = stagnates & (second_mean > self._settings.reinitialise_threshold)
        return applies & (length > self._settings.reinitialise_stored_losses)

    def _statistics(self, after: np.ndarray, until: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and population standard deviation of the entries of the steps `after < step <= until`."""
        every = self._settings.log_interval
        starts = np.arange(len(self._errors)) * every
        counts = np.clip(until[:, None] + 1, starts, starts + every) - np.clip(
            after[:, None] + 1, starts, starts + every
        )
        values = np.stack(self._errors, axis=1)
        total = counts.sum(1)
        with np.errstate(invalid="ignore", over="ignore"):
            # an infinite error outside the window must not make it NaN
            weighted = np.where(counts > 0, counts * values, 0.0).sum(1)
            mean = weighted / np.maximum(total, 1)
            squares = np.where(counts > 0, counts * (values - mean[:, None]) ** 2, 0.0).sum(1)
            return mean, np.sqrt(squares / np.maximum(total, 1))
