"""`nalm compare`: groups of runs of several folders side by side."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import typer

from nalm._screen import Column
from nalm.cli._results import Choice
from nalm.cli._tables import show
from nalm.errors import InputError
from nalm.results.comparison import Compared, compared, comparison_frame
from nalm.results.output.escaping import csv_text, json_value
from nalm.results.statistics import Interval
from nalm.results.store import Store
from nalm.results.summaries import summary_of

_FILES = (".csv", ".tsv", ".txt")


def compare_folders(paths: Sequence[Path], form: str, choice: Choice) -> None:
    """Print the success rates of several results folders, and how they differ from the first one's.

    Raises:
        InputError: fewer than two folders, LaTeX, or a folder without finished runs.
        DataError: a file of published records cannot be read.
        StoreError: a path is neither, or damaged.
    """
    if len(paths) < 2:
        raise InputError(f"nalm compare: give two or more results folders; got {len(paths)}")
    if form == "latex":
        raise InputError("nalm compare: --format is table, csv or json")
    with ExitStack() as stack:
        stores = [stack.enter_context(_opened(path, choice)) for path in paths]
        rows = compared([summary_of(store) for store in stores])
    if form == "csv":
        typer.echo(csv_text(comparison_frame(rows)), nl=False)
    elif form == "json":
        typer.echo(json.dumps([json_value(_object(row)) for row in rows], indent=2, allow_nan=False))
    else:
        _print(rows, paths)


@contextmanager
def _opened(path: Path, choice: Choice) -> Iterator[Store]:
    """Open a results folder, or a file that the original code exported."""
    if path.suffix.lower() not in _FILES or path.is_dir():
        yield choice.opened(path)
        return
    from nalm.results import import_csv

    with tempfile.TemporaryDirectory(prefix="nalm-") as folder:
        import_csv(path, folder)
        yield choice.opened(Path(folder))


def _print(rows: Sequence[Compared], paths: Sequence[Path]) -> None:
    for number, path in enumerate(paths, start=1):
        typer.echo(f"{number}: {path}")
    typer.echo()
    keys = [key for key in rows[0].labels if len({str(row.labels[key]) for row in rows}) > 1 and key in _told(rows)]
    keys = keys or ["operation"]
    columns = [
        *(Column(key.replace("_", " "), right=False, key=True) for key in keys),
        *(Column(f"solved, {number}", key=True) for number in range(1, len(paths) + 1)),
        *(Column(f"{number} less 1, points") for number in range(2, len(paths) + 1)),
    ]
    show(columns, [_cells(row, keys) for row in rows], "--format csv has all", ruled=True)
    typer.echo("\nDifferences of success rates with their 95 % intervals (Newcombe); * where 0 is outside.")


def _told(rows: Sequence[Compared]) -> list[str]:
    """Keys but for the extrapolation range, where it follows from the interpolation range."""
    pairs = {(str(row.labels["interpolation_range"]), str(row.labels["extrapolation_range"])) for row in rows}
    follows = len(pairs) == len({inside for inside, _ in pairs})
    return [key for key in rows[0].labels if not (follows and key == "extrapolation_range")]


def _cells(row: Compared, keys: Sequence[str]) -> list[str]:
    labels = ["" if row.labels[key] is None else str(row.labels[key]) for key in keys]
    counts = ["-" if not runs else f"{'-' if solved is None else solved}/{runs}"
              for solved, runs in zip(row.solved, row.runs, strict=True)]  # fmt: skip
    return [*labels, *counts, *map(_difference, row.differences)]


def _difference(interval: Interval | None) -> str:
    if interval is None or math.isnan(interval.mean):
        return "-"
    mean, lower, upper = (100 * value for value in interval)
    mark = "*" if lower > 0 or upper < 0 else ""
    return f"{mean:+.0f} [{lower:+.0f}, {upper:+.0f}]{mark}"


def _object(row: Compared) -> dict[str, object]:
    differences = [None if interval is None else interval._asdict() for interval in row.differences]
    return {**row.labels, "solved": row.solved, "runs": row.runs, "difference": differences}
