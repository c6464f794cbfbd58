"""The entry point: train runs and hand over each finished batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nalm.errors import InputError
from nalm.runs import Run
from nalm.runs.record import TrainedRuns
from nalm.training import executors
from nalm.training.lowerings.choice import program_key, warn_of_fallbacks
from nalm.training.stacked.batches import plan


def train(
    runs: Sequence[Run],
    on_batch: Callable[[TrainedRuns], None],
    workers: int | None = None,
    device: str = "cpu",
    on_progress: Callable[[int], None] | None = None,
) -> None:
    """Train `runs`, whose results depend on nothing but each run's own content.

    Args:
        runs: what to train; grouped into batches by `plan`.
        on_batch: called in this process with every finished batch, in the order in which they finish.
        workers: worker processes, each of one thread; by default one per available core, but no more than batches.
        device: "cpu".
        on_progress: called now and then with the number of run-iterations done since the last call.

    Raises:
        InputError: an unknown device, or fewer than one worker.
        NalmError: a worker process died; batches already handed over stay valid.
    """
    check_device(device)
    check_workers(workers)
    batches = plan(runs)
    if not batches:
        return
    executor = executors.create(min(workers or executors.available_cores(), len(batches)))
    try:
        labels = {program_key(run): run.network.label for run in runs}
        lowered = executor.lower(list(labels))
        warn_of_fallbacks((labels[key], item) for key, item in lowered.items())
        executor.train(batches, lowered, on_batch, on_progress or (lambda done: None))
    finally:
        executor.close()


def check_device(device: str) -> None:
    """Check that runs can be trained on `device`.

    Raises:
        InputError: they cannot.
    """
    if device != "cpu":
        raise InputError(f"device {device!r}: runs are trained on 'cpu' in this version")


def check_workers(workers: int | None) -> None:
    """Check a number of worker processes.

    Raises:
        InputError: it is less than one.
    """
    if workers is not None and workers < 1:
        raise InputError(f"workers {workers}: give at least 1")
