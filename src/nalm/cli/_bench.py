"""`nalm bench`: rank a unit, perhaps of the user's own, among others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from nalm._bench import prepare_bench
from nalm._screen import Column
from nalm.cli._messages import waiting
from nalm.cli._run import complain_of, train
from nalm.cli._tables import show
from nalm.results.ranking import Rank, ranking
from nalm.results.store import Store


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
    with waiting(f"checking {units[0]}"):
        job = prepare_bench(units, study, operations=operations, out=out, seeds=seeds, settings=settings)
    failed = train(job, json_lines=False, workers=workers, device="cpu")
    if failed:
        complain_of(failed)
    store = Store.open(job.path)
    print_ranking(ranking(store))
    from nalm.figures import plot

    typer.echo(f"{plot(store, job.path / 'figure.png')}; next: nalm summary {job.path}")
    if failed:
        raise typer.Exit(1)


def print_ranking(ranks: Sequence[Rank]) -> None:
    """Print a ranking."""
    columns = [
        Column("rank", key=True),
        Column("unit", right=False, key=True),
        Column("solved", key=True),
        *map(Column, ("success rate", "ranges solved by every seed", "median solved at")),
    ]
    show(columns, [[str(place), *_cells(rank)] for place, rank in enumerate(ranks, start=1)])


def _cells(rank: Rank) -> list[str]:
    mean, lower, upper = rank.success_rate
    return [
        rank.unit,
        f"{rank.solved}/{rank.runs}",
        f"{mean:.2f} [{lower:.2f}, {upper:.2f}]",
        f"{rank.conditions_solved}/{rank.conditions}",
        "-" if rank.solved_at is None else f"{rank.solved_at:.0f}",
    ]
