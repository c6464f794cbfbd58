"""A disk that is full for real, and a study that trains in a moment."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.command import Command

STUDY = """
title = "Two units"
seeds = "0:4"
task = { kind = "single-module", operation = "mul" }
networks = [{ unit = "nmu" }, { unit = "linear" }]

[settings]
iterations = 300
ramp_start = 100
ramp_end = 200
log_interval = 100
validation_samples = 100
test_samples = 100
"""


class SmallDisk:
    """A file system of 512 KiB."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filler = path / "filler"

    def leave(self, kibibytes: int) -> None:
        """Fill it but for so much."""
        self.free()
        with open(self._filler, "wb") as file:
            about = os.statvfs(self.path)
            file.write(bytes(max(0, about.f_bavail * about.f_bsize - kibibytes * 1024)))

    def free(self) -> None:
        """Make room."""
        self._filler.unlink(missing_ok=True)

    def grow(self) -> None:
        """Make a lot of room."""
        self.free()
        subprocess.run(["mount", "-o", "remount,size=256m", str(self.path)], check=True)

    def leftovers(self) -> list[Path]:
        """What was half written and has stayed."""
        return [path for path in self.path.rglob(".*") if path.is_file()]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    path = tmp_path / "disk"
    path.mkdir()
    try:
        mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(path)]
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("may not mount a small disk here")
    yield SmallDisk(path)
    subprocess.run(["umount", "--lazy", str(path)], check=True)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """The command line, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Command(monkeypatch, capsys)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A study of 8 runs that train in a moment."""
    path = tmp_path / "study.toml"
    path.write_text(STUDY)
    return path
