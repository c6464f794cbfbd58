"""From a study to a job array in a queue: how many parts, which of them are missing, and the script."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from nalm.cluster._parts import split
from nalm.cluster._queues import Queue
from nalm.cluster._scripts import Array
from nalm.cluster._site import Site
from nalm.cluster._submissions import FOLDER, Selection, Submission
from nalm.errors import InputError
from nalm.files import write_whole
from nalm.runs import Run

# of a part, unless the site's limit is less than twice as long
_MINUTES = 30.0


def known_parts(earlier: Iterable[Submission], selection: Selection, minutes: float | None) -> int | None:
    """Return the number of parts of the last array of the same runs, if a length was given then and is the same."""
    for submission in earlier:
        if submission.selection == selection and minutes in (None, submission.minutes):
            return submission.parts
    return None


def default_minutes(site: Site) -> float:
    """Return how long a part is to take where neither that nor the number of parts is given."""
    return _MINUTES if site.time_minutes is None else min(_MINUTES, site.time_minutes / 2)


def check_minutes(minutes: float, site: Site) -> None:
    """Check how long a part is to take.

    Raises:
        InputError: it is not positive, or parts would not end before the site's limit.
    """
    if not 0 < minutes < math.inf:
        raise InputError(f"minutes {minutes:g}: give more than 0")
    if site.time_minutes is not None and minutes >= site.time_minutes:
        raise InputError(
            f"minutes {minutes:g}: parts must end before the site's time_minutes = {site.time_minutes}; give less"
        )


def parts_of_minutes(core_minutes: float, minutes: float, runs: int, site: Site) -> int:
    """Return how many parts of `minutes` make `core_minutes`: no more than runs, nor than the site accepts."""
    return max(1, min(math.ceil(core_minutes / minutes / site.cpus), runs, site.most_parts))


def core_minutes(runs: Sequence[Run]) -> float:
    """Return how long one core of this machine takes for `runs`, from a short trial of each network."""
    from nalm.estimates import measure

    rates = measure(runs).limited_to(1)
    return sum(rates.duration_s(run, 1) or 0.0 for run in runs) / 60


def check_parts(parts: int, runs: int, site: Site) -> None:
    """Check a number of parts.

    Raises:
        InputError: there are fewer runs, or the site accepts no such array.
    """
    if not 1 <= parts <= runs:
        raise InputError(f"{parts} parts: give 1 to {runs}, the number of chosen runs")
    if parts > site.most_parts:
        raise InputError(f"{parts} parts: the site accepts arrays of most_parts = {site.most_parts}; give fewer")


def taken_runs(
    earlier: Iterable[Submission],
    at_work: Iterable[tuple[str, int]],
    chosen: Callable[[Selection], Sequence[Run]],
) -> set[str]:
    """Return the ids of runs of which the queue has a part, waiting or running.

    Args:
        earlier: arrays that were submitted.
        at_work: job and element of all that the queue has.
        chosen: returns the runs of a selection.
    """
    elements: dict[str, list[int]] = {}
    for number, element in at_work:
        elements.setdefault(number, []).append(element)
    taken: set[str] = set()
    for submission in earlier:
        if submission.job in elements:
            parts = split(chosen(submission.selection), submission.parts)
            taken.update(run.id for element in elements[submission.job] for run in parts[element - 1])
    return taken


def missing_parts(runs: Sequence[Run], parts: int, done: set[str]) -> tuple[int, ...]:
    """Return the parts that have a run which is not in `done`."""
    return tuple(
        index for index, part in enumerate(split(runs, parts), start=1) if any(run.id not in done for run in part)
    )


def write_script(array: Array, queue: Queue, results: Path) -> Path:
    """Write the job script into the results folder; each submission writes it anew, as queues keep a copy."""
    folder = results / FOLDER
    folder.mkdir(exist_ok=True)
    path = folder / f"array.{queue.name}"
    write_whole(path, os.fsencode(queue.script(array)))
    return path


def keep(submission: Submission, results: Path) -> None:
    """Remember an array that the queue has taken."""
    text = submission.model_dump_json(indent=2)
    write_whole(results / FOLDER / submission.file, f"{text}\n".encode())


def run_options(
    results: Path, selection: Selection, settings: Sequence[str], device: str, workers: int
) -> tuple[str, ...]:
    """Return the options of `nalm run` that every element of an array is given."""
    options = [
        ("--out", str(results)),
        *([] if selection.seeds is None else [("--seeds", selection.seeds)]),
        *(("--only", f"{key}={value}") for key, values in selection.only.items() for value in values),
        *(("--set", setting) for setting in settings),
        *([] if device == "cpu" else [("--device", device)]),
        ("--workers", str(workers)),
    ]
    return tuple(word for option in options for word in option)


def this_nalm() -> tuple[str, ...]:
    """Return the words that start this installation of nalm, from any folder."""
    script = Path(sys.executable).with_name("nalm")
    return (str(script),) if script.is_file() else (sys.executable, "-c", "from nalm.cli import main; main()")
