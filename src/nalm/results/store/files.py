"""Files that are either whole or not there, and say so themselves when they were damaged afterwards."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import secrets
import time
from pathlib import Path
from typing import Any

import polars as pl

_KEY = "nalm"
_STALE_AFTER_S = 3600.0
_MAGIC = b"PAR1"


class DamagedFileError(Exception):
    """A file is not what was once written; the message says what is wrong with it."""


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that at any moment either all of it is there under its name or nothing.

    Raises:
        OSError: it could not be written; nothing is left behind.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(path.parent)


def create_whole(path: Path, content: bytes) -> bool:
    """Write a file as `write_whole` does unless there is one; return whether it was written."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
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
    _sync_folder(path.parent)
    return True


def remove_stale(folder: Path) -> None:
    """Delete what killed processes left half-written in `folder`; what is younger than an hour may be in
    use."""
    for leftover in folder.glob(".*.tmp"):
        with contextlib.suppress(OSError):
            if time.time() - leftover.stat().st_mtime > _STALE_AFTER_S:
                leftover.unlink()


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


def parquet_bytes(table: pl.DataFrame, note: dict[str, Any]) -> bytes:
    """Return a Parquet file of `table` that carries `note` and the checksum of its data; equal input, equal
    bytes."""
    data = _parquet(table, {})
    checksum = hashlib.sha256(_data_part(data)).hexdigest()
    text = json.dumps({**note, "sha256": checksum}, sort_keys=True)
    return _parquet(table, {_KEY: text})


def read_parquet(path: Path) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Return the table and the note of a file written from `parquet_bytes`.

    Raises:
        DamagedFileError: the file is truncated, altered, or not one of ours.
        OSError: it cannot be read at all.
    """
    content = path.read_bytes()
    if len(content) < 12 or content[:4] != _MAGIC or content[-4:] != _MAGIC:
        raise DamagedFileError(f"truncated ({len(content)} bytes)" if content else "empty")
    try:
        note = json.loads(pl.read_parquet_metadata(io.BytesIO(content))[_KEY])
        if hashlib.sha256(_data_part(content)).hexdigest() != note.pop("sha256"):
            raise DamagedFileError("its content differs from its checksum")
        return pl.read_parquet(io.BytesIO(content)), note
    except KeyError:
        raise DamagedFileError("not a records file of nalm") from None
    # a damaged footer can make the Parquet reader panic, which is no Exception
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError, OSError) as error:
        raise DamagedFileError(f"unreadable ({str(error).splitlines()[0]})") from None


def _parquet(table: pl.DataFrame, metadata: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    table.write_parquet(buffer, compression="zstd", compression_level=3, metadata=metadata)
    return buffer.getvalue()


def _data_part(content: bytes) -> memoryview:
    """Return everything before the footer, whose length stands before the closing magic number."""
    footer = int.from_bytes(content[-8:-4], "little")
    return memoryview(content)[: max(len(content) - 8 - footer, 0)]


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # some systems cannot open folders
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
