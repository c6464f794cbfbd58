"""The Python interface: `nalm.run` trains a study, `nalm.Results` reads a results folder."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nalm.jobs import Reporter, execute, prepare
from nalm.results.store import Store

if TYPE_CHECKING:
    import matplotlib.figure
    import polars as pl


class Results:
    """The results of a study, finished or not; from `nalm.run` or `Results.open`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Results:
        """Open a results folder.

        Raises:
            StoreError: there is none at `path`, or it cannot be read.
        """
        return cls(Store.open(path))

    @property
    def path(self) -> Path:
        """The folder."""
        return self._store.path

    def records(self) -> pl.DataFrame:
        """Return the long table: one row per run and logged step.

        Columns are those of `nalm export`, then the keys that the study sweeps, then `status`, `failed_step`,
        `reason` and `threshold`.

        Raises:
            StoreError: a file is damaged.
        """
        return self._store.records()

    def summary(self) -> pl.DataFrame:
        """Return success rate, solved-at step and sparsity error of every group of runs, with 95 % intervals.

        One row per unit, operation, pair of ranges and value of the swept keys; columns `runs`, `solved`,
        `success_rate_mean`, `success_rate_lower`, `success_rate_upper`, `solved_at_median`, …; null where
        undefined.

        Raises:
            StoreError: a file is damaged.
        """
        from nalm.results.summaries import summary_of
        from nalm.results.summary import summary_frame

        return summary_frame(summary_of(self._store))

    def figure(
        self, what: str = "figure", *, style: str = "default", width: float | str | None = None
    ) -> matplotlib.figure.Figure:
        """Return the study's figure as a matplotlib `Figure`.

        Args:
            what: `"figure"`, or another kind of figure (`nalm.figures.FIGURES`).
            style: `"default"`, or `"published"` for the papers' own colours.
            width: of the page, such as `"3.3in"`; by default what the kind of figure needs.

        Raises:
            InputError: an unknown kind or style, a wrong width, no finished run, or nothing of `what` to show.
            StoreError: a file is damaged.
        """
        from nalm.figures import figure

        return figure(self._store, what, style=style, width=width)

    def plot(
        self,
        to: str | os.PathLike[str],
        what: str = "figure",
        *,
        style: str = "default",
        width: float | str | None = None,
    ) -> Path:
        """Draw the study's figure as `.pdf`, `.svg` or `.png`, or its table as `.tex`; return the path.

        Args:
            to: the file.
            what, style, width: as of `figure`.

        Raises:
            InputError: another suffix, an unknown kind or style, a wrong width, no finished run, nothing of `what` to
                show, or a file that cannot be written.
            StoreError: a file is damaged.
        """
        from nalm.figures import plot

        return plot(self._store, to, what, style=style, width=width)

    def __repr__(self) -> str:
        return f"Results.open({str(self.path)!r})"


def run(
    study: str,
    *,
    seeds: str | Iterable[int] | None = None,
    only: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    out: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    device: str = "cpu",
    cluster: str | None = None,
    progress: bool | None = None,
) -> Results:
    """Train a study, or what is missing of it in the results folder, and return its results.

    A run that diverges is a result: its rows say so (`status`, `reason`).

        results = nalm.run("snmu-2022/figure-2", seeds=range(5), only={"unit": ["nmu", "snmu"]})

    Args:
        study: name of a study that ships (`nalm list`), or path of a TOML file.
        seeds: instead of the study's own: whole numbers, or `"A:B"` for A to B - 1.
        only: values, or lists of alternatives, by key: unit, operation, interpolation_range,
            extrapolation_range, seed, or a key that the study sweeps.
        settings: replaced everywhere in the study, such as `{"iterations": 10_000}`.
        out: results folder; by default `results/` and the study's name. What is in it is not trained again.
        workers: worker processes; by default one per core.
        device: where to train.
        cluster: `"tcp://HOST:PORT"` of a Dask scheduler, whose workers train, or `"local:N"` for N of them here; needs
            `pip install 'nalm[cluster]'`.
        progress: whether to show a bar on stderr; by default if that is a terminal.

    Raises:
        InputError: an argument or the study is wrong.
        DataError: the images of a digit task are missing or damaged.
        StoreError: the folder belongs to another study or cannot be written.
        NalmError: worker processes or the cluster were lost; what is in the folder stays.
    """
    chosen = seeds if seeds is None or isinstance(seeds, str) else list(seeds)
    job = prepare(study, settings=settings, seeds=chosen, only=only, out=None if out is None else Path(out))
    for line in job.cautions:
        warnings.warn(line, RuntimeWarning, stacklevel=2)
    store = job.open_store(workers, device, cluster)
    finished = job.finished(store, lambda line: warnings.warn(line, RuntimeWarning, stacklevel=4))
    execute(job, store, finished, _reporter(progress), workers=workers, device=device, cluster=cluster)
    return Results(store)


def _reporter(progress: bool | None) -> Reporter:
    from rich.console import Console

    from nalm.progress import Bar, NullReporter

    wanted = sys.stderr.isatty() if progress is None else progress
    return Bar(Console(stderr=True)) if wanted else NullReporter()
