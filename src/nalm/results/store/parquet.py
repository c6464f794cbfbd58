"""Parquet files that say so themselves when they were damaged."""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any

import polars as pl

_KEY = "nalm"
_MAGIC = b"PAR1"


ALTERED = "its content differs from its checksum"


class DamagedFileError(Exception):
    """A file is not what was once written; the message says what is wrong with it."""


def parquet_bytes(table: pl.DataFrame, note: dict[str, Any], groups: int | None = None) -> bytes:
    """Return a Parquet file of `table` that carries `note` and the checksum of its data; equal input, equal
    bytes.

    Args:
        table: the rows.
        note: what the file says of them.
        groups: equal groups that the rows are cut into; by default groups of 2**18 rows, and a rest.
    """
    data = _parquet(table, {}, groups)
    text = json.dumps({**note, "sha256": checksum_of_data(data)}, sort_keys=True)
    return _parquet(table, {_KEY: text}, groups)


def check_ends(content: bytes) -> None:
    """Check that a file begins and ends as Parquet files do.

    Raises:
        DamagedFileError: it is empty, or truncated.
    """
    if len(content) < 12 or content[:4] != _MAGIC or content[-4:] != _MAGIC:
        raise DamagedFileError(f"truncated ({len(content)} bytes)" if content else "empty")


def read_parquet(content: bytes) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Return the table and the note of a file that `parquet_bytes` made.

    Raises:
        DamagedFileError: the file is truncated, altered, or not one of ours.
    """
    check_ends(content)
    try:
        note: dict[str, Any] = json.loads(pl.read_parquet_metadata(io.BytesIO(content))[_KEY])
        if checksum_of_data(content) != note.pop("sha256"):
            raise DamagedFileError(ALTERED)
        return pl.read_parquet(io.BytesIO(content)), note
    except (KeyError, AttributeError, TypeError):
        raise DamagedFileError("not a records file of nalm") from None
    # a damaged footer can make the Parquet reader panic, which is no Exception
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError, OSError, RecursionError) as error:
        raise DamagedFileError(f"unreadable ({_first_line(error)})") from None


def checksum_of_data(content: bytes) -> str:
    """Return the checksum of a file without its footer."""
    return hashlib.sha256(_data_part(content)).hexdigest()


def _parquet(table: pl.DataFrame, metadata: dict[str, str], groups: int | None) -> bytes:
    buffer = io.BytesIO()
    size = None if groups is None else max(1, -(-len(table) // groups))
    table.write_parquet(buffer, compression="zstd", compression_level=3, metadata=metadata, row_group_size=size)
    return buffer.getvalue()


def _data_part(content: bytes) -> memoryview:
    """Return everything before the footer, whose length stands before the closing magic number."""
    footer = int.from_bytes(content[-8:-4], "little")
    return memoryview(content)[: max(len(content) - 8 - footer, 0)]


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
