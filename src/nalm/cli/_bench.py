"""`nalm bench`: rank a unit, perhaps of the user's own, among others."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import typer
from rich.table import Table
from rich.text import Text

from nalm.cli._run import complain_of, reporter, train
from nalm.cli._tables import console
from nalm.jobs import Job, check_networks
from nalm.results.ranking import Rank, ranking
from nalm.results.store import Store
from nalm.studies import Study, choose_seeds, compare, expand, load, pin


def bench_units(
    units: Sequence[str],
    study: str,
    *,
    operations: Sequence[str],
    out: Path | None,
    seeds: str | None,
    settings: Mapping[str, Any],
    workers: int | None,
) -> None:
    """Train `units` on the task of a study, print their ranking and draw the figure.

    Raises:
        InputError: a unit, the study or an option is wrong.
        typer.Exit: status 1 if runs failed, 130 if interrupted.
    """
    compared = pin(compare(load(study, settings), units, operations))
    runs = expand(compared, None if seeds is None else choose_seeds(seeds))
    check_networks(compared)
    for line in findings(compared):
        typer.echo(f"nalm: check: {line}", err=True)
    job = Job(compared, tuple(runs), out if out is not None else results_folder(compared))
    failed = train(job, reporter(json_lines=False), workers=workers, device="cpu")
    if failed:
        complain_of(failed)
    store = Store.open(job.path)
    console().print(ranking_table(ranking(store)))
    from nalm.figures import plot

    typer.echo(f"{plot(store, job.path / 'figure.png')}; next: nalm summary {job.path}")
    if failed:
        raise typer.Exit(1)


def findings(study: Study) -> list[str]:
    """Return what the quick checks of `nalm.testing` find in the user's own classes, a line each.

    A unit that is in order for positive inputs is in order.
    """
    found = []
    for target in study.sources:
        problems = _problems(target, positive=False)
        if problems and _problems(target, positive=True):
            found += [f"{target}: {problem}" for problem in problems]
    return found


def _problems(target: str, positive: bool) -> list[str]:
    from nalm.testing import CHECKS, QUICK, ConformanceError, check_unit
    from nalm.units import create

    try:
        check_unit(partial(create, target), positive=positive, skip=set(CHECKS) - set(QUICK))
    except ConformanceError as error:
        return [line for line in str(error).splitlines() if line.partition(":")[0] in QUICK]
    return []


def results_folder(study: Study) -> Path:
    """Return the folder of a study's results, another one for each version of a class that has been edited.

    Raises:
        StoreError: the folder is damaged.
    """
    folder = Path("results") / study.name
    if not (folder / "study.toml").exists():
        return folder
    there = Store.open(folder).study
    if there is None or there.sources == study.sources:
        return folder
    version = hashlib.sha256("".join(study.sources.values()).encode()).hexdigest()[:8]
    return folder.with_name(f"{folder.name}-{version}")


def ranking_table(ranks: Sequence[Rank]) -> Table:
    """Lay out a ranking for a terminal."""
    table = Table(box=None, pad_edge=False)
    table.add_column("rank", justify="right")
    table.add_column("unit")
    for column in ("solved", "success rate", "ranges solved by every seed", "median solved at"):
        table.add_column(column, justify="right")
    for place, rank in enumerate(ranks, start=1):
        mean, lower, upper = rank.success_rate
        table.add_row(
            str(place),
            Text(rank.unit),
            f"{rank.solved}/{rank.runs}",
            f"{mean:.2f} [{lower:.2f}, {upper:.2f}]",
            f"{rank.conditions_solved}/{rank.conditions}",
            "-" if rank.solved_at is None else f"{rank.solved_at:.0f}",
        )
    return table
