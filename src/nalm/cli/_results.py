"""What a results folder holds: summary, figure, report, export."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer
from rich.table import Table

from nalm.api import Results
from nalm.cli._tables import console


def print_summary(folder: Path, form: str) -> None:
    """Print the summary as a table, CSV, JSON or LaTeX."""
    results = Results.open(folder)
    if form == "json":
        typer.echo(json.dumps(results.groups(), indent=2, ensure_ascii=False, allow_nan=False))
    elif form == "csv":
        typer.echo(results.summary().write_csv(), nl=False)
    elif form == "latex":
        from nalm.results.latex import latex_table

        typer.echo(latex_table(results.groups()), nl=False)
    else:
        console().print(summary_table(results.groups()))


def summary_table(groups: Sequence[dict[str, Any]]) -> Table:
    """Lay out a summary for a terminal: means with their 95 % intervals."""
    from nalm.results.summary import group_parameters

    table = Table(box=None, pad_edge=False)
    parameters = group_parameters(groups)
    for column in ("unit", "operation", "interpolation range", *parameters):
        table.add_column(column)
    for column in ("solved", "success rate", "solved at", "sparsity error"):
        table.add_column(column, justify="right")
    for group in groups:
        keys = ("unit", "operation", "interpolation_range", *parameters)
        table.add_row(
            *("" if group[key] is None else str(group[key]) for key in keys),
            f"{group['solved']}/{group['runs']}",
            _interval(group["success_rate"], ".2f"),
            _interval(group["solved_at"], ".0f"),
            _interval(group["sparsity_error"], ".1e"),
        )
    return table


def _interval(entry: dict[str, float | None], form: str) -> str:
    mean, lower, upper = entry["mean"], entry["lower"], entry["upper"]
    if mean is None:
        return "-"
    if lower is None or upper is None:
        return f"{mean:{form}}"
    return f"{mean:{form}} [{lower:{form}}, {upper:{form}}]"


def plot_figure(folder: Path, to: Path | None) -> None:
    """Write the figure."""
    path = Results.open(folder).plot(to if to is not None else folder / "figure.pdf")
    typer.echo(path)


def write_report(folders: Sequence[Path], to: Path) -> None:
    """Write the report page."""
    from nalm.report import write

    typer.echo(write([Results.open(folder) for folder in folders], to))


def export_records(folder: Path, to: Path) -> None:
    """Write the records."""
    from nalm.results import export
    from nalm.results.store import Store

    export(Store.open(folder), to)
    typer.echo(to)
