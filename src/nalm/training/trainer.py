"""What a trainer is, and the table of trainers by the name that a task gives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from nalm.runs import Run
from nalm.runs.record import TrainedRuns
from nalm.tasks import Task
from nalm.training.executors import Executor, OnProgress, available_cores

if TYPE_CHECKING:
    from torch import nn

TRAINERS = {
    "stacked": "nalm.training.stacked.trainer:StackedTrainer",
    "epochs": "nalm.digits.trainer:EpochTrainer",
}
"""Where the trainer of each name is: many small runs at once, or one large run in epochs."""


OnTrial = Callable[[float], None]
"""Told which share of a measurement is done."""


class Job(Protocol):
    """Runs that are trained together, small and portable: data and kernels are made where it is done."""

    @property
    def runs(self) -> tuple[Run, ...]:
        """What is trained."""

    @property
    def checkpoint(self) -> Path | None:
        """A file that it keeps while it is trained, of no use once its result is stored."""


class Trainer(ABC):
    """Trains the runs of some tasks."""

    name: str

    @abstractmethod
    def check_device(self, device: str) -> None:
        """Check that it can train on `device`.

        Raises:
            InputError: it cannot.
        """

    @abstractmethod
    def check_network(self, run: Run) -> Sequence[str]:
        """Build the network of a run, and return the names of the penalties that it has under the run's settings.

        Raises:
            InputError: a unit is unknown or refuses its arguments, or a penalty has no factor.
        """

    def check_data(self, tasks: Sequence[Task]) -> None:  # noqa: B027, arithmetic tasks make their data
        """Check that the data of `tasks` are there; what can be downloaded is.

        Raises:
            InputError: a task asks for more than there is.
            DataError: a data set is missing or damaged.
        """

    @abstractmethod
    def network(self, run: Run) -> nn.Module:
        """Return the network of a run as it is before training.

        Raises:
            InputError: as `check_network`.
        """

    def networks(self, runs: Sequence[Run]) -> int:
        """Return how many networks are compiled, or found compiled, before `runs` are trained."""
        return 0

    def most_workers(self, device: str) -> int:
        """Return the number of worker processes that `device` gives work to."""
        return available_cores()

    def work(self, run: Run) -> int:
        """Return how much there is to compute in a run, counted from its settings: the same number on every machine.

        Only numbers of runs of one study mean something beside each other.
        """
        return max(1, run.updates)

    @abstractmethod
    def plan(self, runs: Sequence[Run], checkpoints: Path | None) -> list[Any]:
        """Cut `runs` into jobs; the cut changes no result, and depends on nothing but the runs."""

    def prepare(self, jobs: Sequence[Any], executor: Executor, device: str) -> Sequence[Any]:
        """Return `jobs` after what they share on `device` has been done once."""
        return jobs

    def releases_lock(self, jobs: Sequence[Any]) -> bool:
        """Whether jobs that were prepared leave the interpreter to others while they compute: threads do for them."""
        return False

    @abstractmethod
    def train(self, job: Any, device: str, on_progress: OnProgress) -> TrainedRuns:
        """Train the runs of a job."""

    @abstractmethod
    def seconds_per_update(
        self, samples: Mapping[str, Sequence[Run]], on_trial: OnTrial | None = None
    ) -> dict[str, float]:
        """Measure what one update of one run costs one core in seconds, for each of several lists of like runs.

        Args:
            samples: the lists.
            on_trial: told now and then which share of the measurement is done.
        """


@cache
def find_trainer(name: str) -> Trainer:
    """Return the trainer of a name."""
    module, _, attribute = TRAINERS[name].partition(":")
    found: Trainer = getattr(import_module(module), attribute)()
    return found


def by_trainer(runs: Sequence[Run]) -> dict[Trainer, list[Run]]:
    """Return `runs` by the trainer of their task, in their order."""
    found: dict[Trainer, list[Run]] = {}
    for run in runs:
        found.setdefault(find_trainer(run.task.trainer), []).append(run)
    return found
