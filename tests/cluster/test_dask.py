"""Studies on a Dask cluster on loopback."""

import json
import signal

import pytest

from nalm.results.store import Store
from support.command import nalm, stored_files
from support.loopback import Loopback

# many batches of about a second, long enough to be killed in
ARITHMETIC = """
title = "Many seeds"
seeds = "0:12"
task = { kind = "single-module", operation = "mul" }
settings = { iterations = 999_999, sparsity_penalty = 0, log_interval = 100_000 }
networks = [{ unit = "nmu" }]
"""
DIGITS = """
title = "Products of small digits"
seeds = "0:3"
task = { kind = "static-digits", dataset = "digits", digits = "1234", folds = 4, samples_per_pair = 2 }
settings = { epochs = 8, sparsity_penalty = 0 }
networks = [{ unit = "nmu" }, { unit = "solved" }]
"""


@pytest.fixture
def cluster(tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    cluster = Loopback(folder)
    yield cluster
    cluster.close()


@pytest.fixture
def begun(cluster, study, tmp_path):
    """Start `nalm run` on the cluster, and wait for its first batch."""

    def begin(text):
        study.write_text(text)
        process = nalm(["run", study, "--cluster", cluster.address, "--out", "here", "--json"], cwd=tmp_path)
        return process, json.loads(process.stdout.readline())

    return begin


@pytest.mark.parametrize(("text", "runs"), [(ARITHMETIC, 12), (DIGITS, 6)], ids=["arithmetic", "digits"])
def test_cluster_that_loses_a_worker_gives_what_one_process_gives(command, study, cluster, begun, text, runs):
    for _ in range(2):
        cluster.start_worker()
    cluster.wait(2)
    process, first = begun(text)
    assert first["finished"] < runs
    cluster.workers[0].kill()
    _, errors = process.communicate(timeout=300)
    assert (process.returncode, errors) == (0, "")
    assert command("run", study, "--out", "alone", "--workers", "1").status == 0
    here, alone = (command("summary", folder, "--format", "json").output for folder in ("here", "alone"))
    assert here == alone
    for folder in ("records", "weights"):
        assert stored_files(f"here/{folder}") == stored_files(f"alone/{folder}")


def test_killed_client_goes_on_where_it_was(command, study, cluster, begun):
    cluster.start_worker()
    cluster.wait()
    process, _ = begun(ARITHMETIC)
    process.kill()
    process.communicate()
    kept = len(Store.open("here").finished(pytest.fail))
    assert 0 < kept < 12
    outcome = command("run", study, "--cluster", cluster.address, "--out", "here")
    assert outcome.status == 0
    assert outcome.output.startswith(f"12 runs, {kept} finished already")


def test_interrupted_client_says_what_is_kept(cluster, begun):
    cluster.start_worker()
    cluster.wait()
    process, _ = begun(ARITHMETIC)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.startswith("nalm: interrupted; ")
    assert errors.count("\n") == 1


def test_lost_scheduler_is_one_line(cluster, begun):
    cluster.start_worker()
    cluster.wait()
    process, _ = begun(ARITHMETIC)
    cluster.scheduler.kill()
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert errors.startswith("nalm: the cluster's scheduler was lost (")
    assert errors.count("\n") == 1


UNIT = """
from nalm import NMU


class Mine(NMU):
    kind = {}
"""


def test_unit_whose_code_a_worker_does_not_have_is_refused(command, study, cluster, tmp_path):
    (tmp_path / "mine.py").write_text(UNIT.format(1))
    (tmp_path / "elsewhere" / "mine.py").write_text(UNIT.format(2))
    study.write_text(ARITHMETIC.replace('"nmu"', '"mine:Mine"').replace("999_999", "99"))
    cluster.start_worker()
    cluster.wait()
    outcome = command("run", study, "--cluster", cluster.address, "--out", "here")
    assert outcome.status == 2
    *_, refusal = outcome.errors.splitlines()
    assert "names code of its own, which is imported and run: mine:Mine" in outcome.errors
    assert "unit 'mine:Mine': process " in refusal
    assert "has loaded other code; give all workers the same file" in refusal
    (tmp_path / "elsewhere" / "mine.py").write_text(UNIT.format(1))
    # the worker still has the class that it has loaded
    assert command("run", study, "--cluster", cluster.address, "--out", "here").status == 2
    cluster.workers[0].kill()
    cluster.workers[0].wait()
    cluster.start_worker()
    cluster.wait()
    assert command("run", study, "--cluster", cluster.address, "--out", "here").status == 0


def test_workers_of_its_own_and_a_cluster_s_are_refused_together(command, study):
    outcome = command("run", study, "--cluster", "local:2", "--workers", "2")
    assert (outcome.status, outcome.errors) == (
        2,
        "nalm: workers 2: a cluster has workers of its own; give one of them\n",
    )
