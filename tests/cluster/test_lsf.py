"""Arrays through a stand-in for LSF that really runs them."""

import json
import os
import shutil
from pathlib import Path

import pytest

from nalm.results.store import Store
from support.command import SOURCES, wait_until
from support.fake_training import fake_training

HERE = Path(__file__).parent


@pytest.fixture
def lsf(tmp_path, monkeypatch):
    """`bsub` and `bjobs`; returns their spool."""
    programs, spool = tmp_path / "bin", tmp_path / "spool"
    spool.mkdir()
    programs.mkdir()
    for name in ("bsub", "bjobs"):
        shutil.copy(HERE / "fake_lsf.py", programs / name)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONPATH", str(SOURCES))
    monkeypatch.setenv("FAKE_LSF", str(spool))
    return spool


def wait_for_array(spool):
    wait_until(lambda: not list(spool.glob("* *")))


def logs(folder):
    return {path.name: path.read_text() for path in Path(folder, "jobs").glob("*.log")}


@pytest.mark.parametrize("folder", ["results", 'it\'s a "folder"\nof $HOME & `more`'], ids=["plain", "hostile"])
def test_array_gives_what_one_process_gives(command, study, lsf, folder):
    outcome = command("submit", study, "--lsf", "--parts", "4", "--out", folder)
    assert (outcome.status, outcome.errors) == (0, "")
    assert outcome.output == f"lsf job 1: parts 1-4 of 4 of 16 runs; watch: nalm status {folder}\n"
    wait_for_array(lsf)
    told = logs(folder)
    assert sorted(told) == [f"nalm-study-1-{element}.log" for element in range(1, 5)]
    assert all(text.startswith("4 runs, 0 finished already") for text in told.values()), told
    assert command("run", study, "--out", "alone", "--workers", "1").status == 0
    array, alone = (command("summary", name, "--format", "json").output for name in (folder, "alone"))
    assert array == alone
    assert Store.open(folder).records().equals(Store.open("alone").records())


@pytest.fixture
def idle(tmp_path):
    """A site whose parts do nothing."""
    path = tmp_path / "site.toml"
    path.write_text('command = "true"')
    return path


def test_second_submit_asks_for_what_is_missing(command, study, lsf, idle, monkeypatch):
    fake_training(monkeypatch)
    assert command("run", study, "--out", "here", "--part", "2/4", "--workers", "1").status == 0
    words = ("submit", study, "--lsf", "--site", idle, "--out", "here")
    assert command(*words, "--parts", "4").output.startswith("lsf job 1: parts 1,3-4 of 4 of 16 runs; ")
    wait_for_array(lsf)
    assert command("run", study, "--out", "here", "--part", "1/4", "--workers", "1").status == 0
    assert command(*words).output.startswith("lsf job 2: parts 3-4 of 4 of 16 runs; ")
    wait_for_array(lsf)
    assert command("run", study, "--out", "here", "--workers", "1").status == 0
    outcome = command(*words)
    assert (outcome.status, outcome.errors) == (0, "")
    assert outcome.output == "16 runs in here: all are finished, or the queue has them; nothing submitted\n"
    assert len(list(lsf.glob("*.script"))) == 2


def test_parts_that_the_queue_has_are_not_submitted_again(command, study, lsf, idle):
    words = ("submit", study, "--lsf", "--site", idle, "--out", "here")
    command(*words, "--parts", "4", "--dry-run")
    submission = {"queue": "lsf", "job": "7", "selection": {}, "parts": 4, "elements": [1, 2, 3, 4]}
    Path("here/jobs/lsf-7.json").write_text(json.dumps(submission))
    (lsf / "7 2").touch()
    (lsf / "8 1").touch()  # of another array
    # one part of four is two of eight
    assert command(*words, "--parts", "8").output.startswith("lsf job 1: parts 1-2,5-8 of 8 of 16 runs; ")
    (lsf / "7 2").unlink()
    (lsf / "8 1").unlink()
    wait_for_array(lsf)
    assert command(*words).output.startswith("lsf job 2: parts 1-8 of 8 of")
    wait_for_array(lsf)
