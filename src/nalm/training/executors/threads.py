"""How many cores there are, how to compute with one of them, and jobs done in threads of this process."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from nalm import interrupts
from nalm.training.executors._base import Executor, Function, Job, OnProgress, Result

# threads that are told to stop have so long to come to the end of a call of compiled code
_STOP_S = 5.0

# threads of this process that compute with one thread, and how many there were before the first of them
_LOCK = threading.Lock()
_computing = 0
_before = 1


@contextmanager
def one_thread() -> Iterator[None]:
    """Let PyTorch compute with one thread: several would split sums differently and change the last bits.

    The number is one for the whole process; it is given back when the last `with` block ends.
    """
    import torch

    global _computing, _before
    with _LOCK:
        if _computing == 0:
            _before = torch.get_num_threads()
        _computing += 1
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _LOCK:
            _computing -= 1
            if _computing == 0:
                torch.set_num_threads(_before)


def available_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _StoppedError(Exception):
    """Nobody waits for the job any more."""


class Threads(Executor):
    """Does jobs in `count` threads of this process: for jobs that leave the interpreter to others while they compute.

    A process of its own costs seconds to start, and as much memory again.
    """

    def __init__(self, count: int) -> None:
        self._count = count

    def run(
        self,
        function: Function[Job, Result],
        jobs: Sequence[Job],
        on_result: Callable[[Job, Result], None],
        on_progress: OnProgress,
    ) -> None:
        """See `Executor.run`."""
        work = _Work(function, jobs)
        threads = [threading.Thread(target=work.do, daemon=True) for _ in range(min(self._count, len(jobs)))]
        try:
            with interrupts.held():
                for thread in threads:
                    thread.start()
            for _ in jobs:
                on_result(*work.next(on_progress))
        finally:
            work.stopped.set()
            for thread in threads:
                thread.join(_STOP_S)

    def close(self) -> None:
        """Nothing to give back: threads end with `run`."""


class _Work:
    """Jobs that threads take one by one, and what comes of them."""

    def __init__(self, function: Any, jobs: Sequence[Any]) -> None:
        self._function = function
        self._waiting = iter(jobs)
        self._lock = threading.Lock()
        self._events: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self.stopped = threading.Event()

    def do(self) -> None:
        """Do jobs until there are no more, or one fails."""
        try:
            while not self.stopped.is_set():
                with self._lock:
                    job = next(self._waiting, self)
                if job is self:
                    return
                with one_thread():
                    result = self._function(job, self._tell)
                self._events.put(("done", (job, result)))
        except BaseException as error:
            self._events.put(("failed", error))

    def _tell(self, updates: int) -> None:
        if self.stopped.is_set():
            raise _StoppedError
        self._events.put(("updates", updates))

    def next(self, on_progress: OnProgress) -> tuple[Any, Any]:
        """Wait for a job to end; return it and its result."""
        while True:
            kind, value = self._events.get()
            if kind == "done":
                ended: tuple[Any, Any] = value
                return ended
            if kind == "failed":
                raise value
            on_progress(value)
