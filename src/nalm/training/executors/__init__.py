"""Where jobs are done: here, in threads or processes, on a cluster. An executor knows no trainer."""

from nalm.errors import InputError, did_you_mean
from nalm.training.executors._base import Cluster, CollectedProgress, Executor, OnProgress
from nalm.training.executors.dask import Dask
from nalm.training.executors.in_process import InProcess
from nalm.training.executors.processes import Processes
from nalm.training.executors.threads import Threads, available_cores, one_thread

CLUSTERS: dict[str, type[Cluster]] = {"local": Dask, "tcp": Dask, "tls": Dask, "ucx": Dask, "ws": Dask, "wss": Dask}
"""The clusters by what their name begins with, up to its first colon."""

__all__ = [
    "CLUSTERS",
    "Cluster",
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
    """Return a cluster if one is given, else worker processes, or this process where one is enough.

    Raises:
        InputError: there is no such cluster, or it cannot be used here.
        NalmError: it does not answer.
    """
    if cluster is not None:
        return _cluster(cluster)(cluster)
    return InProcess() if workers == 1 else Processes(workers)


def check_cluster(name: str) -> None:
    """Check what names a cluster.

    Raises:
        InputError: there is no such cluster, or what it needs is not installed.
    """
    _cluster(name).check(name)


def _cluster(name: str) -> type[Cluster]:
    scheme = name.partition(":")[0]
    if scheme not in CLUSTERS:
        raise InputError(
            f"cluster {name!r}: give tcp://HOST:PORT of a Dask scheduler, or local:N for N workers here"
            f"{did_you_mean(scheme, CLUSTERS)}"
        )
    return CLUSTERS[scheme]


def check_workers(workers: int | None) -> None:
    """Check a number of worker processes.

    Raises:
        InputError: it is less than one.
    """
    if workers is not None and workers < 1:
        raise InputError(f"workers {workers}: give at least 1")
