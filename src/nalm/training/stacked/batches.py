"""Which runs are trained together."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from nalm.runs import NetworkSettings, TrainingSettings
from nalm.tasks import ArithmeticTask

# A batch is lost when the process is killed, so it is kept to some seconds; below the lower bound start-up dominates.
LEAST_RUN_ITERATIONS = 1_000_000
MOST_RUN_ITERATIONS = 200_000_000


class ArithmeticRun(Protocol):
    """A `nalm.runs.Run` of an arithmetic task."""

    @property
    def id(self) -> str: ...  # noqa: D102

    @property
    def task(self) -> ArithmeticTask: ...  # noqa: D102

    @property
    def network(self) -> NetworkSettings: ...  # noqa: D102

    @property
    def training(self) -> TrainingSettings: ...  # noqa: D102

    @property
    def seed(self) -> int: ...  # noqa: D102

    @property
    def initial(self) -> Mapping[str, Any] | None: ...  # noqa: D102

    @property
    def sources(self) -> dict[str, str]: ...  # noqa: D102


@dataclass(frozen=True)
class Batch:
    """Runs that one worker trains together: they log at the same steps, and most share their random numbers."""

    runs: tuple[ArithmeticRun, ...]

    @property
    def iterations(self) -> int:
        """Updates of all runs together."""
        return sum(run.training.iterations + 1 for run in self.runs)


def timeline(settings: TrainingSettings) -> Hashable:
    """Return what runs of a batch must agree on."""
    return (
        settings.iterations,
        settings.log_interval,
        settings.batch_size,
        settings.streams,
        settings.validation_samples,
        settings.test_samples,
    )


def stream_key(run: ArithmeticRun) -> Hashable:
    """Return the key of the random numbers that a run reads as training data."""
    return run.task.stream_key(run.seed, run.training.streams)


def plan(runs: Sequence[ArithmeticRun]) -> list[Batch]:
    """Group `runs` into batches, all runs of a seed next to each other; the same for any number of workers."""
    families: dict[Hashable, dict[Hashable, list[ArithmeticRun]]] = {}
    streams: dict[Hashable, Hashable] = {}
    for run in runs:
        family = families.setdefault(timeline(run.training), {})
        # the runs of a condition have one task and settings among them
        known = (id(run.task), run.seed, run.training.streams)
        key = streams.get(known) or streams.setdefault(known, stream_key(run))
        family.setdefault(key, []).append(run)
    batches = []
    for family in families.values():
        waiting: list[ArithmeticRun] = []
        for stream in family.values():
            length = stream[0].training.iterations + 1
            most = max(1, MOST_RUN_ITERATIONS // length)
            for start in range(0, len(stream), most):
                waiting += stream[start : start + most]
                if len(waiting) * length >= LEAST_RUN_ITERATIONS:
                    batches.append(Batch(tuple(waiting)))
                    waiting = []
        if waiting:
            batches.append(Batch(tuple(waiting)))
    return batches
