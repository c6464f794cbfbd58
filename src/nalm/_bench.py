"""Units on the task of a study, ranked: what `nalm bench` of the command line and of Python share."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from nalm.cautions import cautions
from nalm.errors import InputError
from nalm.jobs import Job, check_networks
from nalm.results.store import Store
from nalm.studies import Study, choose_seeds, compare, expand, load, pin
from nalm.units import source_hash


def prepare_bench(
    units: Sequence[str],
    study: str | Study | Mapping[str, Any],
    *,
    operations: Sequence[str] = (),
    out: Path | None = None,
    seeds: Any = None,
    settings: Mapping[str, Any] | None = None,
) -> Job:
    """Return the runs of `units` on the task of a study; findings of the quick checks are among the cautions.

    Raises:
        InputError: a unit, the study or a setting is wrong.
        StoreError: the folder is damaged.
    """
    compared = pin(compare(load(study, settings), units, operations))
    runs = expand(compared, None if seeds is None else choose_seeds(seeds))
    doubts = cautions(compared, settings or {}, check_networks(compared))
    checks = [f"check: {line}" for line in findings(compared)]
    for unit, digest in compared.sources.items():
        if source_hash(unit) != digest:
            raise InputError(
                f"{unit}: building or training it changes values outside of it (globals, attributes of the class), so "
                "that a run would depend on those before it; keep them in attributes of self"
            )
    path = out if out is not None else results_folder(compared)
    return Job(compared, tuple(runs), path, cautions=(*doubts, *checks))


def findings(study: Study) -> list[str]:
    """Return what the quick checks of `nalm.testing` find in the user's own classes, a line each.

    A unit that is in order for positive inputs is in order.
    """
    found = []
    for target in study.sources:
        problems = _problems(target, positive=False)
        if problems and _problems(target, positive=True):
            found += [f"{target}: {problem}" for problem in problems]
    return found


def _problems(target: str, positive: bool) -> list[str]:
    from nalm.testing import CHECKS, QUICK, ConformanceError, check_unit
    from nalm.units import create

    try:
        check_unit(partial(create, target), positive=positive, skip=set(CHECKS) - set(QUICK))
    except ConformanceError as error:
        return [line for line in str(error).splitlines() if line.partition(":")[0] in QUICK]
    return []


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
