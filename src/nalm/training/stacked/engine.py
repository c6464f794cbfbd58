"""Trains one batch of runs: data, noise, updates, evaluation at logged steps, divergence and re-initialisation.

Everything that costs time is done per block of steps for many runs; which runs share a batch changes no result.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from nalm.runs.record import TrainedRuns
from nalm.training.lowerings._base import Lowered
from nalm.training.lowerings.choice import Fallback, ProgramKey, program, program_key, step_of
from nalm.training.lowerings.seeds import is_as_compiled
from nalm.training.stacked.batches import ArithmeticRun, Batch, stream_key
from nalm.training.stacked.blocks import open_loop
from nalm.training.stacked.collect import History, trained_runs
from nalm.training.stacked.data import Data
from nalm.training.stacked.group import Group
from nalm.training.stacked.networks import Begun, Networks, OrdinaryNetworks, StackedNetworks
from nalm.training.step.initial import initial_network, start_from_

Progress = Callable[[int], None]


def train_batch(
    batch: Batch, lowered: Mapping[ProgramKey, Lowered], on_progress: Progress | None = None
) -> TrainedRuns:
    """Train the runs of `batch`; `on_progress` is told run-iterations as they are done."""
    started, worked = time.perf_counter(), time.process_time()
    histories: dict[str, History] = {}
    for runs in _partitions(batch.runs, lowered):
        histories |= _train_together(runs, lowered, on_progress or (lambda done: None))
    trained = trained_runs(batch.runs, [histories[run.id] for run in batch.runs], time.perf_counter() - started)
    return replace(trained, core_s=time.process_time() - worked)


def _partitions(runs: Sequence[ArithmeticRun], lowered: Mapping[ProgramKey, Lowered]) -> list[list[ArithmeticRun]]:
    """Compiled kernels take one stream of data after the other, tensor programs all of them at once.

    Runs that may be drawn anew between two logged steps, where Python has to look, do not hold up the others.
    """
    parts: dict[Hashable, list[ArithmeticRun]] = {}
    for run in runs:
        key = program_key(run)
        together = not _is_ordinary(lowered[key]) and program(key, lowered[key]).trains_streams_together
        stream = "together" if together else stream_key(run)
        parts.setdefault((stream, run.training.reinitialise), []).append(run)
    return list(parts.values())


def _networks(runs: Sequence[ArithmeticRun], lowered: Lowered) -> Iterator[tuple[Sequence[ArithmeticRun], Networks]]:
    """Return the initial networks of runs of one key and one set of settings, and how each is trained.

    A seed for which a user's module is made another way than that which was compiled goes to the ordinary loop.
    """
    key = program_key(runs[0])
    begun = {run.seed: _begun(run, key) for run in runs}
    ordinary = _is_ordinary(lowered)
    alone_seeds = {seed for seed, (module, _) in begun.items() if ordinary or not is_as_compiled(lowered, module)}
    if stacked := [run for run in runs if run.seed not in alone_seeds]:
        yield stacked, StackedNetworks(step_of(key), program(key, lowered), stacked, begun)
    if alone := [run for run in runs if run.seed in alone_seeds]:
        own = [_begun(run, key) for run in alone]
        yield alone, OrdinaryNetworks(step_of(key).objective, alone, own, key.label)


def _begun(run: ArithmeticRun, key: ProgramKey) -> Begun:
    """Return the network of a run before its first step, and the streams that it goes on with."""
    module, streams = initial_network(run.network, key.widths, run.seed, run.training.streams)
    if run.initial is not None:
        start_from_(module, run.initial)
    return module, streams


def _is_ordinary(lowered: Lowered) -> bool:
    return isinstance(lowered, Fallback) and not lowered.batched


def _train_together(
    runs: Sequence[ArithmeticRun], lowered: Mapping[ProgramKey, Lowered], on_progress: Progress
) -> dict[str, History]:
    settings = runs[0].training
    data = Data(runs)
    members: dict[Hashable, list[ArithmeticRun]] = {}
    for run in runs:
        members.setdefault((program_key(run), run.training), []).append(run)
    groups = [
        Group(chosen, networks, data)
        for group in members.values()
        for chosen, networks in _networks(group, lowered[program_key(group[0])])
    ]
    loop = open_loop(groups, data)
    end = settings.iterations + 1
    for logged, stop in pairwise((*settings.logged_steps, end)):
        for group in groups:
            group.evaluate(logged)
        loop.advance(logged, stop)
        on_progress((stop - logged) * len(runs))
        if all(group.is_done for group in groups):
            on_progress((end - stop) * len(runs))
            break
    return {run_id: history for group in groups for run_id, history in group.histories().items()}
