"""Others in the same folder, a clock that goes backwards, a folder that moves."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from nalm.cluster.heartbeat import FOLDER
from nalm.cluster.status import status
from nalm.results.store import Store
from results.samples import no_damage
from support.command import HANGS_S, Command, nalm
from support.fake_training import fake_training


@pytest.mark.heavy
def test_two_elements_on_the_same_part_give_what_one_gives(command: Command, study: Path, tmp_path: Path) -> None:
    words = ["run", study, "--part", "1/2", "--out", "here", "--workers", "1", "--only", "unit=linear"]
    both = [nalm(words, cwd=tmp_path) for _ in range(2)]
    for process in both:
        _, errors = process.communicate(timeout=HANGS_S)
        assert (process.returncode, errors) == (0, "")
    assert (
        command("run", study, "--out", "alone", "--workers", "1", "--part", "1/2", "--only", "unit=linear").status == 0
    )
    here, alone = Store.open("here"), Store.open("alone")
    assert here.finished(no_damage) == alone.finished(no_damage)
    assert here.records().equals(alone.records())
    for folder in ("records", "weights"):
        assert {path.name: path.read_bytes() for path in Path("here", folder).iterdir()} == {
            path.name: path.read_bytes() for path in Path("alone", folder).iterdir()
        }


def test_a_clock_that_goes_backwards(command: Command, study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look at the clock is earlier than the one before, and what was written lies in the future."""
    fake_training(monkeypatch, stop_after=1)
    assert command("run", study, "--out", "here").status == 130
    (Path("here") / FOLDER).mkdir(exist_ok=True)
    for path in [Path("here"), *Path("here").rglob("*")]:
        os.utime(path, (time.time() + 1e6,) * 2)
    now = time.time()

    def earlier() -> float:
        nonlocal now
        now -= 3600.0
        return now

    monkeypatch.setattr(time, "time", earlier)
    monkeypatch.setattr(time, "monotonic", time.monotonic)
    fake_training(monkeypatch)
    outcome = command("run", study, "--out", "here")
    assert (outcome.status, outcome.errors) == (0, "")
    assert outcome.output.startswith("8 runs, 2 finished already")
    assert status("here").counts.finished == 8
    assert command("compact", "here").status == 0
    assert command("summary", "here").errors == ""
    assert len(Store.open("here").finished(no_damage)) == 8


def test_a_folder_that_is_moved_goes_on(command: Command, study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_training(monkeypatch, stop_after=2)
    assert command("run", study, "--out", "here").status == 130
    Path("else where").mkdir()
    shutil.move("here", "else where/there")
    fake_training(monkeypatch)
    outcome = command("run", study, "--out", "else where/there")
    assert (outcome.status, outcome.errors) == (0, "")
    assert outcome.output.startswith("8 runs, 4 finished already")
    shutil.copytree("else where/there", "copy")
    summaries = {command("summary", folder, "--format", "json").output for folder in ("else where/there", "copy")}
    assert len(summaries) == 1


def test_a_folder_that_is_deleted_while_it_is_written_is_one_line(
    command: Command, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Store.write

    def write(store: Store, trained: object) -> None:
        shutil.rmtree(store.path)
        real(store, trained)  # type: ignore[arg-type]

    fake_training(monkeypatch)
    monkeypatch.setattr(Store, "write", write)
    outcome = command("run", study, "--out", "here")
    assert outcome.status != 0
    assert outcome.errors.count("\n") == 1
    assert outcome.errors.startswith("nalm: here: cannot be written (No such file or directory)")
