"""What the lowerings have in common: a compiled or interpreted step that trains many runs of one network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nalm.runs.record import MadeBy

if TYPE_CHECKING:
    from nalm.training.step.step import Step


@dataclass(frozen=True)
class Inputs:
    """What the runs of one network read in a block of steps; arrays are C-contiguous float32 unless said otherwise.

    Attributes:
        run_flags: `[runs, run_flags]`, per run.
        schedule: `[steps, columns]`, the same for all runs.
        data: data sets, each a `nalm.training.stacked.data.Block`, `[steps, features, batch]`.
        data_index: int64 `[runs]`, which of them each run reads.
        noise: streams of noise, `[steps, floats]` each.
        noise_index: int64 `[runs]`, which of them each run reads.
    """

    run_flags: np.ndarray
    schedule: np.ndarray
    data: Sequence[Any]
    data_index: np.ndarray
    noise: Sequence[np.ndarray]
    noise_index: np.ndarray

    @property
    def steps(self) -> int:
        """Number of steps."""
        return len(self.schedule)

    def part(self, start: int, stop: int) -> Inputs:
        """Return the steps `start` to `stop`."""
        if (start, stop) == (0, self.steps):
            return self
        steps = slice(start, stop)
        return replace(
            self,
            schedule=self.schedule[steps],
            data=[block[steps] for block in self.data],
            noise=[values[steps] for values in self.noise],
        )


class Program(ABC):
    """Trains and evaluates runs of one network, each given by its state.

    Attributes:
        trains_streams_together: a call costs about the same for one run as for hundreds, so that runs of different
            streams of data should share it.
        made_by: what decides the bits that come out.
    """

    trains_streams_together: bool
    made_by: MadeBy

    @abstractmethod
    def train(self, states: np.ndarray, inputs: Inputs, failed: np.ndarray) -> None:
        """Advance `states` `[runs, state]` in place by the steps of `inputs`.

        `failed` (int64 `[runs]`, -1 while all is well) receives the index of the step at which a run's network stopped
        being finite; runs that have failed before are left alone.
        """

    @abstractmethod
    def measure(self, states: np.ndarray, inputs: Inputs) -> np.ndarray:
        """Criterion and penalty `[runs, 2]` on the first step's batch."""

    @abstractmethod
    def error(self, states: np.ndarray, sets: Sequence[np.ndarray], set_index: np.ndarray) -> np.ndarray:
        """Mean squared error `[runs]` on `sets[set_index[n]]`, each `[chunks, features, rows]`."""

    def evaluation_rows(self, samples: int, in_features: int) -> int:
        """Return samples per chunk of an evaluation set: all, unless a lowering prefers fewer."""
        return samples


class Lowered(ABC):
    """What a lowering has found for a network: small, picklable, and a program wherever it is needed.

    Attributes:
        constants: digest of what was taken for constant in a module of the user's own; other modules need another step.
    """

    constants: str

    @abstractmethod
    def program(self, new_step: Callable[[], Step]) -> Program:
        """Return the program; `new_step` makes the network's step, for those that evaluate it."""
