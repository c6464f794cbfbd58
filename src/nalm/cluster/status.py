"""How far a results folder is: its runs by network and range, the processes at work, damaged files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from nalm.cluster._submissions import Selection, submissions
from nalm.cluster.heartbeat import Sign, signs
from nalm.results.columns import schema
from nalm.results.records import records_labels
from nalm.results.store import Store
from nalm.results.summary import GROUP
from nalm.runs import Run
from nalm.studies import Study, choose_seeds, expand, select

STATES = ("finished", "failed", "running", "missing")


@dataclass(frozen=True)
class Counts:
    """How many runs are finished, failed, taken on by a process at work, or none of these."""

    finished: int
    failed: int
    running: int
    missing: int

    @property
    def runs(self) -> int:
        """All of them."""
        return self.finished + self.failed + self.running + self.missing


@dataclass(frozen=True)
class GroupStatus:
    """The runs of a network at one point of the study's grid; `labels` are what the records call them."""

    labels: dict[str, Any]
    counts: Counts


@dataclass(frozen=True)
class Status:
    """What a results folder holds, and what becomes of it.

    Attributes:
        groups: in the order of the study.
        processes: those that tell of themselves, stale ones too.
        others: runs that processes at work have taken on beside those of the groups, such as of other seeds.
        iterations_left: updates of the runs that are running or missing.
        damaged: a line for each damaged file.
    """

    groups: tuple[GroupStatus, ...]
    processes: tuple[Sign, ...]
    others: int
    iterations_left: int
    damaged: tuple[str, ...]

    @property
    def counts(self) -> Counts:
        """Of all runs."""
        return Counts(*(sum(getattr(group.counts, state) for group in self.groups) for state in STATES))

    @property
    def at_work(self) -> list[Sign]:
        """The processes that are not stale."""
        return [sign for sign in self.processes if not sign.stale]

    @property
    def rate(self) -> float | None:
        """Updates per second of all processes at work, None where none of them knows its own."""
        rates = [sign.beat.rate for sign in self.at_work if sign.beat.rate is not None]
        return sum(rates) if rates else None

    @property
    def seconds_left(self) -> float | None:
        """Until all runs are finished at the present rate, None where there is none."""
        if not self.iterations_left:
            return 0.0
        return self.iterations_left / self.rate if self.rate else None


class Watcher:
    """Tells the status of a results folder as often as it is asked; the wanted runs are made out once.

    Wanted are the study's own runs and those of every array that was submitted.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        runs = list(_wanted(store))
        self._wanted = records_labels(runs).with_columns(pl.Series("updates", [run.updates for run in runs], pl.Int64))

    def look(self) -> Status:
        """Return the status.

        Raises:
            StoreError: the folder cannot be read.
        """
        damaged: list[str] = []
        processes = signs(self._store.path)
        outcomes = self._store.outcomes(damaged.append)
        taken = set().union(*(sign.taken for sign in processes if not sign.stale))
        runs = _states(self._wanted, outcomes, taken)
        left = int(runs.filter(pl.col("state").is_in(["running", "missing"]))["updates"].sum())
        under_way = sum(_done_of_unfinished(sign, runs) for sign in processes if not sign.stale)
        return Status(
            groups=tuple(_groups(runs)),
            processes=tuple(processes),
            others=len(taken - set(runs["run"])),
            iterations_left=max(0, left - under_way),
            damaged=tuple(damaged),
        )


def status(folder: str | Path) -> Status:
    """Return how far a results folder is.

    Raises:
        StoreError: there is none, or it cannot be read.
    """
    return Watcher(Store.open(folder)).look()


def _wanted(store: Store) -> Iterable[Run]:
    if store.study is None:
        return []
    found: dict[str, Run] = {}
    selections = [Selection(), *(submission.selection for submission in submissions(store.path))]
    for selection in dict.fromkeys(selection.model_dump_json() for selection in selections):
        for run in _chosen(store.study, Selection.model_validate_json(selection)):
            found.setdefault(run.id, run)
    return found.values()


def _chosen(study: Study, selection: Selection) -> list[Run]:
    runs = expand(study, None if selection.seeds is None else choose_seeds(selection.seeds))
    return select(runs, selection.only) if selection.only else runs


def _states(wanted: pl.DataFrame, outcomes: pl.DataFrame, taken: set[str]) -> pl.DataFrame:
    """Return labels, parameters, `updates` and `state` of all runs, those first that are wanted."""
    others = outcomes.drop("status").join(wanted, on="run", how="anti")
    state = (
        pl.when(pl.col("status") == "failed").then(pl.lit("failed"))
        .when(pl.col("status").is_not_null()).then(pl.lit("finished"))
        .when(pl.col("run").is_in(list(taken))).then(pl.lit("running"))
        .otherwise(pl.lit("missing"))
    )  # fmt: skip
    return (
        pl.concat([wanted, others], how="diagonal_relaxed")
        .join(outcomes.select("run", "status"), on="run", how="left", maintain_order="left")
        .with_columns(state.alias("state"))
        .drop("status")
    )


def _groups(runs: pl.DataFrame) -> Iterator[GroupStatus]:
    labels = [*GROUP, *(name for name in runs.columns if name not in (*schema("label"), "updates", "state"))]
    counts = [(pl.col("state") == state).sum().alias(f"{state} runs") for state in STATES]
    for row in runs.group_by(labels, maintain_order=True).agg(counts).iter_rows():
        yield GroupStatus(dict(zip(labels, row, strict=False)), Counts(*row[len(labels) :]))


def _done_of_unfinished(sign: Sign, runs: pl.DataFrame) -> int:
    """Return the updates that a process has made of runs that it has not finished."""
    own = runs.filter(pl.col("run").is_in(list(sign.taken)) & pl.col("state").is_in(["finished", "failed"]))
    return max(0, sign.beat.iterations_done - int(own["updates"].sum()))
