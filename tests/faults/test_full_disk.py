"""Every kind of file on a disk that is full for real: one line, nothing lost, and it goes on once there is room."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from faults.conftest import SmallDisk
from nalm.errors import StoreError
from nalm.results.store import Store
from nalm.training.epochs import checkpoint
from nalm.training.epochs.checkpoint import Progress
from results.samples import no_damage
from support.command import SOURCES, Command
from support.fake_training import fake_training

FULL = "the disk is full"


@pytest.mark.parametrize("room", [0, 4, 8, 12, 16, 20, 24, 28, 32, 40, 48])
def test_run_on_a_disk_that_fills_up_goes_on_once_there_is_room(
    command: Command, study: Path, disk: SmallDisk, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    """The study, the environment, manifest, weights and records: whatever does not fit."""
    fake_training(monkeypatch)
    folder = disk.path / "results"
    disk.leave(room)
    outcome = command("run", study, "--out", folder)
    assert outcome.status != 0
    assert FULL in outcome.errors
    assert outcome.errors.count("\n") == 1
    assert not disk.leftovers()
    kept = len(Store.open(folder).finished(no_damage, set_aside=False)) if (folder / "study.toml").exists() else 0
    disk.free()
    outcome = command("run", study, "--out", folder)
    assert (outcome.status, outcome.errors) == (0, "")
    assert outcome.output.startswith(f"8 runs, {kept} finished already")
    assert len(Store.open(folder).finished(no_damage)) == 8
    assert not (folder / "damaged").exists()


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("plot", "results", "--to"), "figure.pdf"),
        (("plot", "results", "--to"), "figure.svg"),
        (("plot", "results", "--what", "table", "--to"), "table.tex"),
        (("report", "results", "--to"), "report.html"),
        (("export", "results", "--to"), "records.csv"),
        (("export", "results", "--to"), "records.parquet"),
        (("export", "results", "--to"), "events"),
    ],
    ids=["figure", "svg", "table", "report", "csv", "parquet", "events"],
)
def test_what_is_written_over_a_file_leaves_it_as_it_was(
    command: Command,
    study: Path,
    disk: SmallDisk,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    name: str,
) -> None:
    fake_training(monkeypatch)
    assert command("run", study, "--out", "results").status == 0
    path = disk.path / name
    assert command(*words, path).status == 0
    before = {file: file.read_bytes() for file in disk.path.rglob("*") if file.is_file()}
    for file in before:
        file.write_bytes(b"old")
    disk.leave(0)
    outcome = command(*words, path)
    assert outcome.status == 2
    assert outcome.errors == f"nalm: {path}: the disk is full\n"
    assert {file.read_bytes() for file in before} == {b"old"}
    assert not disk.leftovers()
    disk.free()
    assert command(*words, path).status == 0
    assert {file: file.read_bytes() for file in before} == before


def test_compacting_leaves_the_small_files(
    command: Command, study: Path, disk: SmallDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_training(monkeypatch)
    folder = disk.path / "results"
    assert command("run", study, "--out", folder).status == 0
    disk.leave(4)
    outcome = command("compact", folder)
    assert (outcome.status, outcome.errors) == (
        2,
        f"nalm: {folder}: the disk is full; nothing is lost, make room and try again\n",
    )
    assert len(Store.open(folder).finished(no_damage)) == 8
    disk.free()
    assert command("compact", folder).output == f"{folder}: 4 files of records became 1\n"
    assert len(Store.open(folder).finished(no_damage)) == 8


def test_the_checkpoint_before_stays(disk: SmallDisk) -> None:
    def network_and_optimizer() -> tuple[torch.nn.Module, torch.optim.Optimizer]:
        network = torch.nn.Linear(100, 100)
        optimizer = torch.optim.Adam(network.parameters(), fused=True)
        network(torch.ones(100)).sum().backward()
        optimizer.step()
        return network, optimizer

    path = disk.path / "run.safetensors"
    first, second = network_and_optimizer(), network_and_optimizer()
    checkpoint.save(path, "a run", Progress(epoch=1, step=10), *first)
    content = path.read_bytes()
    disk.leave(8)
    with pytest.raises(StoreError, match=r"run\.safetensors': the disk is full; the one before it and finished runs"):
        checkpoint.save(path, "a run", Progress(epoch=2, step=20), *second)
    assert path.read_bytes() == content
    assert not disk.leftovers()
    assert checkpoint.load(path, "a run", 5, *second) == Progress(epoch=1, step=10)
    assert all(torch.equal(a, b) for a, b in zip(first[0].parameters(), second[0].parameters(), strict=True))


def nalm(words: list[object], folder: Path, **variables: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(SOURCES), **{name: str(value) for name, value in variables.items()}}
    code = "from nalm.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], cwd=folder, env=environment, capture_output=True, text=True
    )


@pytest.mark.heavy
@pytest.mark.parametrize("variable", ["NALM_CACHE", "TMPDIR"])
def test_kernels_that_cannot_be_compiled_stop_the_run_until_there_is_room(
    study: Path, disk: SmallDisk, tmp_path: Path, variable: str
) -> None:
    """Trained another way, all would take many times longer, and last digits would differ."""
    places = {"NALM_CACHE": tmp_path / "cache", variable: disk.path}
    words = ["run", study, "--out", "here", "--workers", "1", "--only", "unit=nmu"]
    disk.leave(4)
    done = nalm(words, tmp_path, **places)
    assert done.returncode == 1
    assert FULL in done.stderr
    assert done.stderr.count("\n") == 1
    disk.grow()
    done = nalm(words, tmp_path, **places)
    assert (done.returncode, done.stderr) == (0, "")
    assert not list(disk.path.glob("kernels/.*"))


def redirected(words: str, end: str, folder: Path) -> tuple[int, str]:
    """Run the command line with its output going to `end`, as shells write it."""
    script = f"{sys.executable} -c 'from nalm.cli import main; main()' {words} {end}"
    environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
    done = subprocess.run(["bash", "-c", script], cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)
    return done.returncode, done.stderr


@pytest.mark.heavy
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(("end", "why"), [(">/dev/full", "No space left on device"), (">&-", "Bad file descriptor")])
def test_output_that_is_full_or_closed(
    command: Command, study: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, end: str, why: str
) -> None:
    with monkeypatch.context() as patch:
        fake_training(patch)
        assert command("run", study, "--out", "here").status == 0
    for words in ("list", "summary here", "summary here --format json", "status here"):
        assert redirected(words, end, tmp_path) == (1, f"nalm: standard output: {why}\n")
    kept = "; finished batches are kept, and once this is mended the same command goes on"
    assert redirected("run study.toml --out there --workers 1", end, tmp_path) == (
        1,
        f"nalm: standard output: {why}{kept}\n",
    )
