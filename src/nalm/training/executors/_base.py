"""What an executor is: it calls a function for each of some jobs, somewhere, and knows nothing of what is trained."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")

# updates are told of no more often than this
_REPORT_EVERY_S = 0.5

OnProgress = Callable[[int], None]
"""Told how many more updates are done."""

Function = Callable[[Job, OnProgress], Result]
"""Does one job, and tells of its updates. It must be importable where jobs are done, and a job picklable and small."""


class CollectedProgress:
    """Collects updates and tells of them now and then, so that telling costs nothing."""

    def __init__(self, report: OnProgress) -> None:
        self._report, self._updates, self._last = report, 0, time.monotonic()

    def add(self, updates: int) -> None:
        """Count updates."""
        self._updates += updates
        if time.monotonic() - self._last >= _REPORT_EVERY_S:
            self.flush()

    def flush(self) -> None:
        """Tell of all that were not told of."""
        self._report(self._updates)
        self._updates, self._last = 0, time.monotonic()


class Executor(ABC):
    """Does jobs; every job is done with one thread, so that its result does not depend on where that is.

    Attributes:
        shares_files: jobs are done on this machine, so that they find what was compiled for others of them.
    """

    shares_files: bool = True

    @abstractmethod
    def run(
        self,
        function: Function[Job, Result],
        jobs: Sequence[Job],
        on_result: Callable[[Job, Result], None],
        on_progress: OnProgress,
    ) -> None:
        """Do `jobs`.

        Args:
            function: called for each job.
            jobs: in any order.
            on_result: called in this process with each job and its result, in the order in which they finish.
            on_progress: called in this process now and then with the number of updates done since the last call.

        Raises:
            NalmError: a worker was lost; results already handed over stay valid.
            Exception: the first that `function` or `on_result` raises.
        """

    def sees(self, folder: Path) -> bool:
        """Return whether files that jobs write below `folder` are the same for all of them."""
        return True

    def with_threads(self) -> Executor:
        """Return the executor for jobs that leave the interpreter to others while they compute; this one is closed."""
        return self

    @abstractmethod
    def close(self) -> None:
        """Give back what it holds; jobs under way are lost."""


class Cluster(Executor):
    """Does jobs elsewhere.

    Args:
        name: What the user gave, such as `tcp://HOST:PORT`.
    """

    @abstractmethod
    def __init__(self, name: str) -> None: ...

    @staticmethod
    @abstractmethod
    def check(name: str) -> None:
        """Check a name, without connecting.

        Raises:
            InputError: it is malformed, or what it needs is not installed.
        """
