"""`nalm submit`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from nalm.cli._foreign import tell_of_code
from nalm.cli._messages import note
from nalm.cli._options import only_values, setting_values
from nalm.cli._run import plain_warnings
from nalm.cli._tables import number, span
from nalm.cluster import _submit
from nalm.cluster._queues import Queue, queue_of
from nalm.cluster._scripts import Array, ranges
from nalm.cluster._submissions import Selection, Submission, submissions
from nalm.errors import InputError
from nalm.jobs import Job, prepare
from nalm.studies import names


def submit_study(
    study: str,
    *,
    slurm: bool,
    lsf: bool,
    parts: int | None,
    minutes: float | None,
    site: Path | None,
    out: Path | None,
    seeds: str | None,
    only: Sequence[str],
    settings: Sequence[str],
    workers: int | None,
    device: str,
    dry_run: bool,
) -> None:
    """Hand the missing parts of a study's chosen runs to a queue, as one job array.

    Raises:
        InputError: an option, the study or the site is wrong.
        StoreError: the folder belongs to another study, or cannot be written.
        QueueError: the queue refuses, or does not answer.
    """
    if slurm == lsf:
        raise InputError(f"nalm submit: give {'one of ' if slurm else ''}--slurm or --lsf, the queue to submit to")
    queue = queue_of("slurm" if slurm else "lsf", site, workers)
    values = setting_values(settings, None)
    selection = Selection(seeds=seeds, only={key: tuple(texts) for key, texts in only_values(only).items()})

    def prepared(selection: Selection) -> Job:
        return prepare(
            study,
            settings=values,
            seeds=selection.seeds,
            only=selection.only,
            out=out,
            on_study=lambda read: tell_of_code(read, study, note),
        )

    job = prepared(selection)
    earlier = [submission for submission in submissions(job.path) if submission.queue == queue.name]
    _check_sizes(parts, minutes, job, queue)
    store = job.open_store(queue.site.cpus)
    count = parts or _submit.known_parts(earlier, selection, minutes)
    if count is None:
        minutes = _submit.default_minutes(queue.site) if minutes is None else minutes
        count = _parts_of(minutes, job, queue)
    done = job.finished(store, note)
    if earlier and not dry_run:
        done |= _submit.taken_runs(earlier, queue.at_work(), lambda selection: prepared(selection).runs)
    elements = _submit.missing_parts(job.runs, count, done)
    if not elements:
        typer.echo(f"{len(job.runs)} runs in {job.path}: all are finished, or the queue has them; nothing submitted")
        return
    folder = job.path.absolute()
    options = _submit.run_options(folder, selection, settings, device, queue.site.cpus)
    array = Array(
        job.study.name,
        count,
        elements,
        _submit.this_nalm(),
        study if study in names() else str(Path(study).absolute()),
        options,
        Path.cwd(),
    )
    script = _submit.write_script(array, queue, folder)
    asked = f"parts {ranges(elements)} of {count} of {number(len(job.runs))} runs"
    if dry_run:
        typer.echo(script.read_text(), nl=False)
        note(f"{asked}; not submitted: {queue.by_hand(script)}")
        return
    submitted = queue.hand_over(script)
    typer.echo(f"{queue.name} job {submitted}: {asked}; watch: nalm status {job.path}")
    _submit.keep(
        Submission(
            queue=queue.name, job=submitted, selection=selection, parts=count, elements=elements, minutes=minutes
        ),
        folder,
    )


def _check_sizes(parts: int | None, minutes: float | None, job: Job, queue: Queue) -> None:
    if parts is not None and minutes is not None:
        raise InputError(f"--parts {parts} and --minutes {minutes:g}: give one of them")
    if parts is not None:
        _submit.check_parts(parts, len(job.runs), queue.site)
    if minutes is not None:
        _submit.check_minutes(minutes, queue.site)


def _parts_of(minutes: float, job: Job, queue: Queue) -> int:
    note("measuring each network for a moment; a new one takes some seconds to compile")
    with plain_warnings():
        total = _submit.core_minutes(job.runs)
    parts = _submit.parts_of_minutes(total, minutes, len(job.runs), queue.site)
    note(f"{parts} parts of about {span(60 * total / parts / queue.site.cpus)} each")
    return parts
