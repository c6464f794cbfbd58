"""`nalm bench`: rank a unit, perhaps of the user's own, among others."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import typer
from rich.table import Table

from nalm.cli._run import complain_of, reporter, train
from nalm.cli._tables import console
from nalm.jobs import Job, check_networks
from nalm.results.selection import select_best
from nalm.results.statistics import Interval, success_interval
from nalm.results.store import Store
from nalm.studies import Study, choose_seeds, compare, expand, load, pin


class Rank(NamedTuple):
    """What a unit achieved over all operations and ranges."""

    unit: str
    runs: int
    solved: int
    success_rate: Interval
    cells: int
    cells_solved: int
    solved_at: float | None


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


def ranking(store: Store) -> list[Rank]:
    """Return the units of a store, best first: by share of solved runs, then by how soon they are solved.

    Raises:
        StoreError: the store is damaged.
    """
    window = store.study.selection_window if store.study else 5000
    runs = select_best(store.records(), window)
    ranks = []
    for (unit,), group in runs.group_by("unit", maintain_order=True):
        cells = group.group_by("operation", "interpolation_range", "extrapolation_range").agg(pl.col("solved").all())
        solved = int(group["solved"].sum())
        median = group["solved_at"].median()
        ranks.append(
            Rank(
                unit=str(unit),
                runs=len(group),
                solved=solved,
                success_rate=success_interval(solved, len(group)),
                cells=len(cells),
                cells_solved=int(cells["solved"].sum()),
                solved_at=median if isinstance(median, float) else None,
            )
        )
    return sorted(ranks, key=lambda rank: (-rank.solved / rank.runs, rank.solved_at or 0.0))


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
            rank.unit,
            f"{rank.solved}/{rank.runs}",
            f"{mean:.2f} [{lower:.2f}, {upper:.2f}]",
            f"{rank.cells_solved}/{rank.cells}",
            "-" if rank.solved_at is None else f"{rank.solved_at:.0f}",
        )
    return table
