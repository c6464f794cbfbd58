import os
import signal
import threading
import time
from types import SimpleNamespace

import pytest

from nalm.cluster import Part, heartbeat
from nalm.cluster.heartbeat import FOLDER, Heartbeat, signs
from nalm.progress import NullReporter
from nalm.results.store import Store
from nalm.studies import expand, load
from support.command import nalm, wait_until
from support.fake_training import fake_training

RUNS = expand(load("quickstart"))[:5]


@pytest.fixture
def beating(tmp_path):
    beat = Heartbeat(NullReporter(), tmp_path, RUNS, Part(2, 4))
    beat.begin(7, 2, 1000)
    yield beat
    beat.end()


def finish(beat, runs, failed=0):
    status = ["failed"] * failed + ["finished"] * (len(runs) - failed)
    beat.batch(SimpleNamespace(runs=runs, status=status))


def test_a_process_tells_what_it_has_taken_on(beating, tmp_path):
    (sign,) = signs(tmp_path)
    assert sign.taken == {run.id for run in RUNS}
    assert (sign.beat.process, sign.beat.part) == (os.getpid(), "2/4")
    assert (sign.beat.runs, sign.beat.finished, sign.beat.iterations, sign.beat.rate) == (5, 0, 1000, None)
    assert not sign.stale


def test_a_process_tells_how_far_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(heartbeat, "_EVERY_S", 0.01)
    others = set(threading.enumerate())
    beat = Heartbeat(NullReporter(), tmp_path, RUNS, None)
    beat.begin(5, 0, 1000)
    beat.progress(100)
    finish(beat, RUNS[:2], failed=1)
    wait_until(lambda: any(sign.beat.finished for sign in signs(tmp_path)))
    told = [sign.beat for sign in signs(tmp_path)]
    assert (told[0].finished, told[0].failed, told[0].iterations_done) == (2, 1, 100)
    beat.end()
    assert not (tmp_path / FOLDER).exists()
    assert set(threading.enumerate()) <= others


def test_nothing_to_do_leaves_no_trace(tmp_path):
    beat = Heartbeat(NullReporter(), tmp_path, [], None)
    beat.begin(3, 3, 0)
    assert not (tmp_path / FOLDER).exists()
    beat.end()


def test_two_processes_do_not_hide_each_other(beating, tmp_path):
    other = Heartbeat(NullReporter(), tmp_path, RUNS[:1], Part(1, 4))
    other.begin(1, 0, 10)
    assert sorted(sign.beat.part for sign in signs(tmp_path)) == ["1/4", "2/4"]
    other.end()
    assert [sign.beat.part for sign in signs(tmp_path)] == ["2/4"]


@pytest.mark.parametrize("shift", [-heartbeat.STALE_S - 60, heartbeat.STALE_S + 60], ids=["past", "future"])
def test_a_file_that_is_no_longer_written_is_stale(beating, tmp_path, shift):
    (path,) = (tmp_path / FOLDER).glob("*.json")
    seconds = path.stat().st_mtime + shift
    os.utime(path, (seconds, seconds))
    assert [sign.stale for sign in signs(tmp_path)] == [True]


def test_age_is_told_by_the_file_system_and_not_by_this_host(beating, tmp_path, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 0.0)
    (sign,) = signs(tmp_path)
    assert not sign.stale


def test_what_was_left_behind_long_ago_is_deleted(beating, tmp_path):
    for path in (tmp_path / FOLDER).iterdir():
        os.utime(path, (0, 0))
    other = Heartbeat(NullReporter(), tmp_path, RUNS, Part(1, 4))
    other.begin(5, 0, 10)
    assert [sign.beat.part for sign in signs(tmp_path)] == ["1/4"]
    other.end()


@pytest.mark.parametrize("content", [b"", b"{", b'{"host": 3}', b"\xff"])
def test_damaged_file_tells_nothing(beating, tmp_path, content):
    (path,) = (tmp_path / FOLDER).glob("*.json")
    path.write_bytes(content)
    assert signs(tmp_path) == []


def test_folder_that_cannot_be_written_stops_nothing(tmp_path):
    (tmp_path / FOLDER).write_text("a file")
    beat = Heartbeat(NullReporter(), tmp_path, RUNS, None)
    beat.begin(5, 0, 1000)
    finish(beat, RUNS)
    beat.end()
    assert (tmp_path / FOLDER).read_text() == "a file"


@pytest.mark.parametrize("stop_after", [None, 2], ids=["finished", "interrupted"])
def test_run_leaves_no_file_behind(command, study, monkeypatch, stop_after):
    fake_training(monkeypatch, stop_after=stop_after)
    assert command("run", study, "--out", "here").status == (0 if stop_after is None else 130)
    assert not os.path.exists(f"here/{FOLDER}")


def test_killed_process_leaves_its_file(study, tmp_path):
    study.write_text(study.read_text().replace("iterations = 300", "iterations = 99_999_999"))
    process = nalm(["run", study, "--out", "here", "--workers", "1", "--part", "2/8"], cwd=tmp_path)
    wait_until(lambda: signs(tmp_path / "here"))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    (sign,) = signs(tmp_path / "here")
    assert (sign.beat.process, sign.beat.part, sign.beat.runs) == (process.pid, "2/8", 2)
    assert not Store.open(tmp_path / "here").finished(pytest.fail)
