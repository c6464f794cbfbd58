"""Who is at work in a results folder: a small file per process, written anew while it lives.

    at-work/NAME.json   the host and process, its part, and how far it is; NAME names both
    at-work/NAME.runs   the runs that it has taken on, eight bytes each

Both are deleted when the process ends. A process that was killed leaves them behind: its file is no longer written, and
counts as stale. Ages are told by the clock of the file system, which all hosts share.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from nalm import files
from nalm.progress import Count

if TYPE_CHECKING:
    from nalm.cluster._parts import Part
    from nalm.jobs import Reporter
    from nalm.runs import Run
    from nalm.runs.record import TrainedRuns

FOLDER = "at-work"

# a file that others see late, as network file systems cache for a minute, is not stale yet
_EVERY_S = 20.0
STALE_S = 180.0
_FORGOTTEN_S = 24 * 3600.0


class Beat(BaseModel):
    """What a process says of itself.

    Attributes:
        host: where it runs.
        process: its number there.
        part: `I/N`, if it has one.
        runs: how many it has taken on.
        finished: of these.
        failed: of these.
        iterations: updates of all that it has taken on.
        iterations_done: of these.
        rate: updates per second, None before that is known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str
    process: int
    part: str | None
    runs: int
    finished: int
    failed: int
    iterations: int
    iterations_done: int
    rate: float | None


@dataclass(frozen=True)
class Sign:
    """A process's file as it was found.

    Attributes:
        beat: what it says.
        taken: ids of the runs that it has taken on.
        age_s: since it was last written.
    """

    beat: Beat
    taken: frozenset[str]
    age_s: float

    @property
    def stale(self) -> bool:
        """Whether the process seems to be gone."""
        # a clock that was set back makes files of the future, which the process would have written again
        return abs(self.age_s) > STALE_S


class Heartbeat:
    """A reporter that keeps the file of this process beside what another reporter does.

    A file that cannot be written is left out: training goes on, and nobody can see it.
    """

    def __init__(self, reporter: Reporter, results: Path, runs: Sequence[Run], part: Part | None) -> None:
        self._reporter = reporter
        self._folder = results / FOLDER
        self._taken = bytes.fromhex("".join(run.id for run in runs))
        self._runs, self._part = len(runs), None if part is None else str(part)
        self._name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}".replace("/", "-")
        self._finished = self._failed = 0
        self._count = Count(0, 0, 0, time.monotonic)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep_beating, daemon=True)

    def begin(self, runs: int, finished: int, iterations: int) -> None:
        """Begin to beat."""
        self._count = Count(runs, finished, iterations, time.monotonic)
        if self._runs:
            _forget(self._folder)
            self._beat()
            self._thread.start()
        self._reporter.begin(runs, finished, iterations)

    def progress(self, iterations: int) -> None:
        """Count updates."""
        self._count.add(iterations)
        self._reporter.progress(iterations)

    def batch(self, result: TrainedRuns) -> None:
        """Count runs."""
        self._finished += len(result.runs)
        self._failed += sum(status == "failed" for status in result.status)
        self._reporter.batch(result)

    def end(self) -> None:
        """Delete the file."""
        if self._runs:
            self._over.set()
            self._thread.join()
            for path in self._folder.glob(f"{self._name}.*"):
                with contextlib.suppress(OSError):
                    path.unlink()
            with contextlib.suppress(OSError):  # others are at work
                self._folder.rmdir()
        self._reporter.end()

    def _keep_beating(self) -> None:
        while not self._over.wait(_EVERY_S):
            self._beat()

    def _beat(self) -> None:
        beat = Beat(
            host=socket.gethostname(),
            process=os.getpid(),
            part=self._part,
            runs=self._runs,
            finished=self._finished,
            failed=self._failed,
            iterations=self._count.iterations,
            iterations_done=self._count.iterations_done,
            rate=self._count.rate,
        )
        taken = self._folder / f"{self._name}.runs"
        with contextlib.suppress(OSError):
            self._folder.mkdir(exist_ok=True)  # a process that ends deletes it where it is empty
            if not taken.exists():
                files.write_whole(taken, self._taken)
            files.write_whole(taken.with_suffix(".json"), beat.model_dump_json().encode())


def signs(results: Path) -> list[Sign]:
    """Return the processes of a results folder by host and process, stale ones too."""
    folder = results / FOLDER
    paths = list(folder.glob("*.json"))
    now = _now(folder) if paths else 0.0
    found = [sign for path in paths if (sign := _read(path, now)) is not None]
    return sorted(found, key=lambda sign: (sign.beat.host, sign.beat.process))


def _read(path: Path, now: float) -> Sign | None:
    """Read a file; one that has just been deleted, or that a full disk cut off, tells nothing."""
    try:
        beat = Beat.model_validate_json(path.read_bytes())
        content = path.with_suffix(".runs").read_bytes()
        age_s = now - path.stat().st_mtime
    except (OSError, ValidationError):
        return None
    ids = (content[start : start + 8].hex() for start in range(0, len(content), 8))
    return Sign(beat, frozenset(ids), age_s)


def _forget(folder: Path) -> None:
    """Delete what processes left behind that were killed long ago."""
    paths = list(folder.glob("*"))
    now = _now(folder) if paths else 0.0
    for path in paths:
        with contextlib.suppress(OSError):
            if abs(now - path.stat().st_mtime) > _FORGOTTEN_S:
                path.unlink()


def _now(folder: Path) -> float:
    """Return the time by the clock of a folder's file system; by this host's where nothing can be written."""
    clock = folder / f".clock-{secrets.token_hex(4)}"
    try:
        clock.touch()
        return clock.stat().st_mtime
    except OSError:
        return time.time()
    finally:
        with contextlib.suppress(OSError):
            clock.unlink()
