"""Jobs are done in the calling process, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nalm.training.executors._base import Executor, Function, Job, OnProgress, Result
from nalm.training.executors.threads import one_thread


class InProcess(Executor):
    """Does jobs in the calling process."""

    def run(
        self,
        function: Function[Job, Result],
        jobs: Sequence[Job],
        on_result: Callable[[Job, Result], None],
        on_progress: OnProgress,
    ) -> None:
        """See `Executor.run`."""
        for job in jobs:
            with one_thread():
                result = function(job, on_progress)
            on_result(job, result)

    def close(self) -> None:
        """Nothing to give back."""
