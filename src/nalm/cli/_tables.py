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


def span(seconds: float | None) -> str:
    """Write a duration for people: `40 s`, `3 min`, `5 h`, `12 days`; a dash where it is unknown."""
    if seconds is None:
        return "-"
    for limit, unit, length in ((90, "s", 1), (5400, "min", 60), (172_800, "h", 3600)):
        if seconds < limit:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds / 86_400:.0f} days"


def print_studies() -> None:
    """Print the studies that ship; times where a dry run has measured them on this machine."""
    from nalm.estimates import known_rates
    from nalm.studies import conditions, load, names

    table = Table(box=None, pad_edge=False)
    for column in ("study", "title"):
        table.add_column(column, overflow="fold")
    for column in ("runs", "run-iterations", "time here"):
        table.add_column(column, justify="right")
    rates = known_rates()
    for name in names():
        study = load(name)
        parts = conditions(study)
        runs, iterations = sum(part.runs for part in parts), sum(part.iterations for part in parts)
        times = [(rates.duration_s(part, runs), part.runs) for part in parts]
        known = [seconds * count for seconds, count in times if seconds is not None]
        time = span(sum(known) if len(known) == len(parts) else None)
        table.add_row(name, study.title, number(runs), number(iterations), time)
    console().print(table)
    typer.echo("\nnalm run STUDY --dry-run measures the time that a study takes on this machine.")


def print_units() -> None:
    """Print the units."""
    from nalm.units import UNITS

    table = Table(box=None, pad_edge=False)
    for column in ("unit", "title", "operations", "inputs", "paper", "year"):
        table.add_column(column, overflow="fold")
    for unit in UNITS:
        year = "" if unit.year is None else str(unit.year)
        operations = [name if part.exact else f"~{name}" for part in unit.capabilities for name in part.operations]
        signs = ", ".join(dict.fromkeys(part.signs for part in unit.capabilities))
        table.add_row(unit.name, unit.title, " ".join(operations), signs, unit.paper, year)
    console().print(table)
    typer.echo("~ approached, not exact; inputs: full = any sign, magnitude = of |x|, positive = positive only")


def print_citation(name: str) -> None:
    """Print BibTeX."""
    from nalm.citations import cite

    typer.echo(cite(name))
