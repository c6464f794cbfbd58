"""A process that may hold few files or little memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nalm.cli import _memory
from support.command import SOURCES, Command
from support.fake_training import fake_training


def limited(limit: str, words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    script = f"ulimit {limit}; exec {sys.executable} -c 'from nalm.cli import main; main()' {words}"
    environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
    return subprocess.run(["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.heavy
def test_twenty_open_files_are_enough(
    command: Command, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        fake_training(patch)
        command("run", study, "--out", "here")
    whole = limited("-n 20", "run study.toml --out there --workers 2 --only unit=linear", tmp_path)
    assert (whole.returncode, whole.stderr) == (0, "")
    assert limited("-n 20", "summary here", tmp_path).returncode == 0


@pytest.mark.heavy
@pytest.mark.parametrize("kibibytes", [200_000, 400_000, 800_000, 1_200_000, 1_600_000])
@pytest.mark.parametrize("words", ["run study.toml --workers 1", "summary here", "doctor"])
def test_too_little_address_space_is_one_line(study: Path, tmp_path: Path, kibibytes: int, words: str) -> None:
    """Else compiled libraries abort, with pages of traces, or a module is half loaded."""
    done = limited(f"-v {kibibytes}", words, tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(
        f"nalm: this process may use {kibibytes / 2**20:.2g} GiB of address space (ulimit -v)"
    )
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    assert not (tmp_path / "results").exists()


@pytest.mark.heavy
def test_enough_address_space_is_enough(study: Path, tmp_path: Path) -> None:
    limit = f"-v {_memory.needed() // 1024}"
    for words in (
        "run study.toml --out here --workers 2",
        "summary here",
        "show nmu here",
        "plot here --what ranges --to figure.pdf",
        "report here --to report.html",
    ):
        done = limited(limit, words, tmp_path)
        assert (done.returncode, done.stderr) == (0, ""), words


def test_help_and_version_need_no_memory(tmp_path: Path) -> None:
    for words in ("--version", "--help"):
        assert limited("-v 200000", words, tmp_path).returncode == 0
