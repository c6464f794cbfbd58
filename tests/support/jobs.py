"""Jobs for executors: importable wherever they are done."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import torch


def square(job: int, on_progress: Any) -> int:
    on_progress(job)
    return job * job


def fail(job: int, on_progress: Any) -> int:
    if job == 3:
        raise LookupError(f"job {job} cannot be done")
    return job


def threads(job: int, on_progress: Any) -> tuple[int, int]:
    """How many threads PyTorch has, and how many such jobs of this process are done at once."""
    count = torch.get_num_threads()
    global _at_once
    _at_once += 1
    seen = _at_once
    time.sleep(0.05)
    _at_once -= 1
    return count, seen


_at_once = 0


def killed_once(job: Path, on_progress: Any) -> str:
    """The first process to do it is killed."""
    try:
        job.touch(exist_ok=False)
    except FileExistsError:
        return "done"
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def killed(job: int, on_progress: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def kill(job: int, on_progress: Any) -> None:
    """Kill another process, and take long."""
    os.kill(job, signal.SIGKILL)
    time.sleep(60)
