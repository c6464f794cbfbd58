from __future__ import annotations

import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from nalm.errors import InputError, NalmError
from nalm.runs.record import TrainedRuns
from nalm.training import plan, train
from nalm.training.stacked.batches import LEAST_RUN_ITERATIONS, MOST_RUN_ITERATIONS
from nalm.training.stacked.trainer import StackedTrainer
from support.command import HANGS_S, wait_until
from support.runs import grid, run, wide_run

pytestmark = pytest.mark.heavy


def results_of(workers: int, **settings: object) -> tuple[list[TrainedRuns], int]:
    # long enough for two batches, with little to evaluate
    length = LEAST_RUN_ITERATIONS // 12 + 1
    sizes = {"validation_samples": 100, "test_samples": 100}
    runs = grid(["nmu", "snmu"], range(4), iterations=length, log_interval=20_000, **sizes, **settings)
    results: list[TrainedRuns] = []
    done: list[int] = []
    train(runs, results.append, workers=workers, on_progress=done.append)
    assert sum(done) == len(runs) * (length + 1)
    return results, len(runs)


@pytest.mark.parametrize("releases_lock", [True, False], ids=["threads", "processes"])
def test_workers_give_the_results_of_this_thread(releases_lock: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    here, count = results_of(workers=1)
    monkeypatch.setattr(StackedTrainer, "releases_lock", lambda self, jobs: releases_lock)
    there, _ = results_of(workers=2)
    assert len(here) > 1
    assert sum(len(result.runs) for result in here) == count
    by_run = {result.runs[0].id: result for result in there}
    for mine in here:
        other = by_run[mine.runs[0].id]
        assert [a.id for a in mine.runs] == [b.id for b in other.runs]
        np.testing.assert_array_equal(mine.metrics["interpolation_error"], other.metrics["interpolation_error"])
        for name, state in mine.state.items():
            for key, values in state.items():
                np.testing.assert_array_equal(values, other.state[name][key])


def test_nothing_to_train_is_no_work() -> None:
    train([], lambda result: pytest.fail("no batch was expected"))


@pytest.mark.parametrize(
    ("options", "message"),
    [({"workers": 0}, "workers 0: give at least 1"), ({"device": "tpu"}, "device 'tpu': runs are trained on 'cpu'")],
)
def test_bad_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        train([run()], lambda result: None, **options)


def test_batches_hold_whole_seeds_and_neither_too_little_nor_too_much() -> None:
    runs = grid(["nmu", "snmu"], range(50), iterations=49_999)
    batches = plan(runs)
    assert sorted(r.id for batch in batches for r in batch.runs) == sorted(r.id for r in runs)
    seeds = [{r.seed for r in batch.runs} for batch in batches]
    assert len(set.union(*seeds)) == sum(map(len, seeds))
    assert all(batch.iterations >= LEAST_RUN_ITERATIONS for batch in batches[:-1])
    long = [wide_run("nau", "nmu", seed=0, learning_rate=rate / 1000, iterations=50_000_000) for rate in range(1, 9)]
    assert all(batch.iterations <= MOST_RUN_ITERATIONS + 8 for batch in plan(long))


def test_runs_of_different_length_or_logging_are_apart() -> None:
    assert len(plan([run(iterations=10), run(iterations=20)])) == 2
    assert len(plan([run(log_interval=10), run(log_interval=20)])) == 2
    assert len(plan([run(learning_rate=1e-3), run(learning_rate=1e-2)])) == 1


SCRIPT = """
import sys
from support.command import HANGS_S, wait_until
from support.runs import grid
from nalm.training import train
from nalm.training.stacked.trainer import StackedTrainer
StackedTrainer.releases_lock = lambda self, jobs: False
runs = grid(["nmu"], range(8), iterations=100_000_000, log_interval=100_000)  # far more than is waited for
train(runs, lambda result: None, workers=2, on_progress=lambda done: print("going", flush=True))
"""


def started() -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "going"
    return process


def children(process: subprocess.Popen[str]) -> list[int]:
    listed = subprocess.run(
        ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(process.pid)], capture_output=True, text=True
    )
    return [int(line.split()[0]) for line in listed.stdout.splitlines() if "resource_tracker" not in line]


def running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks at /proc")
def test_workers_end_with_a_killed_parent() -> None:
    process = started()
    workers = children(process)
    assert len(workers) >= 2
    process.kill()
    process.communicate()
    wait_until(lambda: not any(map(running, workers)))


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks at /proc")
def test_a_killed_worker_is_told_in_one_line() -> None:
    process = started()
    os.kill(children(process)[0], signal.SIGKILL)
    _, errors = process.communicate(timeout=HANGS_S)
    assert process.returncode != 0
    assert f"{NalmError.__module__}.{NalmError.__name__}: a worker process ended unexpectedly" in errors
    assert "run the same command again to go on" in errors


def test_networks_with_kernels_are_trained_in_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    count = LEAST_RUN_ITERATIONS // 4
    runs = grid(["nmu"], range(4), iterations=count, log_interval=count, validation_samples=100, test_samples=100)
    train(runs, lambda result: None, workers=1)  # compiles
    monkeypatch.setattr("nalm.training.executors.processes.Processes._start", lambda self: pytest.fail("a process"))
    results: list[TrainedRuns] = []
    train(runs, results.append, workers=2)
    assert sum(len(result.runs) for result in results) == len(runs)


def trained(**settings: object) -> TrainedRuns:
    results: list[TrainedRuns] = []
    quick = {"iterations": 1, "log_interval": 1, "optimizer": "sgd", "learning_rate": 0.01, "sparsity_penalty": 0.0}
    train([run("support.modules:Ridge", **{**quick, **settings})], results.append, workers=1)
    return results[0]


def test_penalty_of_a_user_s_module_is_part_of_the_loss() -> None:
    plain, weighed = (trained(penalty={"ridge": factor}) for factor in (0, 3))
    assert [result.metrics["penalty_loss"][0] for result in (plain, weighed)] == [0, np.float32(3 * 0.25)]
    (before,), (after,) = (result.state.values() for result in (plain, weighed))
    assert np.abs(before["w"] - after["w"]).min() > 0.01


def test_penalty_without_a_factor_is_refused() -> None:
    with pytest.raises(InputError, match=r"^penalty 'ridge' has no factor"):
        trained()
