"""Compiled kernels kept on disk, so that a network traced and compiled once starts at once in every later process.

A kernel is found again only by the same nalm source, the same PyTorch, the same processor and the same choice among its
vector instructions (the environment variable ATEN_CPU_CAPABILITY).
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import tempfile
from functools import cache
from pathlib import Path

import torch

_PACKAGE = Path(__file__).parent.parent
# what decides how a network becomes a kernel
_SOURCES = ("functional", "units", "training", "runs/network.py", "runs/settings.py")


def folder() -> Path:
    """Where kernels are kept: the environment variable NALM_CACHE, or the user's cache folder."""
    from platformdirs import user_cache_path

    given = os.environ.get("NALM_CACHE")
    return Path(given) if given else user_cache_path("nalm")


@cache
def _fingerprint() -> bytes:
    digest = hashlib.sha256(f"{torch.__version__} {_processor()}".encode())
    for name in _SOURCES:
        root = _PACKAGE / name
        for path in sorted(root.rglob("*.[phc]*")) if root.is_dir() else [root]:
            if path.suffix in (".py", ".hpp", ".cpp"):
                digest.update(path.read_bytes())
    return digest.digest()


def _processor() -> str:
    """Text that differs between processors with different instructions."""
    try:
        lines = Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    return " ".join(line for line in lines if line.startswith(("model name", "flags", "Features", "CPU part")))


def _path(description: str) -> Path:
    vectors = os.environ.get("ATEN_CPU_CAPABILITY", "")
    name = hashlib.sha256(f"{description} {vectors}".encode() + _fingerprint()).hexdigest()[:32]
    return folder() / "kernels" / f"{name}.so"


def find(description: str) -> Path | None:
    """The kernel kept under `description`, if there is one."""
    path = _path(description)
    return path if path.is_file() else None


def keep(description: str, library: Path) -> Path:
    """Keep a copy of `library`; returns it, or `library` itself where the folder cannot be written."""
    path = _path(description)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as copy, library.open("rb") as original:
            shutil.copyfileobj(original, copy)
        os.replace(copy.name, path)
    except OSError:
        return library
    return path
