"""`nalm compact`."""

from __future__ import annotations

from pathlib import Path

import typer

from nalm.cli._messages import note
from nalm.results.store import Store
from nalm.results.store.compact import compact


def compact_folder(folder: Path) -> None:
    """Put the many small files of a results folder together to few large ones.

    Raises:
        StoreError: there is no results folder, or it cannot be read or written; nothing is lost.
    """
    before, after = compact(Store.open(folder), note)
    if before:
        typer.echo(f"{folder}: {before} files of records became {after}")
    else:
        typer.echo(f"{folder}: nothing to put together")
