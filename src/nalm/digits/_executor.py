"""Training of many runs: one process per run, as the networks are large enough to keep a core busy each."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import cache
from pathlib import Path

from nalm.digits._record import trained_run
from nalm.digits._session import OnProgress
from nalm.digits._train import find_device, train_digits
from nalm.runs import AnyRun, DigitRun
from nalm.runs.record import TrainedRuns
from nalm.tasks.images import DigitImages, load_images
from nalm.training import check_workers, executors

# a worker tells of its updates no more often than this
_TELL_EVERY_S = 0.5


OnRun = Callable[[TrainedRuns], None]


def train_digit_runs(
    runs: Sequence[DigitRun],
    on_run: OnRun,
    checkpoints: Path,
    workers: int | None = None,
    device: str = "cpu",
    on_progress: OnProgress | None = None,
) -> None:
    """Train `runs`, several at a time, each from its checkpoint if there is one.

    Args:
        runs: What to train.
        on_run: Called in this process with every finished run, in the order in which they finish; the run's
            checkpoint is deleted afterwards.
        checkpoints: Folder of the checkpoints, a file per run.
        workers: Processes of one thread each; by default one per core, but no more than runs, and one on a
            GPU.
        device: `"cpu"`, `"cuda"` or `"cuda:1"`.
        on_progress: Called now and then with the number of updates done since the last call.

    Raises:
        InputError: an unknown device, fewer than one worker, or a run that cannot be made.
        DataError: a data set is missing or damaged.
        StoreError: a checkpoint is damaged.
        NalmError: a worker process died; runs already handed over stay valid.
    """
    check_workers(workers)
    find_device(device)
    for dataset in dict.fromkeys(run.task.dataset for run in runs):
        # before any worker starts: one message if it is not there, and one download
        _images(dataset)
    count = min(workers or (executors.available_cores() if device == "cpu" else 1), len(runs))
    tell = on_progress or (lambda updates: None)

    def finish(finished: TrainedRuns) -> None:
        on_run(finished)
        _checkpoint(checkpoints, finished.runs[0]).unlink(missing_ok=True)

    if count == 1:
        for run in runs:
            finish(_train(run, checkpoints, device, tell))
    else:
        _train_in_workers(runs, finish, checkpoints, count, device, tell)


def _train_in_workers(
    runs: Sequence[DigitRun],
    finish: OnRun,
    checkpoints: Path,
    count: int,
    device: str,
    on_progress: OnProgress,
) -> None:
    pool, progress = executors.worker_pool(count)
    try:
        pending: set[Future[TrainedRuns]] = {
            pool.submit(_train, run, checkpoints, device, executors.tell) for run in runs
        }
        with executors.worker_failures():
            while pending:
                done, pending = wait(pending, timeout=executors.POLL_S, return_when=FIRST_COMPLETED)
                while not progress.empty():
                    on_progress(progress.get())
                for future in done:
                    finish(future.result())
    finally:
        pool.shutdown(wait=True, kill_workers=True)


def _train(run: DigitRun, checkpoints: Path, device: str, on_progress: OnProgress) -> TrainedRuns:
    start = time.perf_counter()
    counter = _Counter(on_progress)
    result = train_digits(
        run.task,
        run.seed,
        device=device,
        data=_images(run.task.dataset),
        checkpoint=_checkpoint(checkpoints, run),
        on_progress=counter.add,
    )
    counter.flush()
    # of a resumed run, since it was resumed
    return trained_run(run, result, time.perf_counter() - start)


class _Counter:
    """Collects updates, so that telling of them costs nothing."""

    def __init__(self, tell: OnProgress) -> None:
        self._tell, self._updates, self._last = tell, 0, time.monotonic()

    def add(self, updates: int) -> None:
        self._updates += updates
        if time.monotonic() - self._last >= _TELL_EVERY_S:
            self.flush()

    def flush(self) -> None:
        self._tell(self._updates)
        self._updates, self._last = 0, time.monotonic()


@cache
def _images(dataset: str) -> DigitImages:
    return load_images(dataset)


def _checkpoint(folder: Path, run: AnyRun) -> Path:
    return folder / f"{run.id}.safetensors"
