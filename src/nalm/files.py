"""Files that are either whole or not there: every file that nalm writes comes from here.

A file is written beside its place under a temporary name, synced and renamed, so that a process may be killed, or a
disk be full, at any moment.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import time
from pathlib import Path

_STALE_AFTER_S = 3600.0
_FULL = (errno.ENOSPC, errno.EDQUOT)


def write_whole(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Write a file so that at any moment either all of it is there under its name or what was there before.

    Args:
        path: the file.
        content: of it.
        mode: its permissions; by default what the process gives new files.

    Raises:
        OSError: it could not be written; nothing is left behind.
    """
    temporary = _beside(path)
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            temporary.chmod(mode)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def create_whole(path: Path, content: bytes) -> bool:
    """Write a file as `write_whole` does unless there is one; return whether it was written."""
    temporary = _beside(path)
    write_whole(temporary, content)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links: the window for a second process is small
        if path.exists():
            return False
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    sync_folder(path.parent)
    return True


def write_output(path: Path, content: bytes) -> None:
    """Write a file that the user names, making its folder if needed; what is there is replaced whole, or stays.

    A link is followed, an existing file keeps its permissions, and a device or pipe gets the bytes as it is.

    Raises:
        OSError: it could not be written.
    """
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        about = path.stat()
    except FileNotFoundError:
        write_whole(path, content)
        return
    if stat.S_ISREG(about.st_mode):
        write_whole(path, content, mode=stat.S_IMODE(about.st_mode))
    else:
        path.write_bytes(content)


def append_line(path: Path, line: bytes) -> None:
    """Append a line to a file that no other process writes, and sync it; make the file if there is none.

    Raises:
        OSError: it could not be written; the file is as it was.
    """
    is_new = not path.exists()
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        size = os.fstat(descriptor).st_size
        try:
            if os.write(descriptor, line + b"\n") <= len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(descriptor)
        except BaseException:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)
    if is_new:
        sync_folder(path.parent)


def set_aside(path: Path, folder: Path) -> bool:
    """Move `path` into `folder` under a free name; return False where another process was faster."""
    folder.mkdir(exist_ok=True)
    target = folder / path.name
    number = 1
    while target.exists():
        target = folder / f"{path.stem}-{number}{path.suffix}"
        number += 1
    try:
        os.replace(path, target)
    except FileNotFoundError:
        return False
    return True


def remove_stale(folder: Path) -> None:
    """Delete what killed processes left half-written in `folder`; what is younger than an hour may be in
    use."""
    for leftover in folder.glob(".*.tmp"):
        with contextlib.suppress(OSError):
            if is_stale(leftover):
                leftover.unlink()


def is_stale(path: Path) -> bool:
    """Whether a file has not been written for an hour."""
    return time.time() - path.stat().st_mtime > _STALE_AFTER_S


def is_full(error: OSError) -> bool:
    """Whether a disk is full, or its user's share of it."""
    return error.errno in _FULL


def write_failure(error: OSError) -> str:
    """Say why a file was not written, for a message that begins with its path."""
    return "the disk is full" if is_full(error) else f"cannot be written ({error.strerror or error})"


def sync_folder(folder: Path) -> None:
    """Let renamed files of a folder survive a crash, where the system can."""
    with contextlib.suppress(OSError):  # some systems cannot open folders
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _beside(path: Path) -> Path:
    # not made of its name, which may be as long as names can be
    return path.with_name(f".{os.getpid()}-{secrets.token_hex(6)}.tmp")
