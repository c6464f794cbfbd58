"""`nalm fit` and `nalm predict`: from a table to a formula, and from a formula to numbers."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import typer
from rich.console import Console
from rich.table import Table as Lines
from rich.text import Text

from nalm.cli._tables import console
from nalm.errors import InputError
from nalm.regression import Result, load, read_table, save, search
from nalm.regression._table import columns, read_frame


def fit_table(
    path: Path,
    *,
    target: str,
    inputs: Sequence[str],
    max_seconds: float,
    to: Path | None,
    seed: int,
    workers: int,
) -> None:
    """Search for the formula of a column, print what was found, and keep the best in the folder `to`.

    Raises:
        InputError: the table, a column or an option is wrong.
    """
    if not max_seconds > 0:
        raise InputError(f"--max-seconds {max_seconds:g}: expects a number greater than 0")
    if workers < 1:
        raise InputError(f"--workers {workers}: expects 1 or more")
    chosen = [name.strip() for part in inputs for name in next(csv.reader([part]), [])]
    table = read_table(path, target, chosen or None)
    typer.echo(f"{path}: {len(table.y)} rows, {len(table.names)} inputs")
    with _Status() as report:
        result = search(
            table.x, table.y, table.names, max_seconds=max_seconds, seed=seed, workers=workers, report=report
        )
    _print(result, target)
    if to is not None:
        typer.echo(f"{save(result, target, to)}; next: nalm predict {to} TABLE")


def predict_table(folder: Path, path: Path) -> None:
    """Print the values of a kept formula at the rows of a table, one a line; what it is goes to stderr.

    Raises:
        InputError: the folder or the table is wrong.
    """
    saved = load(folder)
    frame = read_frame(path)
    used = list(saved.formula.inputs)
    x = np.zeros((len(frame), len(saved.names)))  # columns that the formula does not use may be missing
    if used:
        x[:, used] = columns(path, frame, [saved.names[column] for column in used])
    values = saved.predict(x)
    typer.echo(f"{saved} ({'exact' if saved.exact else 'not exact'}: {saved.verdict})", err=True)
    sys.stdout.write("".join(f"{float(value)!r}\n" for value in values))


class _Status:
    """Shows what is tried on a terminal's stderr, on one line; nothing elsewhere."""

    def __init__(self) -> None:
        self._status = Console(stderr=True).status("reading") if sys.stderr.isatty() else None

    def __enter__(self) -> Callable[[str], None]:
        if self._status is None:
            return lambda line: None
        self._status.start()
        return self._status.update

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()


def _print(result: Result, target: str) -> None:
    lines = Lines(box=None, pad_edge=False)
    for name in ("", "complexity", "held-out error", "exact", "form"):
        lines.add_column(name, justify="left" if name in ("", "form") else "right")
    lines.add_column("equation", overflow="fold")
    for place, entry in enumerate(result.entries):
        lines.add_row(
            "*" if place == result.best else "",
            str(entry.complexity),
            f"{entry.held_out_error:.2g}",
            "yes" if entry.verdict.exact else "no",
            entry.form,
            Text(entry.text),
        )
    console().print(lines)
    chosen = result.chosen
    typer.echo(f"\n{target} = {chosen.text}")
    typer.echo(f"{'exact' if chosen.verdict.exact else 'not exact'}: {chosen.verdict.reason}")
    if result.cut:
        typer.echo("the time was up before all that was planned was tried; a longer --max-seconds may find more")
