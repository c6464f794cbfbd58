"""Jobs are done in worker processes of one thread each; they end with their parent, however it ends."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from nalm import interrupts
from nalm.errors import NalmError
from nalm.training.executors._base import Executor, Function, Job, OnProgress, Result
from nalm.training.executors.threads import Threads

# How often the parent looks for progress (seconds)
POLL_S = 0.2


class Processes(Executor):
    """Does jobs in `count` worker processes, which are started for the first of them."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._started: _Started | None = None

    def _start(self) -> _Started:
        from loky.backend import get_context
        from loky.process_executor import ProcessPoolExecutor

        # loky's own process is started here
        with interrupts.held():
            progress = get_context("loky").SimpleQueue()
            pool = ProcessPoolExecutor(
                max_workers=self._count,
                context=get_context("loky"),
                initializer=_start_worker,
                initargs=(os.getpid(), progress),
                # and in all of them sets have one order
                env={"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONHASHSEED": "0"},
            )
        return _Started(pool, progress)

    def run(
        self,
        function: Function[Job, Result],
        jobs: Sequence[Job],
        on_result: Callable[[Job, Result], None],
        on_progress: OnProgress,
    ) -> None:
        """See `Executor.run`."""
        if not jobs:
            return
        started = self._started = self._started or self._start()
        with interrupts.held():
            futures: dict[Future[Result], Job] = {started.pool.submit(_call, function, job): job for job in jobs}
        pending = set(futures)
        with _worker_failures():
            while pending:
                done, pending = wait(pending, timeout=POLL_S, return_when=FIRST_COMPLETED)
                started.report(on_progress)
                for future in done:
                    on_result(futures[future], future.result())

    def with_threads(self) -> Executor:
        """See `Executor.with_threads`."""
        self.close()
        return Threads(self._count)

    def close(self) -> None:
        """End the workers at once."""
        if self._started is not None:
            self._started.pool.shutdown(wait=True, kill_workers=True)
            self._started = None


@dataclass(frozen=True)
class _Started:
    """The worker processes, and where they tell of finished updates."""

    pool: Any
    progress: Any

    def report(self, on_progress: OnProgress) -> None:
        """Hand over what was told."""
        done = 0
        while not self.progress.empty():
            done += self.progress.get()
        if done:
            on_progress(done)


@contextmanager
def _worker_failures() -> Iterator[None]:
    """Say what is kept when a worker process dies."""
    from concurrent.futures.process import BrokenProcessPool

    try:
        yield
    except BrokenProcessPool as error:
        raise NalmError(
            "a worker process ended unexpectedly (out of memory, or killed); finished batches are kept, "
            "run the same command again to go on, perhaps with fewer --workers"
        ) from error


# In a worker: where it tells the parent of finished updates
_progress: Any = None


def _start_worker(parent: int, progress: Any) -> None:
    global _progress
    _progress = progress
    interrupts.ignore()
    import torch

    torch.set_num_threads(1)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _call(function: Function[Job, Result], job: Job) -> Result:
    return function(job, _progress.put)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(POLL_S)
    os._exit(1)
