"""The data of a report page: plain records of texts, no HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from nalm.citations import BIBTEX
from nalm.report._data import page_data
from nalm.report._figures import ReportFigure, figures
from nalm.results.output.formats import table_cells
from nalm.results.selection import WINDOW, select_best
from nalm.results.store import Store
from nalm.results.store.study_text import differences
from nalm.results.summaries import summary_of
from nalm.results.summary import Group
from nalm.results.titles import unit_title
from nalm.studies import expand, load, names, pin, to_toml
from nalm.tasks import Range

_MEASURES = (
    "Means with 95\N{NO-BREAK SPACE}% intervals: Wilson's for the success rate, exact profile likelihood for the mean "
    "of a Gamma distribution (solved-at step) and of a Beta distribution on [0,\N{NO-BREAK SPACE}½] (sparsity error). "
    "The latter two are of the solved runs."
)
_METRICS = "Errors and accuracies are means over runs with 95\N{NO-BREAK SPACE}% intervals of Student's t distribution."

MOST_FAILURES = 100  # rows of the table of failed runs; the number of those left out is stated


@dataclass(frozen=True)
class Failures:
    """Runs that diverged: a table of the first ones, and how many there are."""

    count: int
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Section:
    """One results folder.

    Attributes:
        anchor: name of the section within the page.
        title: of the study.
        name: of the study, empty if unknown.
        paragraphs: of the description.
        progress: how many runs of the study are finished.
        figures: the study's figure first; none without any finished run.
        columns, rows: of the summary table; the first `labels` columns are texts, the others numbers.
        intervals: what the intervals of the table are.
        failures: runs that diverged.
        environments: versions and processors, one per row of names and values.
        mixtures: a sentence for each network whose runs were made in more than one way.
        bibtex: of the paper, or None.
        study_toml: text of the study's file.
        changes: of a study that ships, what differs from it: key, value here, value as it ships.
        data: what the page's script draws.
    """

    anchor: str
    title: str
    name: str
    paragraphs: tuple[str, ...]
    progress: str
    figures: tuple[ReportFigure, ...]
    labels: int
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    intervals: str
    failures: Failures
    environments: tuple[tuple[tuple[str, str], ...], ...]
    mixtures: tuple[str, ...]
    bibtex: str | None
    study_toml: str
    changes: tuple[tuple[str, str, str], ...]
    data: dict[str, Any]


def section(store: Store, number: int) -> Section:
    """Return what the page says about a results folder; `number` keeps its anchors apart from those of
    others.

    Raises:
        StoreError: damaged records.
    """
    study = store.study
    groups = summary_of(store)
    records = store.read()
    runs = select_best(records, study.selection_window if study else WINDOW)
    labels, columns, rows = table_cells(groups)
    return Section(
        anchor=f"study-{number}",
        title=study.title if study else "Imported results",
        name=study.name if study else "",
        paragraphs=tuple(re.split(r"\n\s*\n", study.description.strip())) if study else (),
        progress=_progress(store, runs),
        figures=figures(store, f"s{number}-") if groups else (),
        labels=labels,
        columns=columns,
        rows=rows,
        intervals=_intervals(groups),
        failures=_failures(runs),
        environments=tuple(tuple(entry.items()) for entry in store.environments()),
        mixtures=tuple(store.mixtures()),
        bibtex=BIBTEX.get(study.paper) if study else None,
        study_toml=store.study_toml,
        changes=_changes(store),
        data=page_data(groups, runs, records) if groups else {"groups": []},
    )


def _changes(store: Store) -> tuple[tuple[str, str, str], ...]:
    if store.study is None or store.study.name not in names():
        return ()
    shipped = to_toml(pin(load(store.study.name)))
    return tuple(differences(store.study_toml, shipped))


def _progress(store: Store, runs: pl.DataFrame) -> str:
    if store.study is None:
        return f"{len(runs):,} runs"
    wanted = {run.id for run in expand(store.study)}
    there = set(runs["run"])
    text = f"{len(wanted & there):,} of {len(wanted):,} runs of the study are finished"
    more = len(there - wanted)
    return f"{text}, and {more:,} with other seeds" if more else text


def _intervals(groups: Sequence[Group]) -> str:
    texts = []
    if any(group["solved"] is not None for group in groups):
        texts.append(_MEASURES)
    if any(group.get("metrics") for group in groups):
        texts.append(_METRICS)
    return " ".join(texts)


def _failures(runs: pl.DataFrame) -> Failures:
    failed = runs.filter(status="failed")
    rows = [
        (
            unit_title(row["unit"]),
            Range.parse(row["interpolation_range"]).label if row["interpolation_range"] else "",
            str(row["seed"]),
            "" if row["failed_step"] is None else f"{row['failed_step']:,}",
            row["reason"] or "",
        )
        for row in failed.head(MOST_FAILURES).iter_rows(named=True)
    ]
    return Failures(len(failed), tuple(rows))
