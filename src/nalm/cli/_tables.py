"""What is there to use: studies, units, citations."""

from __future__ import annotations

from collections.abc import Sequence

import typer
from rich.console import Console
from rich.table import Table

from nalm._screen import Column, fitted, left_out, needed_width
from nalm.results.output.escaping import printable

# lines of tables are not broken for pipes and files
_UNBROKEN = 400


def console() -> Console:
    """Return a console on stdout, as wide as needed where that is no terminal."""
    terminal = Console()
    return terminal if terminal.is_terminal else Console(width=_UNBROKEN)


def show(columns: Sequence[Column], rows: Sequence[Sequence[str]], where: str = "", **options: bool) -> None:
    """Print a table that fits the screen; `where` tells where columns are that do not."""
    screen = console()
    cells = [list(map(printable, row)) for row in rows]
    table, missing = fitted(columns, cells, screen.width, **options)
    show_table(table)
    if missing:
        typer.echo(left_out(missing, where or "a wider screen, or a file, has all"))


def show_table(table: Table) -> None:
    """Print a table that `fitted` made, on a screen as wide as it is: keys are not cut."""
    screen = console()
    screen.width = max(screen.width, needed_width(table))
    screen.print(table)


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

    columns = [
        Column("study", right=False, key=True),
        Column("title", right=False, words=True),
        *map(Column, ("runs", "run-iterations", "time here")),
    ]
    rows = []
    rates = known_rates()
    for name in names():
        study = load(name)
        parts = conditions(study)
        runs, iterations = sum(part.runs for part in parts), sum(part.iterations for part in parts)
        times = [(rates.duration_s(part, runs), part.runs) for part in parts]
        known = [seconds * count for seconds, count in times if seconds is not None]
        time = span(sum(known) if len(known) == len(parts) else None)
        rows.append([name, study.title, number(runs), number(iterations), time])
    show(columns, rows)
    typer.echo("\nnalm run STUDY --dry-run measures the time that a study takes on this machine.")


def print_units() -> None:
    """Print the units."""
    from nalm.units import UNITS

    columns = [
        Column("unit", right=False, key=True),
        Column("title", right=False, words=True),
        Column("operations", right=False, words=True),
        *(Column(name, right=False) for name in ("inputs", "paper", "year")),
    ]
    rows = []
    for unit in UNITS:
        year = "" if unit.year is None else str(unit.year)
        operations = [name if part.exact else f"~{name}" for part in unit.capabilities for name in part.operations]
        signs = ", ".join(dict.fromkeys(part.signs for part in unit.capabilities))
        rows.append([unit.name, unit.title, " ".join(operations), signs, unit.paper, year])
    show(columns, rows, "docs: which unit to choose")
    typer.echo("~ approached, not exact; inputs: full = any sign, magnitude = of |x|, positive = positive only")


def print_settings(names: Sequence[str]) -> None:
    """Print what settings mean, and their defaults.

    Raises:
        InputError: there is no such setting.
    """
    from nalm.errors import InputError, did_you_mean
    from nalm.studies import DESCRIPTIONS, default_of

    for name in names:
        if name not in DESCRIPTIONS:
            raise InputError(f"unknown setting {name!r}{did_you_mean(name, DESCRIPTIONS)} (nalm settings lists all)")
    columns = [
        Column("setting", right=False, key=True),
        Column("default", right=False, key=True),
        Column("meaning", right=False, words=True),
    ]
    show(columns, [[name, default_of(name), DESCRIPTIONS[name]] for name in names or DESCRIPTIONS])
    if not names:
        typer.echo("\nNo default: it depends on the task.")


def print_citation(name: str) -> None:
    """Print BibTeX."""
    from nalm.citations import cite

    typer.echo(cite(name))
