"""From a study and the user's choices to a results folder: what the command line and `nalm.run` share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from nalm.cautions import cautions
from nalm.cluster import Part, runs_of
from nalm.cluster.heartbeat import Heartbeat
from nalm.errors import InputError, StudyError, did_you_mean
from nalm.progress import About
from nalm.runs import Run
from nalm.studies import Study, choose_seeds, conditions, expand, load, pin, select, to_toml

if TYPE_CHECKING:
    from nalm.results.store import Store
    from nalm.runs.record import TrainedRuns


class Reporter(Protocol):
    """Told how training goes on."""

    def begin(self, runs: int, finished: int, iterations: int) -> None:
        """Take note that `runs` are wanted, `finished` are in the store, the others take `iterations` updates."""

    def progress(self, iterations: int) -> None:
        """Take note that `iterations` more updates are done."""

    def batch(self, result: TrainedRuns) -> None:
        """Take note that a batch is finished and stored."""

    def end(self) -> None:
        """Training is over, one way or another."""


class Failure(NamedTuple):
    """A run that could not be trained to its end."""

    run: Run
    step: int | None
    reason: str


@dataclass(frozen=True)
class Job:
    """The chosen runs of a study, and the folder that they belong into.

    Attributes:
        study: the study.
        runs: those chosen.
        path: the folder.
        part: of the runs, if these are one of several.
        cautions: a line for each doubt about its settings.
    """

    study: Study
    runs: tuple[Run, ...]
    path: Path
    part: Part | None = None
    cautions: tuple[str, ...] = ()

    @property
    def exists(self) -> bool:
        """Whether the folder holds results already."""
        return (self.path / "study.toml").exists()

    def take(self, part: Part) -> Job:
        """Return the same with the runs of a part alone.

        Raises:
            InputError: there are fewer runs than parts.
        """
        return replace(self, runs=tuple(runs_of(self.runs, part)), part=part)

    def check_device(self, workers: int | None, device: str, cluster: str | None = None) -> None:
        """Check that the runs can be trained by so many worker processes, or those of a cluster, on `device`.

        Raises:
            InputError: unknown device, or one on which these runs cannot be trained; wrong number of workers; what is
                no cluster.
        """
        from nalm.training import by_trainer, check_cluster, check_workers

        check_workers(workers)
        if cluster is not None:
            if workers is not None:
                raise InputError(f"workers {workers}: a cluster has workers of its own; give one of them")
            check_cluster(cluster)
        for trainer in by_trainer(self.runs):
            trainer.check_device(device)

    def check_data(self) -> None:
        """Check that the data of all tasks are there and suffice; what can be downloaded is if need be.

        Raises:
            InputError: a task that asks for more than there is.
            DataError: a data set is missing or damaged.
        """
        from nalm.training import by_trainer

        for trainer, runs in by_trainer(self.runs).items():
            trainer.check_data(list(dict.fromkeys(run.task for run in runs)))

    def open_store(self, workers: int | None = None, device: str = "cpu", cluster: str | None = None) -> Store:
        """Open the folder, or make it, if the runs can be trained: what cannot be begun leaves nothing behind.

        Raises:
            InputError: as `check_device` and `check_data`.
            StoreError: the folder belongs to another study, or cannot be written.
        """
        from nalm.results.store import Store

        self.check_device(workers, device, cluster)
        if not self.exists:  # else they are looked at when a run is to be trained
            self.check_data()
        return Store.create_or_open(self.path, to_toml(self.study))

    def finished(self, store: Store, warn: Callable[[str], None]) -> set[str]:
        """Return the ids of the chosen runs that `store` holds; `warn` gets a line for each damaged file."""
        return store.finished(warn) & {run.id for run in self.runs}

    def about(self, finished: Collection[str]) -> About:
        """Return what a reporter tells of those chosen runs that are not `finished`."""
        return About.of([run for run in self.runs if run.id not in finished], self.study.selection_window)

    def peek_finished(self, warn: Callable[[str], None]) -> set[str]:
        """Return the same without changing anything in the folder, which need not be there.

        Raises:
            StoreError: it belongs to another study, or cannot be read.
        """
        from nalm.results.store import Store

        if not self.exists:
            return set()
        store = Store.open(self.path)
        store.check_study(to_toml(self.study))
        return store.finished(warn, set_aside=False) & {run.id for run in self.runs}

    def failures(self, store: Store) -> list[Failure]:
        """Return the chosen runs that diverged, in their order."""
        columns = ["run", "failed_step", "reason"]
        tables = store.each(lambda records: records.table.filter(status="failed").select(columns).unique("run"))
        failed = {run: (step, reason) for table in tables for run, step, reason in table.iter_rows()}
        return [Failure(run, *failed[run.id]) for run in self.runs if run.id in failed]


def prepare(
    study: str | Study | Mapping[str, Any],
    *,
    settings: Mapping[str, Any] | None = None,
    seeds: Any = None,
    only: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    on_study: Callable[[Study], None] = lambda study: None,
) -> Job:
    """Read a study and choose runs of it; nothing is written.

    Args:
        study: name of a study that ships, or path of a TOML file; or the study itself, as an object or as tables.
        settings: replaced everywhere in the study, by key.
        seeds: instead of the study's own, `"A:B"` or whole numbers.
        only: values, or lists of alternatives, by key; see `nalm.studies.select`.
        out: results folder; by default `results/` and the study's name.
        on_study: told of the study before any code that it names is imported.

    Raises:
        InputError: anything of this is wrong.
    """
    read = load(study, settings)
    on_study(read)
    loaded = pin(read)
    chosen = None if seeds is None else choose_seeds(seeds)
    runs = expand(loaded, chosen)
    if only:
        runs = select(runs, only)
    doubts = cautions(loaded, settings or {}, check_networks(loaded))
    path = Path(out) if out is not None else Path("results") / loaded.name
    return Job(loaded, tuple(runs), path, cautions=tuple(doubts))


def execute(
    job: Job,
    store: Store,
    finished: set[str],
    reporter: Reporter,
    *,
    workers: int | None = None,
    device: str = "cpu",
    cluster: str | None = None,
    tensorboard: Path | None = None,
) -> None:
    """Train the runs of `job` that are not `finished`, and store each batch, or run of a digit task, as it is done.

    With `tensorboard`, event files of the runs go into that folder at once.

    Raises:
        InputError: unknown device, wrong number of workers.
        DataError: the images of a digit task are missing or damaged.
        StoreError: the store cannot be written any more; what is in it stays.
        NalmError: worker processes or a cluster were lost; what is in the store stays.
    """
    from nalm.training import train

    waiting = [run for run in job.runs if run.id not in finished]
    reporter = Heartbeat(reporter, job.path, waiting, job.part)
    reporter.begin(len(job.runs), len(job.runs) - len(waiting), sum(run.updates for run in waiting))

    def keep(trained: TrainedRuns) -> None:
        store.write(trained)
        if tensorboard is not None:
            from nalm.results.output.tensorboard import write_events
            from nalm.results.records import records_table

            write_events(records_table(trained), tensorboard)
        reporter.batch(trained)

    try:
        train(
            waiting,
            keep,
            workers=workers,
            device=device,
            on_progress=reporter.progress,
            checkpoints=job.path / "checkpoints",
            cluster=cluster,
        )
    finally:
        reporter.end()


def check_networks(study: Study) -> dict[str, list[str]]:
    """Build each network, so that wrong arguments and penalties show before the first run.

    Returns:
        The names of the penalties of each network by its label.

    Raises:
        StudyError: units refuse their arguments; a penalty without a factor, or a factor of none; all problems at once.
    """
    from nalm.training import find_trainer

    wrong: dict[str, None] = {}
    penalties: dict[str, list[str]] = {}
    factors: dict[str, None] = {}
    for condition in conditions(study):
        run = condition.run(study.name, condition.seeds[0], study.sources)
        factors |= dict.fromkeys(run.factors)
        try:
            penalties.setdefault(condition.label, []).extend(find_trainer(run.task.trainer).check_network(run))
        except InputError as error:
            wrong[f"{study.name}: network {condition.label!r}: {error}"] = None
    if wrong:
        raise StudyError(wrong)
    known = dict.fromkeys(name for names in penalties.values() for name in names)
    idle = [name for name in factors if name not in known]
    if idle:
        raise StudyError(f"{study.name}: settings.penalty.{name}: {_idle(name, known)}" for name in idle)
    return penalties


def _idle(name: str, penalties: Iterable[str]) -> str:
    known = ", ".join(penalties) or "none"
    return f"no network trains with a penalty {name!r}{did_you_mean(name, penalties)} (penalties: {known})"
