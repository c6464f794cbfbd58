"""The re-initialisation rule of iNALU (Schlör et al. 2020, section 3.3), per run inside a batch.

After every step the most recently logged validation error is appended to a run's list. At every `interval`-th step, if
the list is longer than `stored_losses`, its halves are compared: when the mean of the first half is at most the mean
plus the (population) standard deviation of the second, and the mean of the second exceeds `threshold`, the run's
parameters are drawn anew, its list is emptied, and its optimiser keeps its state.
"""

from __future__ import annotations

import numpy as np

from nalm.runs.settings import TrainingSettings

# "never" among steps
_NEVER = np.iinfo(np.int64).max


class Reinitialisation:
    """Decides for `runs` runs when the rule applies."""

    def __init__(self, settings: TrainingSettings, runs: int) -> None:
        self._settings = settings
        self._errors: list[np.ndarray] = []
        self._last_reset = np.full(runs, -1, dtype=np.int64)
        self._due = np.full(runs, _NEVER)

    def log(self, errors: np.ndarray) -> None:
        """Note the validation errors `[runs]` of a logged step."""
        start = len(self._errors) * self._settings.log_interval
        self._errors.append(errors.astype(np.float64))
        self._due = self._first(np.arange(len(errors)), start)

    def next(self, start: int, stop: int) -> tuple[int, np.ndarray] | None:
        """The first of the steps `start <= step < stop` after which runs are drawn anew, and which (bool `[runs]`).

        All steps must follow the latest logged one before the next is logged. The runs found are taken as drawn anew.
        """
        step = int(self._due.min())
        if not start <= step < stop:
            return None
        applies = self._due == step
        self._last_reset[applies] = step
        self._due[applies] = self._first(np.flatnonzero(applies), step + 1)
        return step, applies

    def _first(self, runs: np.ndarray, start: int) -> np.ndarray:
        """The first step from `start` until the next logged one at which the rule applies to each of `runs`."""
        settings = self._settings
        stop = len(self._errors) * settings.log_interval
        first = -(-max(start, 1) // settings.reinitialise_interval) * settings.reinitialise_interval
        steps = np.arange(first, stop, settings.reinitialise_interval)
        last_reset = self._last_reset[runs]
        steps = steps[steps - last_reset.min() > settings.reinitialise_stored_losses]
        due = np.full(len(runs), _NEVER)
        if len(steps):
            applies = self._applies(steps[:, None], last_reset, np.stack(self._errors)[:, runs].T)
            some = applies.any(axis=0)
            due[some] = steps[applies.argmax(axis=0)[some]]
        return due

    def _applies(self, steps: np.ndarray, last_reset: np.ndarray, errors: np.ndarray) -> np.ndarray:
        """Whether the rule applies, `[steps, runs]`; `steps` is `[steps, 1]`, `errors` `[runs, logged]`."""
        length = steps - last_reset
        middle = last_reset + length // 2
        first_mean, _ = self._statistics(errors, np.broadcast_to(last_reset, middle.shape), middle)
        second_mean, deviation = self._statistics(errors, middle, np.broadcast_to(steps, middle.shape))
        with np.errstate(invalid="ignore"):
            stagnates = first_mean <= second_mean + deviation
            applies: np.ndarray = stagnates & (second_mean > self._settings.reinitialise_threshold)
            applies &= length > self._settings.reinitialise_stored_losses
        return applies

    def _statistics(self, errors: np.ndarray, after: np.ndarray, until: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and population standard deviation of the entries of the steps `after < step <= until`."""
        every = self._settings.log_interval
        starts = np.arange(errors.shape[1]) * every
        counts = np.clip(until[..., None] + 1, starts, starts + every)
        counts -= np.clip(after[..., None] + 1, starts, starts + every)
        total = counts.sum(-1)
        with np.errstate(invalid="ignore", over="ignore"):
            # an infinite error outside the window must not make it NaN
            mean = np.where(counts > 0, counts * errors, 0.0).sum(-1) / total
            squares = np.where(counts > 0, counts * (errors - mean[..., None]) ** 2, 0.0).sum(-1)
            return mean, np.sqrt(squares / total)
