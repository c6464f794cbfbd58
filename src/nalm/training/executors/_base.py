"""What an executor is: it calls a function for each of some jobs, somewhere, and knows nothing of what is trained."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")

OnProgress = Callable[[int], None]
"""Told how many more updates are done."""

Function = Callable[[Job, OnProgress], Result]
"""Does one job, and tells of its updates. It must be importable where jobs are done, and a job picklable and small."""


class Executor(ABC):
    """Does jobs; every job is done with one thread, so that its result does not depend on where that is."""

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

    @abstractmethod
    def close(self) -> None:
        """Give back what it holds; jobs under way are lost."""
