"""Jobs are done by the workers of a Dask cluster, one at a time in each process."""

from __future__ import annotations

import logging
import os
import queue
import re
import secrets
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from nalm import interrupts
from nalm.errors import InputError, NalmError, missing_package
from nalm.training.executors._base import Cluster, CollectedProgress, Function, Job, OnProgress, Result
from nalm.training.executors.threads import one_thread

if TYPE_CHECKING:
    from distributed import Client, Future

_LOCAL = re.compile(r"local:([1-9]\d{0,3})", re.ASCII)
_REMOTE = re.compile(r"(tcp|tls|ucx|ws|wss)://\S+", re.ASCII)

_POLL_S = 0.2
# so many jobs are handed out for each worker, and no fewer than this in all: the others wait here, small
_AHEAD, _LEAST_AHEAD = 4, 64
_VERSIONS = "{name: __import__(name).__version__ for name in ('nalm', 'torch')}"
_LOST = "finished batches are kept, run the same command again to go on"


class Dask(Cluster):
    """Does jobs on a Dask cluster; a job whose worker is lost is done by another one.

    Args:
        cluster: `tcp://HOST:PORT` (or `tls://`, with Dask's own configuration) of a scheduler, or `local:N`.

    Raises:
        InputError: neither of these; Dask is not installed; a worker has another nalm or PyTorch.
        NalmError: the scheduler does not answer.
    """

    shares_files = False

    def __init__(self, cluster: str) -> None:
        self.check(cluster)
        self._topic = f"nalm-{secrets.token_hex(8)}"
        self._progress: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._ended = ExitStack()
        self._ended.enter_context(_quiet())
        try:
            # processes of local:N leave signals to this one
            with interrupts.held():
                self._client = self._connect(cluster)
            self._client.subscribe_topic(self._topic, lambda event: self._progress.put(event[1]))
            self._versions = _common_versions(self._client)
        except BaseException:
            self.close()
            raise

    @staticmethod
    def check(name: str) -> None:
        """See `Cluster.check`."""
        if not (_LOCAL.fullmatch(name) or _REMOTE.fullmatch(name)):
            raise InputError(
                f"cluster {name!r}: give tcp://HOST:PORT of a Dask scheduler, or local:N for N workers here"
            )
        if find_spec("distributed") is None:
            raise missing_package(f"cluster {name!r}", "distributed (Dask)", "cluster")

    def _connect(self, cluster: str) -> Client:
        from distributed import Client, LocalCluster

        local = _LOCAL.fullmatch(cluster)
        try:
            if local is not None:
                options = {
                    "threads_per_worker": 1,
                    "dashboard_address": "127.0.0.1:0",
                    "silence_logs": logging.CRITICAL,
                }
                own = LocalCluster(n_workers=int(local[1]), **options)
                self._ended.callback(own.close)
            client = Client(cluster if local is None else own, set_as_default=False)
            self._ended.callback(client.close)
            return client
        except (OSError, ValueError, RuntimeError) as error:
            raise NalmError(f"cluster {cluster}: no answer ({error})") from None

    def run(
        self,
        function: Function[Job, Result],
        jobs: Sequence[Job],
        on_result: Callable[[Job, Result], None],
        on_progress: OnProgress,
    ) -> None:
        """See `Executor.run`."""
        waiting = list(reversed(jobs))
        pending: dict[Future[Result], Job] = {}
        done: queue.SimpleQueue[Future[Result]] = queue.SimpleQueue()
        while waiting or pending:
            with _lost_scheduler():
                for _ in range(self._free(len(pending)) if waiting else 0):
                    if not waiting:
                        break
                    job = waiting.pop()
                    future = self._client.submit(_call, function, job, self._versions, self._topic, pure=False)
                    pending[future] = job
                    future.add_done_callback(done.put)
                ended = self._next(done)
            self._report(on_progress)
            if ended is not None:
                on_result(pending.pop(ended), _result(ended))

    def _free(self, pending: int) -> int:
        """Return how many more jobs can be handed out."""
        self._check_connected()
        return max(_LEAST_AHEAD, _AHEAD * len(self._client.nthreads())) - pending

    def _next(self, done: queue.SimpleQueue[Future[Result]]) -> Future[Result] | None:
        """Wait a moment for a job that has ended."""
        try:
            return done.get(timeout=_POLL_S)
        except queue.Empty:
            self._check_connected()
            return None

    def _check_connected(self) -> None:
        # otherwise the client would try for half a minute, though its jobs are gone
        if self._client.status != "running":
            raise ConnectionError(self._client.status)

    def _report(self, on_progress: OnProgress) -> None:
        done = 0
        with suppress(queue.Empty):
            while True:
                done += self._progress.get_nowait()
        if done:
            on_progress(done)

    def sees(self, folder: Path) -> bool:
        """See `Executor.sees`; workers that join later are not asked."""
        there = next(path for path in (folder, *folder.parents) if path.is_dir())
        token = there / f".seen-{secrets.token_hex(8)}"
        token.touch()
        try:
            with _lost_scheduler():
                return all(self._client.run(os.path.exists, str(token)).values())
        finally:
            token.unlink()

    def close(self) -> None:
        """Forget the jobs under way; those of workers elsewhere end by themselves."""
        self._ended.close()


