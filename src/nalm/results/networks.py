"""Runs of a results folder as what they are: settings, and networks with the weights that training left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from nalm.errors import InputError, StoreError
from nalm.results.selection import WINDOW, select_best
from nalm.results.store import Store
from nalm.runs import Run
from nalm.studies import conditions

if TYPE_CHECKING:
    from torch import nn


def best_runs(store: Store) -> pl.DataFrame:
    """Return a row per run: labels, parameters, best step, errors at it, whether and when it solved its task.

    Raises:
        StoreError: a file is damaged.
    """
    return select_best(store.read(), store.study.selection_window if store.study else WINDOW)


def find_run(name: str, runs: Sequence[str]) -> str:
    """Return the run of `runs` that is called `name`, or alone begins so.

    Raises:
        InputError: none is, or several begin so.
    """
    if name in runs:
        return name
    found = [run for run in runs if name and run.startswith(name)]
    if len(found) == 1:
        return found[0]
    what = "no run begins so" if not found else f"{len(found)} runs begin so: {', '.join(found[:3])}, …"
    raise InputError(f"run {name!r}: {what} (Results.runs() and nalm export name all)")


def settings_of(store: Store, name: str, seed: int) -> Run:
    """Return the settings of the run called `name`, whose seed is known.

    Raises:
        StoreError: the folder belongs to no study that this nalm understands, or the study does not have the run.
    """
    if store.study is None:
        raise StoreError(f"{store.path}: belongs to no study, so that nobody knows the networks of its runs")
    for condition in conditions(store.study):
        (run,) = condition.unfold(store.study.name, (seed,), store.study.sources)
        if run.id == name:
            return run
    raise StoreError(f"{store.path}: run {name!r} is not one of the study's")


def rebuilt(store: Store, run: Run) -> nn.Module:
    """Return the network of a run with the weights that are kept of it, in evaluation mode.

    Raises:
        InputError: a class of the user's own cannot be imported, or its code has been changed.
        StoreError: there are no weights, or those of another network.
    """
    from nalm.training import find_trainer
    from nalm.training.weights import load_weights_
    from nalm.units import source_hash

    for unit, digest in run.sources.items():
        if source_hash(unit) != digest:
            raise InputError(f"{unit}: its code has been changed since run {run.id} was trained; bring that code back")
    module = find_trainer(run.task.trainer).network(run)
    try:
        load_weights_(module, store.weights(run.id))
    except ValueError as error:
        raise StoreError(f"{store.path}: the weights kept of run {run.id} do not fit its network: {error}") from None
    return module.eval()
