"""What a results folder holds: summary, figure, report, export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from nalm._screen import left_out
from nalm.cli._messages import note
from nalm.cli._options import only_values
from nalm.cli._tables import console, show_table
from nalm.errors import InputError
from nalm.results.part import part
from nalm.results.store import Store


@dataclass(frozen=True)
class Choice:
    """Which runs of a folder are meant: `--only` and `--seeds`."""

    only: Mapping[str, Any]
    seeds: str | None

    @classmethod
    def of(cls, only: Sequence[str] | None, seeds: str | None) -> Choice:
        """Read the options.

        Raises:
            InputError: not of the form KEY=VALUE.
        """
        return cls(only_values(only or []), seeds)

    def opened(self, folder: Path) -> Store:
        """Open the chosen runs of a results folder that has something to show.

        Raises:
            InputError: no finished run, or none of these.
            StoreError: `folder` is no results folder, or damaged.
        """
        store = Store.open(folder)
        if store.is_empty:
            raise InputError(f"{folder}: there are no finished runs to show; nalm run trains them")
        return part(_told(store), self.only, self.seeds)


def print_summary(folder: Path, form: str, choice: Choice) -> None:
    """Print the summary as a table, CSV, JSON or LaTeX.

    Raises:
        InputError: no finished run.
        StoreError: `folder` is no results folder, or damaged.
    """
    from nalm.results.output.formats import render, table
    from nalm.results.summaries import summary_of

    store = choice.opened(folder)
    groups = summary_of(store)
    if form == "table":
        view, missing = table(groups, console().width)
        show_table(view)
        if missing:
            note(left_out(missing, "--format csv has all"))
    else:
        typer.echo(render(groups, form, store.study.name if store.study else None), nl=False)
    for line in store.mixtures():
        note(f"{folder}: {line}")


def plot_figure(
    folder: Path,
    to: Path | None,
    what: str,
    style: str,
    width: str | None,
    choice: Choice,
    folds: Sequence[int],
) -> None:
    """Write a figure, by default into the folder; of some runs, if they are named.

    Raises:
        InputError: an unknown type of file, kind or style, a wrong width, no finished run, nothing of `what` to show,
            runs that are not there, or folds of another task than the static digits.
        StoreError: `folder` is no results folder, or damaged.
    """
    from nalm.figures import plot

    path = to if to is not None else folder / f"{what}.pdf"
    shown = _chosen(_told(Store.open(folder)), choice, folds)
    typer.echo(plot(shown, path, what, style=style, width=width, on_notice=note))


def _chosen(store: Store, choice: Choice, folds: Sequence[int]) -> Store:
    only = choice.only
    if folds:
        if "seed" in only or choice.seeds is not None:
            raise InputError("fold: the fold of a run is its seed, which --only or --seeds gives, too; give one")
        tasks = set().union(*store.each(lambda records: set(records.table["task"].unique())))
        if tasks != {"static-digits"}:
            raise InputError(f"fold: only runs of the task 'static-digits' have folds; these are of {sorted(tasks)}")
        only = {**only, "seed": folds}
    return part(store, only, choice.seeds)


def write_report(folders: Sequence[Path], to: Path, choice: Choice) -> None:
    """Write the report page.

    Raises:
        InputError: one of `folders` has no finished run.
        StoreError: one of `folders` is no results folder, or damaged.
    """
    from nalm.report import write

    typer.echo(write([choice.opened(folder) for folder in folders], to))


def export_records(folder: Path, to: Path, choice: Choice) -> None:
    """Write the records.

    Raises:
        InputError: an unknown type of file, or no finished run.
        StoreError: `folder` is no results folder, or damaged.
    """
    from nalm.results import export

    export(choice.opened(folder), to)
    typer.echo(to)


def import_file(file: Path, out: Path, study: str | None, unit: str | None) -> None:
    """Read a CSV file of the original code into a results folder.

    Raises:
        InputError: no such file or study, or a study of another task.
        DataError: the file is not what an exporter wrote.
        StoreError: the folder holds other results or cannot be written.
    """
    from nalm.results import import_csv

    store = import_csv(file, out, unit, study)
    runs = set().union(*store.each(lambda records: set(records.table["run"].unique())))
    typer.echo(f"{len(runs)} runs in {out}; next: nalm summary {out}")


def _told(store: Store) -> Store:
    """Say what is lost or altered of a results folder that no number follows from."""
    for line in store.notices():
        note(line)
    return store
