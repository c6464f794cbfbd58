"""The entry point: train runs and hand over what they yield, job by job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from nalm.runs import Run
from nalm.runs.record import TrainedRuns
from nalm.training import executors
from nalm.training.executors import Executor, OnProgress, check_workers
from nalm.training.trainer import Trainer, by_trainer, find_trainer
from nalm.units._catalogue.portable import unpack


def train(
    runs: Sequence[Run],
    on_trained: Callable[[TrainedRuns], None],
    workers: int | None = None,
    device: str = "cpu",
    on_progress: OnProgress | None = None,
    checkpoints: Path | None = None,
    cluster: str | None = None,
) -> None:
    """Train `runs`, whose results depend on nothing but each run's own content.

    Args:
        runs: what to train, cut into jobs by the trainers of their tasks.
        on_trained: called in this process with the results of every finished job, in the order in which they finish.
        workers: how many jobs are done at once, each by one thread, in this process where compiled code does all
            the work, else in processes; by default as many as `device` gives work to, but no more than jobs.
        device: `"cpu"`; for digit tasks also `"cuda"` or `"cuda:1"`.
        on_progress: called now and then with the number of updates done since the last call.
        checkpoints: folder that long runs keep their state in and go on from; without it they begin anew.
        cluster: `tcp://HOST:PORT` of a Dask scheduler, whose workers train, or `local:N` for N of them here.

    Raises:
        InputError: an unknown device, fewer than one worker, or a run that cannot be made; a cluster with other
            versions of nalm or PyTorch, or with other code of a unit of the user's own.
        DataError: the data of a task are missing or damaged.
        StoreError: a checkpoint is damaged.
        NalmError: a worker process died, or a cluster was lost; results already handed over stay valid.
    """
    check_workers(workers)
    parts = by_trainer(runs)
    for kind, own in parts.items():
        kind.check_device(device)
        kind.check_data(list(dict.fromkeys(run.task for run in own)))
    folder = checkpoints if cluster is None or checkpoints is None else checkpoints.absolute()
    for kind, own in parts.items():
        jobs = kind.plan(own, folder)
        executor = executors.create(min(workers or kind.most_workers(device), len(jobs)), cluster)
        try:
            if folder is not None and any(job.checkpoint for job in jobs) and not executor.sees(folder):
                jobs = kind.plan(own, None)
            prepared = kind.prepare(jobs, executor, device)
            if kind.releases_lock(prepared):
                executor = executor.with_threads()
            _train(kind, prepared, executor, on_trained, device, on_progress or (lambda done: None))
        finally:
            executor.close()


def compiled_networks(runs: Sequence[Run]) -> int:
    """Return how many networks are compiled, or found compiled, before `runs` are trained."""
    return sum(kind.networks(own) for kind, own in by_trainer(runs).items())


def _train(
    kind: Trainer,
    jobs: Sequence[Any],
    executor: Executor,
    on_trained: Callable[[TrainedRuns], None],
    device: str,
    on_progress: OnProgress,
) -> None:
    def finish(job: Any, trained: TrainedRuns) -> None:
        on_trained(trained)
        if job.checkpoint is not None:
            job.checkpoint.unlink(missing_ok=True)

    executor.run(partial(_do, kind.name, device), jobs, finish, on_progress)


def _do(name: str, device: str, job: Any, on_progress: OnProgress) -> TrainedRuns:
    sources = dict.fromkeys(item for run in job.runs for item in run.sources.items())
    unpack(list(sources), getattr(job, "classes", {}))
    return find_trainer(name).train(job, device, on_progress)
