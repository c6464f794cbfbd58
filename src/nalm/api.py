"""The Python interface: `nalm.run` trains a study, `nalm.bench` ranks units, `nalm.Results` reads a results folder."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from nalm.jobs import Job, Reporter, execute, prepare
from nalm.results.store import Store
from nalm.studies import Study

if TYPE_CHECKING:
    import matplotlib.figure
    import numpy as np
    import pandas as pd
    import polars as pl
    from torch import nn

    from nalm.progress import About


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

    def runs(self) -> pl.DataFrame:
        """Return a row per run: labels, parameters, its best step, errors at it, whether and when it solved the task.

        The name of a run, column `run`, is what `network` and `weights` take.

        Raises:
            StoreError: a file is damaged.
        """
        from nalm.results.networks import best_runs

        return best_runs(self._store)

    def best(self, **labels: Any) -> str:
        """Return the name of the best run: the one with the least extrapolation error at its best step.

        Of equals the one with the least sparsity error is taken; runs that diverged are not.

        Args:
            labels: values, or lists of alternatives, that it must have: `unit="nmu"`,
                `interpolation_range=[1, 2]`, or of a key that the study sweeps.

        Raises:
            InputError: an unknown key, or no run has these values, or all such runs diverged.
            StoreError: a file is damaged.
        """
        from nalm.errors import InputError
        from nalm.results.networks import best_runs

        runs = best_runs(self.only(**labels)._store).filter(status="finished")
        runs = runs.sort("extrapolation_error", "sparsity_error", nulls_last=True, maintain_order=True)
        if not len(runs):
            raise InputError(f"{self.path}: no such run came to its end")
        return str(runs["run"][0])

    def only(self, seeds: str | Iterable[int] | None = None, **labels: Any) -> Self:
        """Return the results of some runs: `results.only(unit="nmu", seeds=range(5)).summary()`.

        Args:
            seeds: whole numbers, or `"A:B"` for A to B - 1.
            labels: values, or lists of alternatives, by key, as `only` of `nalm.run`.

        Raises:
            InputError: an unknown key, or a value, seed or combination that no run has.
            StoreError: a file is damaged.
        """
        from nalm.results.part import part

        return type(self)(part(self._store, labels, seeds))

    def network(self, run: str) -> nn.Module:
        """Return the trained network of a run: an ordinary module with its weights, in evaluation mode.

            network = results.network(results.best(unit="nmu", interpolation_range=[1, 2]))
            print(nalm.formula(network))

        Args:
            run: its name, or the beginning of it.

        Raises:
            InputError: there is no such run, or its class is not to be had, or its code has been changed.
            StoreError: a file is damaged, or the weights do not fit.
        """
        from nalm.results.networks import rebuilt, settings_of

        name, seed = self._found(run)
        return rebuilt(self._store, settings_of(self._store, name, seed))

    def weights(self, run: str) -> dict[str, np.ndarray]:
        """Return the final parameters of a run by name.

        Args:
            run: its name, or the beginning of it.

        Raises:
            InputError: there is no such run.
            StoreError: a file is damaged.
        """
        return self._store.weights(self._found(run)[0])

    def _found(self, run: str) -> tuple[str, int]:
        from nalm.results.networks import find_run

        seeds = dict(self.records().select("run", "seed").unique().iter_rows())
        name = find_run(str(run), list(seeds))
        return name, seeds[name]

    def learning_curves(self) -> pl.DataFrame:
        """Return the errors over the iterations: per group and logged step the median and the quartiles of its runs.

        Columns are those that tell groups apart (unit, operation, ranges, swept keys), `step`, and `runs`, then
        `interpolation_error_median`, `…_lower`, `…_upper`, and the same of `extrapolation_error` and
        `sparsity_error`. A run that diverged counts as infinite from then on, one that ended early as its last row.

        Raises:
            StoreError: a file is damaged.
        """
        from nalm.results.learning import learning_curves

        return learning_curves(self._store.read())

    def ranking(self) -> pl.DataFrame:
        """Return the units, best first, as `nalm bench` ranks them.

        Raises:
            StoreError: a file is damaged.
        """
        from nalm.results.ranking import ranking_frame

        return ranking_frame(self._store)

    def to_pandas(self, table: str = "records") -> pd.DataFrame:
        """Return a table as a pandas DataFrame.

        Args:
            table: `"records"`, `"runs"`, `"summary"`, `"learning_curves"` or `"ranking"`.

        Raises:
            InputError: an unknown table, or pandas or pyarrow is not installed.
            StoreError: a file is damaged.
        """
        from nalm.errors import InputError, did_you_mean

        known = ("records", "runs", "summary", "learning_curves", "ranking")
        if table not in known:
            raise InputError(f"table {table!r}{did_you_mean(table, known)} (one of {', '.join(known)})")
        missing = [package for package in ("pandas", "pyarrow") if not find_spec(package)]
        if missing:
            raise InputError(f"to_pandas: {' and '.join(missing)} must be installed; pip install pandas pyarrow")
        frame: pl.DataFrame = getattr(self, table)()
        return frame.to_pandas()

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

    def _repr_html_(self) -> str:
        from nalm.results.output.html import results_html

        return results_html(self._store)

    def __repr__(self) -> str:
        return f"Results.open({str(self.path)!r})"


def run(
    study: str | Study | Mapping[str, Any],
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
        study: name of a study that ships (`nalm list`), or path of a TOML file; or the study itself, as an object
            (`nalm.studies.load`) or as the tables of such a file, with a `name`.
        seeds: instead of the study's own: whole numbers, or `"A:B"` for A to B - 1.
        only: values, or lists of alternatives, by key: unit, operation, interpolation_range,
            extrapolation_range, seed, or a key that the study sweeps.
        settings: replaced everywhere in the study, such as `{"iterations": 10_000}`.
        out: results folder; by default `results/` and the study's name. What is in it is not trained again.
        workers: workers of one core each, threads or processes; by default one per core.
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
    job = prepare(study, settings=settings, seeds=seeds, only=only, out=None if out is None else Path(out))
    return _trained(job, workers, device, cluster, progress)


def bench(
    unit: str | type[nn.Module],
    against: Iterable[str | type[nn.Module]] = (),
    *,
    study: str | Study | Mapping[str, Any] = "quickstart",
    operations: Iterable[str] = (),
    seeds: str | Iterable[int] | None = None,
    settings: Mapping[str, Any] | None = None,
    out: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    progress: bool | None = None,
) -> Results:
    """Train a unit, perhaps of your own, on the task of a study beside others; `Results.ranking` ranks them.

        results = nalm.bench(MyUnit, against=["nmu", "snmu"], seeds=range(5))
        print(results.ranking())

    Args:
        unit: a name of `nalm units`, `"package.module:Class"`, or the class.
        against: others.
        study: gives task, ranges and settings; as of `run`.
        operations: to learn, instead of the study's.
        seeds, settings, workers, progress: as of `run`.
        out: results folder; by default one below `results/bench/`, another for each version of a class.

    Raises:
        InputError: an argument is wrong, or a class cannot be trained.
        StoreError: the folder belongs to another study or cannot be written.
        NalmError: worker processes were lost; what is in the folder stays.
    """
    from nalm._bench import prepare_bench
    from nalm.units._catalogue.load import name_of

    others = [against] if isinstance(against, (str, type)) else against
    job = prepare_bench(
        [name_of(item) for item in (unit, *others)],
        study,
        operations=[operations] if isinstance(operations, str) else list(operations),
        out=None if out is None else Path(out),
        seeds=seeds,
        settings=settings,
    )
    return _trained(job, workers, "cpu", None, progress)


def _trained(job: Job, workers: int | None, device: str, cluster: str | None, progress: bool | None) -> Results:
    store = job.open_store(workers, device, cluster)
    for line in job.cautions:
        warnings.warn(line, RuntimeWarning, stacklevel=3)
    finished = job.finished(store, lambda line: warnings.warn(line, RuntimeWarning, stacklevel=5))
    reporter = _reporter(progress, job.about(finished))
    execute(job, store, finished, reporter, workers=workers, device=device, cluster=cluster)
    return Results(store)


def _reporter(progress: bool | None, about: About) -> Reporter:
    """Return a bar on a terminal or in a notebook that can show it, lines in one that cannot, nothing elsewhere."""
    from rich.console import Console

    from nalm.progress import Bar, Lines, NullReporter

    console = Console(stderr=True)
    wanted = (sys.stderr.isatty() or console.is_jupyter) if progress is None else progress
    if not wanted:
        return NullReporter()
    return Lines(print, about) if console.is_jupyter and not find_spec("ipywidgets") else Bar(console, about)
