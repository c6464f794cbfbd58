"""Where batches are trained: in this process, or in worker processes of one thread each.

Both do the same: compile every network once, then train the batches and hand each result over as it is finished.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from typing import Any

import torch

from nalm.errors import NalmError
from nalm.runs.record import TrainedRuns
from nalm.training.lowerings.choice import Lowered, ProgramKey, lower, program_key
from nalm.training.stacked.batches import Batch
from nalm.training.stacked.engine import train_batch

OnBatch = Callable[[TrainedRuns], None]
OnProgress = Callable[[int], None]

# How often the parent looks for progress (seconds)
POLL_S = 0.2


@contextmanager
def one_thread() -> Iterator[None]:
    """Let PyTorch compute with one thread: several would split sums differently and change the last bits."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


class InProcess:
    """Trains in the calling process, one batch after the other."""

    def lower(self, keys: Sequence[ProgramKey]) -> dict[ProgramKey, Lowered]:
        """Compile the networks."""
        with one_thread():
            return {key: lower(key) for key in keys}

    def train(
        self,
        batches: Sequence[Batch],
        lowered: Mapping[ProgramKey, Lowered],
        on_batch: OnBatch,
        on_progress: OnProgress,
    ) -> None:
        """Train the batches."""
        for batch in batches:
            with one_thread():
                result = train_batch(batch, lowered, on_progress)
            on_batch(result)

    def close(self) -> None:
        """Nothing to give back."""


class Workers:
    """Trains in `count` worker processes of one thread each; they end with their parent, however it ends."""

    def __init__(self, count: int) -> None:
        self._pool, self._progress = worker_pool(count)

    def lower(self, keys: Sequence[ProgramKey]) -> dict[ProgramKey, Lowered]:
        """Compile the networks, several at a time."""
        futures = {key: self._pool.submit(lower, key) for key in keys}
        with worker_failures():
            return {key: future.result() for key, future in futures.items()}

    def train(
        self,
        batches: Sequence[Batch],
        lowered: Mapping[ProgramKey, Lowered],
        on_batch: OnBatch,
        on_progress: OnProgress,
    ) -> None:
        """Train the batches."""
        pending: set[Future[TrainedRuns]] = {
            self._pool.submit(_train_in_worker, batch, _needed(batch, lowered)) for batch in batches
        }
        with worker_failures():
            while pending:
                done, pending = wait(pending, timeout=POLL_S, return_when=FIRST_COMPLETED)
                self._report(on_progress)
                for future in done:
                    on_batch(future.result())

    def _report(self, on_progress: OnProgress) -> None:
        done = 0
        while not self._progress.empty():
            done += self._progress.get()
        if done:
            on_progress(done)

    def close(self) -> None:
        """End the workers at once; batches under way are lost."""
        self._pool.shutdown(wait=True, kill_workers=True)


def worker_pool(count: int) -> tuple[Any, Any]:
    """Return a process pool, and the queue that `tell` in a worker puts numbers into.

    Args:
        count: worker processes of one thread each; they end with their parent, however it ends.
    """
    from loky.backend import get_context
    from loky.process_executor import ProcessPoolExecutor

    progress = get_context("loky").SimpleQueue()
    pool = ProcessPoolExecutor(
        max_workers=count,
        context=get_context("loky"),
        initializer=_start_worker,
        initargs=(os.getpid(), progress),
        env={"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
    )
    return pool, progress


Executor = InProcess | Workers


def create(workers: int) -> Executor:
    """Worker processes, or this process when one is enough."""
    return InProcess() if workers == 1 else Workers(workers)


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _needed(batch: Batch, lowered: Mapping[ProgramKey, Lowered]) -> dict[ProgramKey, Lowered]:
    return {key: lowered[key] for key in {program_key(run) for run in batch.runs}}


@contextmanager
def worker_failures() -> Iterator[None]:
    """Say what is kept when a worker process dies."""
    from concurrent.futures.process import BrokenProcessPool

    try:
        yield
    except BrokenProcessPool as error:
        raise NalmError(
            "a worker process ended unexpectedly (out of memory, or killed); finished batches are kept, "
            "run the same command again to go on, perhaps with fewer --workers"
        ) from error


# In a worker: where it tells the parent of finished run-iterations
_progress: Any = None


def _start_worker(parent: int, progress: Any) -> None:
    global _progress
    _progress = progress
    # Ctrl-C reaches the whole process group; the parent decides what happens
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def tell(done: int) -> None:
    """In a worker: tell the parent that so much more is done."""
    _progress.put(done)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(POLL_S)
    os._exit(1)


def _train_in_worker(batch: Batch, lowered: Mapping[ProgramKey, Lowered]) -> TrainedRuns:
    return train_batch(batch, lowered, tell)
