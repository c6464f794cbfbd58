"""Compiled libraries kept on disk, so that a network traced and compiled once starts at once in every later process.

    kernels/NAME.so     a library and, behind it, what made it and a checksum of both
    kernels/NAME.json   what is known of a network: its library, and a checksum of the file

Compiled code is run, so that nothing is taken from a folder that others can write, and a file that is not whole is
never loaded. Files are written under another name and renamed: any number of processes may use one folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import torch

from nalm import files
from nalm.errors import InputError

_PACKAGE = Path(__file__).parent.parent
# what decides how a network becomes a kernel
_SOURCES = ("functional", "units", "training", "runs/network.py", "runs/settings.py")

_END = b"nalm-library-1"
_TORCH = "TORCHINDUCTOR_CACHE_DIR"
# half-built libraries of processes that were killed are removed after this long
_STALE_S = 3600


def folder() -> Path:
    """Return where kernels are kept: the environment variable NALM_CACHE, or the user's cache folder."""
    from platformdirs import user_cache_path

    given = os.environ.get("NALM_CACHE")
    return Path(given) if given else user_cache_path("nalm")


@cache
def fingerprint() -> str:
    """Return a digest of nalm's own source, of PyTorch's version and of the processor."""
    digest = hashlib.sha256(f"{torch.__version__} {processor()}".encode())
    for name in _SOURCES:
        root = _PACKAGE / name
        for path in sorted(root.rglob("*.[phc]*")) if root.is_dir() else [root]:
            if path.suffix in (".py", ".hpp", ".cpp"):
                digest.update(path.read_bytes())
    return digest.hexdigest()


def processor() -> str:
    """Return a text that differs between processors with different instructions."""
    try:
        lines = Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    return " ".join(line for line in lines if line.startswith(("model name", "flags", "Features", "CPU part")))


def name_of(*parts: str) -> str:
    """Return the name under which what depends on `parts` is kept."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def find_library(name: str) -> tuple[Path, dict[str, str]] | None:
    """Return the library kept under `name` and what is noted of it, if it is there and whole.

    Raises:
        InputError: others can write in the folder.
    """
    for kernels in _folders():
        path = kernels / f"{name}.so"
        note = read_note(path)
        if note is not None and note["name"] == name:
            return path, note
    return None


def read_note(path: Path) -> dict[str, str] | None:
    """Return what is noted in a library's file; None if the file is missing, truncated or altered."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    end = len(content) - len(_END)
    if (
        not content.endswith(_END)
        or end < 40
        or hashlib.sha256(content[: end - 32]).digest() != content[end - 32 : end]
    ):
        return None
    size = int.from_bytes(content[end - 40 : end - 32], "little")
    note: dict[str, str] = json.loads(content[end - 40 - size : end - 40])
    return note


def keep_library(name: str, built: Path, note: Mapping[str, str]) -> Path:
    """Keep the library in the file `built`, which lies in the folder that `building` gave, under `name`."""
    text = json.dumps({**note, "name": name}, sort_keys=True).encode()
    content = built.read_bytes() + text + len(text).to_bytes(8, "little")
    return _write(built.parent.parent / f"{name}.so", content + hashlib.sha256(content).digest() + _END)


def recall(description: str) -> dict[str, Any] | None:
    """Return what is known of `description`, for this source of nalm, PyTorch and processor, or None.

    Raises:
        InputError: others can write in the folder.
    """
    name = name_of(description, fingerprint())
    for kernels in _folders():
        try:
            digest, _, text = (kernels / f"{name}.json").read_bytes().partition(b"\n")
        except OSError:
            continue
        if digest == hashlib.sha256(text).hexdigest().encode():
            known: dict[str, Any] = json.loads(text)
            if known["description"] == description:
                return known
    return None


def remember(description: str, known: Mapping[str, Any]) -> None:
    """Keep what is known of `description`.

    Raises:
        OSError: it cannot be written.
    """
    text = json.dumps({**known, "description": description}, sort_keys=True).encode()
    name = name_of(description, fingerprint())
    _write(_writable() / f"{name}.json", hashlib.sha256(text).hexdigest().encode() + b"\n" + text)


@contextmanager
def building(beside: Path | None = None) -> Iterator[Path]:
    """Give a new folder to build in, beside the libraries that are kept or in another folder.

    Raises:
        OSError: there is no room.
    """
    parent = beside or _writable()
    _remove_stale(parent)
    with tempfile.TemporaryDirectory(dir=parent, prefix=".build-", ignore_cleanup_errors=True) as path:
        yield Path(path)


@contextmanager
def caches_of_torch() -> Iterator[None]:
    """Let PyTorch keep what it compiles in a folder of the user's own, not under a name that others can guess."""
    given = os.environ.get(_TORCH)
    try:
        with suppress(OSError):
            own = _writable() / "torch"
            own.mkdir(mode=0o700, exist_ok=True)
            os.environ[_TORCH] = str(own)
        yield
    finally:
        os.environ.pop(_TORCH, None)
        if given is not None:
            os.environ[_TORCH] = given


def _write(path: Path, content: bytes) -> Path:
    files.write_whole(path, content, mode=0o644)  # who may enter the folder may read it
    return path


def _folders() -> list[Path]:
    """Where libraries are looked for."""
    shared = folder() / "kernels"
    found = [shared] if shared.is_dir() and _is_safe(shared) else []
    private = _private()
    return [*found, private] if private.is_dir() and is_own(private) else found


def _writable() -> Path:
    """Return a folder of the user's own to keep libraries in: that of the cache, or one among the temporary files."""
    shared = folder() / "kernels"
    try:
        shared.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_safe(shared) and os.access(shared, os.W_OK | os.X_OK):
            return shared
    except OSError:
        pass
    private = _private()
    try:
        private.mkdir(mode=0o700)
    except FileExistsError:
        if not is_own(private):
            return Path(tempfile.mkdtemp(prefix="nalm-"))
    return private


def _private() -> Path:
    return Path(tempfile.gettempdir()) / f"nalm-{os.getuid() if hasattr(os, 'getuid') else 'kernels'}"


def is_own(path: Path) -> bool:
    """Whether a folder is the user's own and closed to others."""
    about = path.lstat()
    mine = not hasattr(os, "getuid") or about.st_uid == os.getuid()
    return stat.S_ISDIR(about.st_mode) and mine and not about.st_mode & 0o022


def _is_safe(path: Path) -> bool:
    """Whether code in a folder may be run: nobody but its owner can write there.

    A folder of somebody else's is one that a group shares: only if the user names it, and in a place closed to others.

    Raises:
        InputError: others can, and it belongs to somebody else.
    """
    about = path.stat()
    if not hasattr(os, "getuid") or about.st_uid == os.getuid():
        if about.st_mode & 0o022:
            path.chmod(stat.S_IMODE(about.st_mode) & ~0o022)
        return True
    if not (about.st_mode | path.parent.stat().st_mode) & 0o022:
        return "NALM_CACHE" in os.environ
    raise InputError(
        f"{path}: belongs to somebody else and is open to others, and compiled code in it would be run; "
        "let the owner close it and the folder above (chmod go-w), or name another folder in NALM_CACHE"
    )


def _remove_stale(kernels: Path) -> None:
    files.remove_stale(kernels)
    for path in kernels.glob(".build-*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _STALE_S:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
