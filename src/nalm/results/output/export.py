"""The long table as CSV, Parquet, or TensorBoard event files."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from nalm import files
from nalm.errors import InputError
from nalm.results.output.escaping import csv_text

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from nalm.results.records import Records


class HasRecords(Protocol):
    """A `nalm.results.store.Store` or a `nalm.Results`."""

    def records(self) -> pl.DataFrame:
        """Return the long table."""


def export(results: HasRecords, to: str | os.PathLike[str]) -> Path:
    """Write all records for other programs; floats keep full precision in CSV and Parquet.

    Args:
        results: an open store, or results of `nalm.run`.
        to: a `.csv` or `.parquet` file, or a folder (a path without suffix) for TensorBoard, which gets a
            folder of
            one event file per run. Existing files are replaced.

    Returns:
        The path written.

    Raises:
        InputError: another suffix, a path that cannot be written, or TensorBoard's writer is not installed.
        StoreError: damaged records.
    """
    path = Path(to)
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".parquet", "") and not path.is_dir():
        raise InputError(
            f"{path}: export to a .csv or .parquet file, or to a folder for TensorBoard; got {path.suffix}"
        )
    records = results.records()
    try:
        if path.is_dir() or suffix == "":
            from nalm.results.output.tensorboard import write_events

            write_events(_read(results, records), path)
        elif suffix == ".csv":
            files.write_output(path, csv_text(records).encode())
        else:
            content = io.BytesIO()
            records.write_parquet(content)
            files.write_output(path, content.getvalue())
    except OSError as error:
        raise InputError(f"{path}: {files.write_failure(error)}") from None
    return path


def _read(results: HasRecords, records: pl.DataFrame) -> Records:
    """Return the long table with its metrics, which a store knows and a bare table does not."""
    from nalm.results.records import as_records

    read: Callable[[], Records] | None = getattr(results, "read", None)
    return as_records(records) if read is None else read()
