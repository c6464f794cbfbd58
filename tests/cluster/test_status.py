import json
import os
from pathlib import Path

import pytest

from nalm.cli import _status
from nalm.cluster import Part
from nalm.cluster.heartbeat import FOLDER, STALE_S, Heartbeat
from nalm.cluster.status import Counts, status
from nalm.errors import StoreError
from nalm.jobs import prepare
from nalm.progress import NullReporter
from support.fake_training import fake_training


@pytest.fixture
def job(study, command):
    """The study's runs, into the folder `here`."""
    return prepare(str(study), out="here")


@pytest.fixture
def half(command, study, monkeypatch, job):
    """Half of the runs are trained; those of seed 1 have failed."""
    fake_training(monkeypatch, failed=[1])
    assert command("run", study, "--out", "here", "--seeds", "0:2").status == 1


@pytest.fixture
def at_work(job):
    """Let a process take on some runs; ends them all."""
    started = []

    def start(runs, part=None):
        beat = Heartbeat(NullReporter(), job.path, runs, part)
        beat.begin(len(runs), 0, sum(run.updates for run in runs))
        started.append(beat)
        return beat

    yield start
    for beat in started:
        beat.end()


def counted(found):
    return {(group.labels["unit"], group.labels["interpolation_range"]): group.counts for group in found.groups}


def test_runs_are_counted_by_network_and_range(half, job, at_work):
    at_work([run for run in job.runs if run.seed == 2 and run.label == "nmu"], Part(3, 4))
    found = status("here")
    assert counted(found) == {
        ("nmu", "[1,2]"): Counts(1, 1, 1, 1),
        ("nmu", "[-2,-1]"): Counts(1, 1, 1, 1),
        ("linear", "[1,2]"): Counts(1, 1, 0, 2),
        ("linear", "[-2,-1]"): Counts(1, 1, 0, 2),
    }
    assert found.counts == Counts(4, 4, 2, 6)
    assert found.iterations_left == 8 * 301
    assert (found.rate, found.seconds_left, found.others, found.damaged) == (None, None, 0, ())
    assert [sign.beat.part for sign in found.at_work] == ["3/4"]


def test_runs_of_a_stale_process_are_missing(half, job, at_work):
    at_work(job.runs)
    (path,) = Path("here", FOLDER).glob("*.json")
    written = path.stat().st_mtime - STALE_S - 60
    os.utime(path, (written, written))
    found = status("here")
    assert found.counts == Counts(4, 4, 0, 8)
    assert found.at_work == []
    assert [sign.stale for sign in found.processes] == [True]


def test_rate_and_time_left_are_those_of_all_processes(half, job, at_work):
    waiting = [run for run in job.runs if run.seed > 1]
    for runs in (waiting[:4], waiting[4:]):
        beat = at_work(runs)
        beat._count._start = (beat._count._clock() - 10.0, 0)
        beat.progress(301)
        beat._beat()
    found = status("here")
    assert found.rate == pytest.approx(2 * 30.1, rel=0.2)
    assert found.iterations_left == 6 * 301
    assert found.seconds_left == found.iterations_left / found.rate


def test_everything_finished_has_no_time_left(command, study, monkeypatch):
    fake_training(monkeypatch)
    command("run", study, "--out", "here")
    assert (status("here").iterations_left, status("here").seconds_left) == (0, 0.0)


def test_other_seeds_count_where_an_array_asks_for_them(half, study, command, job, at_work):
    command("submit", study, "--lsf", "--dry-run", "--parts", "2", "--out", "here")
    selection = {"seeds": "10:12", "only": {"unit": ["nmu"]}}
    submission = {"queue": "lsf", "job": "7", "selection": selection, "parts": 2, "elements": [1, 2]}
    Path("here/jobs/lsf-7.json").write_text(json.dumps(submission))
    assert counted(status("here"))["nmu", "[1,2]"] == Counts(1, 1, 0, 4)
    assert counted(status("here"))["linear", "[1,2]"] == Counts(1, 1, 0, 2)


def test_finished_runs_of_other_seeds_count_and_those_at_work_are_told_of(half, study, command, at_work):
    command("run", study, "--out", "here", "--seeds", "20:21")
    at_work(prepare(str(study), out="here", seeds="30:31").runs)
    found = status("here")
    assert found.counts == Counts(8, 4, 0, 8)
    assert found.others == 4


def test_damaged_files_are_named_and_nothing_is_changed(half, command):
    victim = sorted(Path("here/records").iterdir())[0]
    victim.write_bytes(victim.read_bytes()[:100])
    line = f"{victim}: truncated (100 bytes); nalm run sets it aside and trains its runs again"
    assert status("here").damaged == (line,)
    outcome = command("status", "here")
    assert outcome.status == 0
    assert outcome.errors == f"nalm: {line}\n"
    assert "1 damaged files" in outcome.output
    assert json.loads(command("status", "here", "--json").output)["damaged"] == [line]
    assert victim.exists()


def test_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(StoreError, match="no such folder"):
        status(tmp_path / "nowhere")


def test_table_shows_what_tells_groups_apart(half, command, job, at_work):
    at_work(job.runs[-3:], Part(1, 2))
    lines = [line for line in command("status", "here").output.splitlines() if line.strip()]
    assert lines[0].strip() == "here"
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in lines if line.startswith("│")]
    assert rows[:5] == [
        ["nmu", "[1,2]", "1", "1", "0", "2"],
        ["nmu", "[-2,-1]", "1", "1", "0", "2"],
        ["linear", "[1,2]", "1", "1", "0", "2"],
        ["linear", "[-2,-1]", "1", "1", "2", "0"],
        ["all", "", "4", "4", "2", "6"],
    ]
    assert rows[5][1:4] == [str(os.getpid()), "1/2", "0 of 3"]
    assert lines[-1] == "4 of 16 runs finished, 4 failed, 2 running, 6 missing"


def test_json_has_the_same(half, command, job, at_work):
    at_work(job.runs[-3:], Part(1, 2))
    told = json.loads(command("status", "here", "--json").output)
    assert " ".join(told) == "study folder runs others rate iterations_left seconds_left groups processes damaged"
    assert told["runs"] == {"total": 16, "finished": 4, "failed": 4, "running": 2, "missing": 6}
    assert told["groups"][0] == {
        "unit": "nmu",
        "operation": "mul",
        "interpolation_range": "[1,2]",
        "extrapolation_range": "[2,6]",
        "runs": {"total": 4, "finished": 1, "failed": 1, "running": 0, "missing": 2},
    }
    (process,) = told["processes"]
    assert (process["part"], process["runs"], process["stale"]) == ("1/2", 3, False)


def test_watching_ends_when_nothing_is_left(half, command, study, monkeypatch):
    def train_the_rest(seconds):
        assert seconds >= 10
        command("run", study, "--out", "here")

    monkeypatch.setattr(_status.time, "sleep", train_the_rest)
    lines = command("status", "here", "--watch", "--json").output.splitlines()
    told = [json.loads(line)["runs"]["missing"] for line in lines if line.startswith("{")]
    assert told[-1] == 0
