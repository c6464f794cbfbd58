"""Which runs are trained together."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from nalm.runs import Run
from nalm.runs.settings import TrainingSettings

# A batch is lost when the process is killed, so it is kept to some seconds; below the lower bound start-up dominates.
LEAST_RUN_ITERATIONS = 1_000_000
MOST_RUN_ITERATIONS = 200_000_000


@dataclass(frozen=True)
class Batch:
    """Runs that one worker trains together: they log at the same steps, and most share their random numbers."""

    runs: tuple[Run, ...]

    @property
    def iterations(self) -> int:
        """Updates of all runs together."""
        return sum(run.training.iterations + 1 for run in self.runs)


def timeline(settings: TrainingSettings) -> Hashable:
    """Runs of a batch must agree on this."""
    return (
        settings.iterations,
        settings.log_interval,
        settings.batch_size,
        settings.streams,
        settings.validation_samples,
        settings.test_samples,
    )


def stream_key(run: Run) -> Hashable:
    """Runs with equal keys read the same random numbers as training data."""
    return run.task.stream_key(run.seed, run.training.streams)


def plan(runs: Sequence[Run]) -> list[Batch]:
    """Group `runs` into batches, all runs of a seed next to each other; the same for any number of workers."""
    families: dict[Hashable, dict[Hashable, list[Run]]] = {}
    for run in runs:
        family = families.setdefault(timeline(run.training), {})
        family.setdefault(stream_key(run), []).append(run)
    batches = []
    for family in families.values():
        waiting: list[Run] = []
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
