"""`nalm run`."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, cast

import typer
from rich.console import Console

from nalm import interrupts
from nalm._screen import Column
from nalm.cli._foreign import tell_of_code
from nalm.cli._messages import note, waiting
from nalm.cli._tables import number, show, span
from nalm.cluster import parse_part
from nalm.errors import NalmError
from nalm.estimates import measure
from nalm.jobs import Failure, Job, Reporter, execute, prepare
from nalm.progress import About, Bar, JsonLines, Lines
from nalm.runs import Run
from nalm.studies import Study
from nalm.tasks import DigitTask

# more failed runs than this are counted, not listed
_LISTED = 20
_TOLD_EVERY_S = 5.0


def run_study(
    study: str,
    *,
    out: Path | None,
    seeds: str | None,
    only: Mapping[str, Any],
    settings: Mapping[str, Any],
    workers: int | None,
    device: str,
    cluster: str | None,
    part: str | None,
    tensorboard: Path | None,
    dry_run: bool,
    json_lines: bool,
) -> None:
    """Train what is missing of a study's chosen runs.

    Raises:
        InputError: an option or the study is wrong.
        typer.Exit: status 1 if runs failed, 130 if interrupted.
    """

    def told(read: Study) -> None:
        tell_of_code(read, study, note)

    with waiting(f"reading {study}"):
        job = prepare(study, settings=settings, seeds=seeds, only=only, out=out, on_study=told)
    if part is not None:
        job = job.take(parse_part(part))
    if dry_run:
        job.check_device(workers, device, cluster)
        tell_cautions(job)
        print_plan(job, workers)
        return
    failed = train(job, json_lines, workers=workers, device=device, cluster=cluster, tensorboard=tensorboard)
    if failed:
        complain_of(failed)
    if not json_lines:
        typer.echo(f"{len(job.runs)} runs in {job.path}; next: nalm summary {job.path}")
    if failed:
        raise typer.Exit(1)


def train(
    job: Job,
    json_lines: bool,
    *,
    workers: int | None,
    device: str,
    cluster: str | None = None,
    tensorboard: Path | None = None,
) -> list[Failure]:
    """Train a job with messages on stderr; returns the runs that failed.

    Raises:
        InputError: the runs cannot be trained there, or lack their data; the folder is as it was.
        NalmError: the disk failed, or a cluster was lost; finished batches are kept.
        typer.Exit: status 130 if interrupted.
    """
    with waiting(f"opening {job.path}"):
        store = job.open_store(workers, device, cluster)
    tell_cautions(job)
    with plain_warnings():
        with waiting(f"reading {job.path}"):
            finished = job.finished(store, note)
            report = reporter(json_lines, job.about(finished))
        try:
            execute(
                job,
                store,
                finished,
                report,
                workers=workers,
                device=device,
                cluster=cluster,
                tensorboard=tensorboard,
            )
        except KeyboardInterrupt:
            kept = len(job.finished(store, note))
            note(
                f"interrupted; {kept} of {len(job.runs)} runs are kept in {job.path}, "
                "the same command goes on from there"
            )
            raise typer.Exit(interrupts.STATUS) from None
        except BrokenPipeError:
            raise
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            rest = "finished batches are kept, and once this is mended the same command goes on"
            raise NalmError(f"{where}{error.strerror or error}; {rest}") from None
    return job.failures(store)


def tell_cautions(job: Job) -> None:
    """Print the doubts about a job's settings and networks."""
    for line in job.cautions:
        note(line if line.startswith("check: ") else f"warning: {line}")


def reporter(json_lines: bool, about: About | None = None) -> Reporter:
    """JSON lines, a live bar on a terminal that can move its cursor, or plain lines."""
    if json_lines:
        return JsonLines(_write_line)
    terminal = Console()
    # rich takes a pipe for a terminal where colours are forced, as many build servers do
    return Bar(terminal, about) if terminal.is_interactive and sys.stdout.isatty() else Lines(_write_line, about)


def complain_of(failed: list[Failure]) -> None:
    """List failed runs on stderr."""
    note(f"{len(failed)} runs failed; the others are kept:")
    for run, step, reason in failed[:_LISTED]:
        parameters = [f"{key}={value}" for key, value in run.parameters.items()]
        ranges = [] if run.task.interpolation_range is None else [str(run.task.interpolation_range)]
        words = [run.label, run.task.operation, *ranges, *parameters]
        after = "" if step is None else f"after step {step}: "
        note(f"  {' '.join(words)} seed {run.seed}: {after}{reason}")
    if len(failed) > _LISTED:
        note(f"  and {len(failed) - _LISTED} more (columns status and reason of nalm export)")


def print_plan(job: Job, workers: int | None) -> None:
    """Show what would be trained and how long it would take, from a short trial of each network."""
    finished = job.peek_finished(note)
    waiting = [run for run in job.runs if run.id not in finished]
    note("measuring each network for a moment; a new one takes some seconds to compile")
    with plain_warnings():
        rates = measure(waiting, _now_and_then()).limited_to(workers)
    durations = {run.id: rates.duration_s(run, len(waiting)) or 0.0 for run in waiting}
    rows: dict[tuple[str, str, str], _Row] = {}
    for run in job.runs:
        rows.setdefault((run.label, run.task.operation, _length(run)), _Row()).add(run, durations.get(run.id))
    columns = [
        *(Column(name, right=False, key=True) for name in ("unit", "operation")),
        *map(Column, ("iterations", "runs", "finished", "run-iterations to do", "time")),
    ]
    total = _Row(*(sum(column) for column in zip(*(astuple(row) for row in rows.values()), strict=True)))
    typer.echo(f"{job.study.name} into {job.path}")
    shown = [[*key, *row.cells()] for key, row in rows.items()]
    show(columns, [*shown, ["all", "", "", *total.cells()]], ruled=True)


def _now_and_then() -> Callable[[float], None]:
    """Return what prints, every few seconds, which share of the trials is done."""
    last = time.monotonic()

    def tell(share: float) -> None:
        nonlocal last
        if time.monotonic() - last > _TOLD_EVERY_S:
            last = time.monotonic()
            note(f"measured {share:.0%}")

    return tell


def _length(run: Run) -> str:
    if run.training is not None:
        return number(run.training.iterations)
    epochs = cast("DigitTask", run.task).epochs
    return f"{number(epochs)} epoch{'' if epochs == 1 else 's'}"


@dataclass
class _Row:
    """Runs that differ by ranges, parameters and seeds alone."""

    runs: int = 0
    finished: int = 0
    iterations: int = 0
    seconds: float = 0.0

    def add(self, run: Run, duration_s: float | None) -> None:
        """Count a run; one without a duration is finished."""
        self.runs += 1
        if duration_s is None:
            self.finished += 1
        else:
            self.iterations += run.updates
            self.seconds += duration_s

    def cells(self) -> list[str]:
        return [number(self.runs), number(self.finished), number(self.iterations), span(self.seconds)]


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Print warnings as one line each, without a place in the source."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_args, **_kwargs: note(f"warning: {message}")
        yield


def _write_line(line: str) -> None:
    print(line, flush=True)
