"""Arrays on a real SLURM.

As root, after `apt-get install slurm-wlm munge`: `python -m pytest -m cluster tests/cluster`.
"""

import re
import subprocess
import time
from pathlib import Path

import pytest

from cluster.slurm import missing, slurm
from nalm.results.store import Store
from support.command import SOURCES

pytestmark = pytest.mark.cluster

# a part takes some seconds, in many batches
ARITHMETIC = """
title = "Two units on two ranges"
seeds = "0:16"
task = { kind = "single-module", operation = "mul" }
[settings]
iterations = 499_999
sparsity_penalty = 0
log_interval = 50_000
validation_samples = 1000
test_samples = 1000

[grid]
ranges = [
    { interpolation_range = [1, 2], extrapolation_range = [2, 6] },
    { interpolation_range = [-2, -1], extrapolation_range = [-6, -2] },
]

[[networks]]
unit = "nmu"

[[networks]]
unit = "snmu"
"""
DIGITS = """
title = "Products of small digits"
seeds = "0:4"
task = { kind = "static-digits", dataset = "digits", digits = "1234", folds = 4, samples_per_pair = 4 }
settings = { epochs = 40, sparsity_penalty = 0 }
networks = [{ unit = "nmu" }, { unit = "solved" }]
"""


@pytest.fixture(scope="module")
def queue(tmp_path_factory):
    """Environment of the commands of a SLURM that has just been started."""
    if missing():
        pytest.fail(f"{', '.join(missing())} not found: apt-get install slurm-wlm munge")
    with slurm(tmp_path_factory.mktemp("slurm")) as environment:
        yield environment


@pytest.fixture
def on_slurm(queue, monkeypatch):
    monkeypatch.setenv("PATH", queue["PATH"])
    monkeypatch.setenv("SLURM_CONF", queue["SLURM_CONF"])
    monkeypatch.setenv("PYTHONPATH", str(SOURCES))


def ask(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def wait_until(condition, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def elements(job, state="all"):
    return ask("squeue", "--noheader", "--array", f"--jobs={job}", f"--states={state}", "--format=%K").split()


def wait_for_array(job):
    wait_until(lambda: not elements(job, "pending,running,completing,configuring"))


def submitted(outcome):
    assert (outcome.status, outcome.errors) == (0, "")
    return re.match(r"slurm job (\d+): ", outcome.output)[1]


def log(job, element):
    path = Path(f"results/jobs/nalm-study-{job}-{element}.log")
    return path.read_text() if path.exists() else ""


def same_as_alone(command, study):
    assert command("run", study, "--out", "alone", "--workers", "1").status == 0
    array, alone = (command("summary", folder, "--format", "json").output for folder in ("results", "alone"))
    assert array == alone
    assert Store.open("results").records().equals(Store.open("alone").records())


@pytest.mark.parametrize("text", [ARITHMETIC, DIGITS], ids=["arithmetic", "digits"])
def test_array_with_an_element_killed_and_requeued_gives_what_one_process_gives(command, study, on_slurm, text):
    study.write_text(text)
    job = submitted(command("submit", study, "--slurm", "--parts", "4", "--out", "results"))
    # as on preemption
    wait_until(lambda: "finished already" in log(job, 2))
    ask("scontrol", "requeue", f"{job}_2")
    wait_for_array(job)
    assert log(job, 2).count("finished already") == 2, log(job, 2)
    assert [log(job, element).count("finished already") for element in (1, 3, 4)] == [1, 1, 1]
    same_as_alone(command, study)


def test_killed_element_is_all_that_a_second_submit_asks_for(command, study, on_slurm):
    study.write_text(ARITHMETIC)
    words = ("submit", study, "--slurm", "--out", "results")
    job = submitted(command(*words, "--parts", "4"))
    wait_until(lambda: "finished already" in log(job, 3))
    # the queue has all parts
    assert command(*words).output.endswith("nothing submitted\n")
    ask("scancel", "--batch", "--signal=KILL", f"{job}_3")
    wait_for_array(job)
    assert "interrupted" not in log(job, 3)
    outcome = command(*words)
    assert "parts 3 of 4 of 64 runs" in outcome.output
    wait_for_array(submitted(outcome))
    same_as_alone(command, study)


def test_time_limit_ends_a_part_cleanly(command, study, on_slurm):
    study.write_text(ARITHMETIC.replace("499_999", "49_999_999"))
    Path("site.toml").write_text('partition = "short"\ntime_minutes = 1\n')
    job = submitted(command("submit", study, "--slurm", "--site", "site.toml", "--parts", "32", "--out", "results"))
    wait_until(lambda: "interrupted" in log(job, 1))
    ask("scancel", job)
    wait_for_array(job)
    told = re.search(r"interrupted; (\d) of 2 runs are kept in \S+/results, the same command goes on", log(job, 1))
    assert told, log(job, 1)
    assert len(Store.open("results").finished(pytest.fail)) >= int(told[1])
