"""A process that may hold few files or little memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
@pytest.mark.parametrize("kibibytes", [200_000, 400_000])
def test_too_little_memory_is_one_line(study: Path, tmp_path: Path, kibibytes: int) -> None:
    done = limited(f"-v {kibibytes}", "run study.toml --workers 1", tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(("nalm: out of memory", "nalm: cannot be loaded: "))
    assert done.stderr.count("\n") == 1
