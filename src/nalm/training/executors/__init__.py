"""Where jobs are done: in this process or in worker processes. An executor knows no trainer."""

from nalm.errors import InputError
from nalm.training.executors._base import Executor, OnProgress
from nalm.training.executors.in_process import InProcess
from nalm.training.executors.processes import Processes
from nalm.training.executors.threads import available_cores, one_thread

__all__ = [
    "Executor",
    "InProcess",
    "OnProgress",
    "Processes",
    "available_cores",
    "check_workers",
    "create",
    "one_thread",
]


def create(workers: int) -> Executor:
    """Return worker processes, or this process where one is enough."""
    return InProcess() if workers == 1 else Processes(workers)


def check_workers(workers: int | None) -> None:
    """Check a number of worker processes.

    Raises:
        InputError: it is less than one.
    """
    if workers is not None and workers < 1:
        raise InputError(f"workers {workers}: give at least 1")
