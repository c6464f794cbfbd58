"""Dask with a scheduler and workers on loopback."""

import dask
import pytest

from nalm.errors import InputError, NalmError
from nalm.training.executors import Dask, check_cluster
from nalm.training.executors import dask as module
from support import jobs
from support.loopback import Loopback


@pytest.fixture
def cluster(tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    cluster = Loopback(folder)
    yield cluster
    cluster.close()


def test_a_worker_that_is_killed_leaves_its_job_to_another(cluster, tmp_path):
    cluster.start_worker()
    cluster.start_worker()
    cluster.wait(2)
    executor = Dask(cluster.address)
    results = {}
    executor.run(jobs.killed_once, [tmp_path / "first"], results.__setitem__, print)
    executor.close()
    assert results == {tmp_path / "first": "done"}


def test_a_job_that_ends_worker_after_worker_is_given_up(monkeypatch):
    executor = Dask("local:1")
    with pytest.raises(NalmError, match=r"a job ended 4 workers .*; finished batches are kept"):
        executor.run(jobs.killed, [1], print, print)
    executor.close()


def test_lost_scheduler_is_told_of(cluster, tmp_path):
    cluster.start_worker()
    cluster.wait()
    executor = Dask(cluster.address)
    with pytest.raises(NalmError, match=r"the cluster's scheduler was lost \(\w+\); finished batches are kept"):
        executor.run(jobs.kill, [cluster.scheduler.pid], print, print)
    executor.close()


def test_worker_of_another_nalm_is_refused_with_both_versions(cluster):
    from nalm import __version__

    cluster.start_worker(before="import nalm; nalm.__version__ = '0.0.9'")
    cluster.wait()
    with pytest.raises(
        InputError, match=rf"worker tcp://127\.0\.0\.1:\d+: nalm is 0\.0\.9 there and {__version__} here"
    ):
        Dask(cluster.address)


def test_worker_of_another_torch_that_joins_later_is_refused(cluster):
    import torch

    with pytest.warns(RuntimeWarning, match="no workers yet"):
        executor = Dask(cluster.address)
    cluster.start_worker(before="import torch; torch.__version__ = '2.0.0'")
    with pytest.raises(InputError, match="torch is 2.0.0 there and " + torch.__version__.replace("+", r"\+")):
        executor.run(jobs.square, [1], print, print)
    executor.close()


def test_worker_without_nalm_is_refused(cluster):
    cluster.start_worker(before="import sys; sys.modules['nalm'] = None")
    cluster.wait()
    with pytest.raises(InputError, match=r"worker tcp://.*: .*nalm.*; install nalm .* there"):
        Dask(cluster.address)


def test_worker_of_several_threads_does_one_job_at_a_time(cluster):
    cluster.start_worker(threads=4)
    cluster.wait()
    with pytest.warns(RuntimeWarning, match=r"1 workers such as tcp://\S+ have several threads"):
        executor = Dask(cluster.address)
    results = {}
    executor.run(jobs.threads, list(range(8)), results.__setitem__, print)
    executor.close()
    assert set(results.values()) == {(1, 1)}


def test_workers_elsewhere_do_not_see_files_of_this_machine(cluster, tmp_path):
    # the nearest to another machine: its view of this folder is another one
    cluster.start_worker(before="import genericpath; genericpath.exists = lambda path: False")
    cluster.wait()
    executor = Dask(cluster.address)
    assert not executor.sees(tmp_path)
    executor.close()
    assert list(tmp_path.iterdir()) == [tmp_path / "elsewhere"]


def test_many_jobs_are_handed_out_little_by_little(monkeypatch):
    monkeypatch.setattr(module, "_LEAST_AHEAD", 3)
    executor = Dask("local:1")
    most = []
    submit = executor._client.submit
    monkeypatch.setattr(
        executor._client, "submit", lambda *a, **k: most.append(len(executor._client.futures)) or submit(*a, **k)
    )
    results = {}
    executor.run(jobs.square, list(range(50)), results.__setitem__, print)
    executor.close()
    assert len(results) == 50
    assert max(most) <= 4


@pytest.mark.parametrize(
    "text", ["", "local", "local:0", "local:-1", "127.0.0.1:8786", "tcp://", "http://x", "local:2x"]
)
def test_what_is_no_cluster_is_refused(text):
    with pytest.raises(InputError, match=r"give tcp://HOST:PORT of a Dask scheduler, or local:N"):
        check_cluster(text)


def test_dask_that_is_not_installed_is_named_with_the_command(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"needs the package distributed \(Dask\).*; pip install 'nalm\[cluster\]'"):
        check_cluster("local:2")


def test_scheduler_that_does_not_answer_is_named(monkeypatch):
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "0.2s"}),
        pytest.raises(NalmError, match=r"cluster tcp://127\.0\.0\.1:9: no answer"),
    ):
        Dask("tcp://127.0.0.1:9")