def _result(future: Future[Result]) -> Result:
    """Return what a job that has ended yields; raises what it raised."""
    from distributed import KilledWorker

    with _lost_scheduler():
        error = future.exception() if future.status == "error" else None
        if error is None:
            result: Result = future.result()
            return result
    if isinstance(error, KilledWorker):
        raise NalmError(f"a job ended {error.allowed_failures + 1} workers (out of memory, or killed); {_LOST}")
    raise error


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence Dask, whose messages come as tracebacks: what matters of them becomes one of ours."""
    import distributed  # sets the levels of its loggers

    del distributed
    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] == "distributed"]
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


@contextmanager
def _lost_scheduler() -> Iterator[None]:
    """Say what is kept when the scheduler is gone."""
    from concurrent.futures import CancelledError

    try:
        yield
    except (CancelledError, OSError, RuntimeError) as error:
        raise NalmError(f"the cluster's scheduler was lost ({type(error).__name__}); {_LOST}") from None


def _common_versions(client: Client) -> dict[str, str]:
    """Return the versions of nalm and PyTorch here, after a look at those of the workers.

    Raises:
        InputError: a worker has others.
    """
    own = _versions()
    with _lost_scheduler():
        # as text, which a worker of any nalm understands, or of none
        workers = client.run(eval, _VERSIONS, on_error="return")
        threads = [address for address, count in client.nthreads().items() if count > 1]
    for address, theirs in workers.items():
        _check_versions(address, theirs, own)
    if threads:
        warnings.warn(
            f"{len(threads)} workers such as {threads[0]} have several threads, but train one job at a time; "
            "start them with --nthreads 1",
            RuntimeWarning,
            stacklevel=2,
        )
    if not workers:
        warnings.warn("the cluster has no workers yet; jobs wait for them", RuntimeWarning, stacklevel=2)
    return own


def _check_versions(address: str, theirs: Mapping[str, str] | Exception, ours: Mapping[str, str]) -> None:
    if isinstance(theirs, Exception):
        raise InputError(f"worker {address}: {theirs}; install nalm {ours['nalm']} there")
    for package, version in ours.items():
        if theirs[package] != version:
            raise InputError(
                f"worker {address}: {package} is {theirs[package]} there and {version} here; "
                "results must not depend on the worker, so give all the same version"
            )


def _versions() -> dict[str, str]:
    found: dict[str, str] = eval(_VERSIONS)
    return found


# In a worker: jobs of one process take turns, as PyTorch's number of threads and the compiled programs are shared
_turn = threading.Lock()


def _call(function: Function[Job, Result], job: Job, versions: Mapping[str, str], topic: str) -> Result:
    from distributed import get_worker

    worker = get_worker()
    _check_versions(worker.address, _versions(), versions)
    report = CollectedProgress(lambda done: worker.log_event(topic, done))
    with _turn, one_thread():
        result = function(job, report.add)
    report.flush()
    return result
