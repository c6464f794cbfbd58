"""Calls of the command line, in this process and in one of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SOURCES = Path(__file__).parents[2] / "src"

# Another process that takes so long hangs (seconds). No test asks for a time: a busy machine takes any.
HANGS_S = 900


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    status: int
    output: str
    errors: str


class Command:
    """The command line in this process; `command("run", "quickstart")` returns its outcome."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *words: object) -> Outcome:
        from nalm.cli import main

        self._monkeypatch.setattr(sys, "argv", ["nalm", *map(str, words)])
        status: Any = 0
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        try:
            main()
        except SystemExit as end:
            status = end.code or 0
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        captured = self._capsys.readouterr()
        return Outcome(status, captured.out, captured.err)


def python(*words: str, **options: Any) -> subprocess.Popen[str]:
    """Start Python in a process of its own that finds nalm."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
    return subprocess.Popen(
        [sys.executable, *words],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )


def nalm(words: Sequence[object], **options: Any) -> subprocess.Popen[str]:
    """Start the command line in a process of its own."""
    return python("-c", "from nalm.cli import main; main()", *map(str, words), **options)


def wait_until(done: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    deadline = time.monotonic() + HANGS_S
    while not done():
        assert time.monotonic() < deadline, "the other process hangs"
        time.sleep(0.005)


def stored_files(folder: str | Path) -> dict[str, bytes]:
    """The content of every file below `folder`, by name."""
    return {path.name: path.read_bytes() for path in sorted(Path(folder).rglob("*")) if path.is_file()}
