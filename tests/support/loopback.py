"""A Dask scheduler and workers on loopback, in processes of their own that stay dead when they are killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from distributed import Client

from support.command import SOURCES

_PATH = os.pathsep.join(map(str, (SOURCES, SOURCES.parent / "tests")))


class Loopback:
    """A cluster; `close` ends it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.workers: list[subprocess.Popen[bytes]] = []
        file = folder / "scheduler.json"
        words = ["-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
        self.scheduler = self._started(*words, "--scheduler-file", str(file))
        while not (file.exists() and file.read_text().endswith("}")):
            assert self.scheduler.poll() is None
            time.sleep(0.05)
        self.address: str = json.loads(file.read_text())["address"]

    def start_worker(self, threads: int = 1, before: str = "") -> None:
        """Start a worker that runs some code first."""
        code = f"{before}\nfrom distributed.cli.dask_worker import main\nmain()"
        words = ["--no-nanny", "--nthreads", str(threads), "--no-dashboard"]
        self.workers.append(self._started("-c", code, self.address, *words))

    def wait(self, workers: int = 1) -> None:
        """Wait until so many workers are there."""
        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=60)

    def close(self) -> None:
        for process in (self.scheduler, *self.workers):
            process.kill()
            process.wait()

    def _started(self, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, *words],
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": _PATH},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
