"""What every executor does."""

import threading
import time

import pytest

from nalm.training.executors import Dask, InProcess, Processes, Threads
from support import jobs

EXECUTORS = {
    "in process": InProcess,
    "threads": lambda: Threads(2),
    "processes": lambda: Processes(2),
    "dask": lambda: Dask("local:2"),
}


@pytest.fixture(scope="module", params=EXECUTORS)
def executor(request):
    executor = EXECUTORS[request.param]()
    yield executor
    executor.close()


def run(executor, function, given):
    """Results by job, and updates told of."""
    results, told = {}, []
    executor.run(function, given, results.__setitem__, told.append)
    return results, sum(told)


def test_every_job_is_done_once(executor):
    given = list(range(200))
    seen = []
    executor.run(jobs.square, given, lambda job, result: seen.append((job, result)), lambda done: None)
    assert sorted(seen) == [(job, job * job) for job in given]


def test_no_jobs_are_no_work(executor):
    assert run(executor, jobs.square, []) == ({}, 0)


def test_all_updates_are_told_of_sooner_or_later(executor):
    told = []
    for _ in range(50):
        told.append(run(executor, jobs.square, [5, 7])[1])
        if sum(told) == 12 * len(told):
            return
    pytest.fail(f"told of {told}")


def test_first_failure_is_raised_as_it_is(executor):
    with pytest.raises(LookupError, match="job 3 cannot be done"):
        run(executor, jobs.fail, [1, 2, 3])
    assert run(executor, jobs.square, [4])[0] == {4: 16}


def test_failure_of_who_takes_the_results_is_raised_as_it_is(executor):
    def full(job, result):
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        executor.run(jobs.square, [1, 2], full, lambda done: None)


def test_a_job_has_one_thread(executor):
    results, _ = run(executor, jobs.threads, [1, 2, 3])
    at_once = 2 if isinstance(executor, Threads) else 1
    assert {threads for threads, _ in results.values()} == {1}
    assert max(seen for _, seen in results.values()) == at_once


def test_files_of_this_machine_are_seen(executor, tmp_path):
    assert executor.sees(tmp_path / "not yet" / "there")
    assert list(tmp_path.iterdir()) == []


def test_threads_stop_when_nobody_waits_for_them_any_more():
    threads, begun = Threads(2), []

    def endless(job, on_progress):
        begun.append(job)
        while True:
            time.sleep(0.01)
            on_progress(1)

    def interrupted(done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        threads.run(endless, [1, 2, 3], print, interrupted)
    assert set(begun) <= {1, 2}
    assert not any("(do)" in thread.name for thread in threading.enumerate())


def test_processes_hand_over_to_threads():
    processes = Processes(2)
    assert isinstance(processes.with_threads(), Threads)
    in_process = InProcess()
    assert in_process.with_threads() is in_process
