"""What is there to use: studies, units, citations."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.table import Table

# lines of tables are not broken for pipes and files
_UNBROKEN = 400


def console() -> Console:
    """A console on stdout, as wide as needed where that is no terminal."""
    terminal = Console()
    return terminal if terminal.is_terminal else Console(width=_UNBROKEN)


def number(value: int) -> str:
    """Write a count with groups of three: 101,252,025."""
    return f"{value:,}"


def print_studies() -> None:
    """Print the studies that ship."""
    from nalm.studies import cells, load, names

    table = Table(box=None, pad_edge=False)
    for column in ("study", "title"):
        table.add_column(column, overflow="fold")
    for column in ("runs", "run-iterations"):
        table.add_column(column, justify="right")
    for name in names():
        study = load(name)
        parts = cells(study)
        runs, iterations = sum(cell.runs for cell in parts), sum(cell.iterations for cell in parts)
        table.add_row(name, study.title, number(runs), number(iterations))
    console().print(table)


def print_units() -> None:
    """Print the units."""
    from nalm.units import UNITS

    table = Table(box=None, pad_edge=False)
    for column in ("unit", "title", "operations", "paper", "year"):
        table.add_column(column, overflow="fold")
    for unit in UNITS:
        year = "" if unit.year is None else str(unit.year)
        table.add_row(unit.name, unit.title, " ".join(unit.operations), unit.paper, year)
    console().print(table)


def print_citation(name: str) -> None:
    """Print BibTeX."""
    from nalm.citations import cite

    typer.echo(cite(name))
