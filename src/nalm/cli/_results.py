"""What a results folder holds: summary, figure, report, export."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from nalm._screen import left_out
from nalm.cli._tables import console, show_table
from nalm.errors import InputError
from nalm.results.store import Store


def print_summary(folder: Path, form: str) -> None:
    """Print the summary as a table, CSV, JSON or LaTeX.

    Raises:
        InputError: no finished run.
        StoreError: `folder` is no results folder, or damaged.
    """
    from nalm.results.output.formats import render, table
    from nalm.results.summaries import summary_of

    store = _opened(folder)
    groups = summary_of(store)
    if form == "table":
        view, missing = table(groups, console().width)
        show_table(view)
        if missing:
            _tell(left_out(missing, "--format csv has all"))
    else:
        typer.echo(render(groups, form), nl=False)
    for line in store.mixtures():
        typer.echo(f"nalm: {folder}: {line}", err=True)


def plot_figure(folder: Path, to: Path | None, what: str, style: str, width: str | None) -> None:
    """Write a figure, by default into the folder.

    Raises:
        InputError: an unknown type of file, kind or style, a wrong width, no finished run, or nothing of `what` to
            show.
        StoreError: `folder` is no results folder, or damaged.
    """
    from nalm.figures import plot

    path = to if to is not None else folder / f"{what}.pdf"
    typer.echo(plot(Store.open(folder), path, what, style=style, width=width, on_notice=_tell))


def _tell(notice: str) -> None:
    typer.echo(f"nalm: {notice}", err=True)


def write_report(folders: Sequence[Path], to: Path) -> None:
    """Write the report page.

    Raises:
        InputError: one of `folders` has no finished run.
        StoreError: one of `folders` is no results folder, or damaged.
    """
    from nalm.report import write

    typer.echo(write([_opened(folder) for folder in folders], to))


def export_records(folder: Path, to: Path) -> None:
    """Write the records.

    Raises:
        InputError: an unknown type of file, or no finished run.
        StoreError: `folder` is no results folder, or damaged.
    """
    from nalm.results import export

    export(_opened(folder), to)
    typer.echo(to)


def _opened(folder: Path) -> Store:
    """Open a results folder that has something to show."""
    store = Store.open(folder)
    if store.is_empty:
        raise InputError(f"{folder}: there are no finished runs to show; nalm run trains them")
    return store
