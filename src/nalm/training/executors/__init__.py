"""Where jobs are done: in this process, in threads of it or in worker processes. An executor knows no trainer."""

from nalm.errors import InputError
from nalm.training.executors._base import CollectedProgress, Executor, OnProgress
from nalm.training.executors.dask import Dask, check_cluster
from nalm.training.executors.in_process import InProcess
from nalm.training.executors.processes import Processes
from nalm.training.executors.threads import Threads, available_cores, one_thread

__all__ = [
    "CollectedProgress",
    "Dask",
    "Executor",
    "InProcess",
    "OnProgress",
    "Processes",
    "Threads",
    "available_cores",
    "check_cluster",
    "check_workers",
    "create",
    "one_thread",
]


def create(workers: int, cluster: str | None = None) -> Executor:
    """Return a cluster if one is given, else worker processes, or this process where one is enough."""
    if cluster is not None:
        return Dask(cluster)
    return InProcess() if workers == 1 else Processes(workers)


def check_workers(workers: int | None) -> None:
    """Check a number of worker processes.

    Raises:
        InputError: it is less than one.
    """
    if workers is not None and workers < 1:
        raise InputError(f"workers {workers}: give at least 1")
