"""Trains one batch of runs: data, noise, updates, evaluation at logged steps, divergence and re-initialisation.

Everything that costs time is done per block of steps for many runs; which runs share a batch changes no result.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np

from nalm.runs.record import TrainedRuns
from nalm.runs.settings import TrainingSettings
from nalm.training.lowerings._base import Inputs, Lowered
from nalm.training.lowerings.choice import Fallback, ProgramKey, program, program_key, step_of
from nalm.training.lowerings.seeds import is_as_compiled
from nalm.training.stacked.batches import ArithmeticRun, Batch, stream_key
from nalm.training.stacked.collect import History, trained_runs
from nalm.training.stacked.data import PARTS, Block, Data, Part
from nalm.training.stacked.early_stopping import EarlyStopping
from nalm.training.stacked.networks import Networks, OrdinaryNetworks, StackedNetworks
from nalm.training.stacked.origins import origin
from nalm.training.stacked.reinitialisation import Reinitialisation
from nalm.training.step.initial import ONE_AT_A_TIME, initial_network
from nalm.training.step.objective import Objective

# Steps of the schedule that are computed at once and shared by all seeds.
SCHEDULE_STEPS = 2**16

Progress = Callable[[int], None]


def train_batch(
    batch: Batch, lowered: Mapping[ProgramKey, Lowered], on_progress: Progress | None = None
) -> TrainedRuns:
    """Train the runs of `batch`; `on_progress` is told run-iterations as they are done."""
    started = time.perf_counter()
    histories: dict[str, History] = {}
    for runs in _partitions(batch.runs, lowered):
        histories |= _train_together(runs, lowered, on_progress or (lambda done: None))
    return trained_runs(batch.runs, [histories[run.id] for run in batch.runs], time.perf_counter() - started)


def _partitions(runs: Sequence[ArithmeticRun], lowered: Mapping[ProgramKey, Lowered]) -> list[list[ArithmeticRun]]:
    """Compiled kernels take one stream of data after the other, tensor programs all of them at once."""
    parts: dict[Hashable, list[ArithmeticRun]] = {}
    for run in runs:
        key = program_key(run)
        together = not _is_ordinary(lowered[key]) and program(key, lowered[key]).trains_streams_together
        parts.setdefault("together" if together else stream_key(run), []).append(run)
    return list(parts.values())


class _Group:
    """The runs of one network and one set of settings, trained in one way."""

    def __init__(self, runs: Sequence[ArithmeticRun], networks: Networks, data: Data) -> None:
        self.runs = tuple(runs)
        self.settings = runs[0].training
        self.logged_steps = np.array(self.settings.logged_steps)
        self.networks = networks
        self.objective = networks.objective
        self.data_index = data.index(runs)
        self.failed = np.full(len(runs), -1, dtype=np.int64)
        self.failed_step = np.full(len(runs), -1, dtype=np.int64)
        self.run_flags = np.zeros((len(runs), len(self.objective.run_flags)), dtype=np.float32)
        self._sets = [self._evaluation_sets(data, part) for part in PARTS]
        self._rule = Reinitialisation(self.settings, len(runs)) if self.settings.reinitialise else None
        self._early_stopping = EarlyStopping(self.settings, len(runs)) if self.settings.early_stop else None
        self.stopped_step = np.full(len(runs), -1, dtype=np.int64)
        self._origins: dict[int, str] = {}
        self.losses: list[np.ndarray] = []
        self.errors: list[np.ndarray] = []

    def _evaluation_sets(self, data: Data, part: Part) -> tuple[list[np.ndarray], np.ndarray]:
        """Return the distinct sets of the group, and which of them each run uses."""
        own = [data.evaluation(run, part, self._rows(part)) for run in self.runs]
        sets = list({id(values): values for values in own}.values())
        positions = {id(values): i for i, values in enumerate(sets)}
        return sets, np.array([positions[id(values)] for values in own], dtype=np.int64)

    def _rows(self, part: Part) -> int:
        samples = self.settings.validation_samples if part == "validation" else self.settings.test_samples
        return self.networks.evaluation_rows(samples)

    @property
    def is_done(self) -> bool:
        """Whether every run has failed or been stopped."""
        return bool((self.failed >= 0).all())

    def evaluate(self, step: int) -> None:
        """Record errors and parameters of a logged step, and stop runs that have settled."""
        errors = [self.networks.error(*sets, self.failed) for sets in self._sets]
        self.errors.append(np.stack(errors, axis=1))
        networks = self.networks.record()
        if step % self.settings.log_interval:
            return  # the last step, between two that training looks at
        if self._rule is not None:
            self._rule.log(errors[0])
        if self._early_stopping is not None:
            converged = self._early_stopping.log(step, networks) & (self.failed < 0)
            self.stopped_step[converged] = step
            self.failed[converged] = 0
        if "inalu" in self.objective.run_flags:
            self.run_flags[:, self.objective.run_flags.index("inalu")] = errors[0] < 1.0

    def advance(self, start: int, data: Sequence[Block], logged: bool) -> None:
        """Make the updates of the steps from `start` on that `data` holds."""
        count = len(data[0])
        schedule = _schedule(self.objective, self.settings, start, count)
        inputs = Inputs(self.run_flags, schedule, data, self.data_index, *self.networks.noise(count))
        if logged:
            self.losses.append(self.networks.measure(inputs, self.failed))
            if start == 0 and self.runs[0].network.has_own_units:
                self._find_origins(data)
        first = 0
        while first < count:
            reset = self._rule.next(start + first, start + count) if self._rule else None
            last = count if reset is None else reset[0] - start + 1
            before = self.failed >= 0
            self.networks.train(inputs.part(first, last), self.failed)
            now = (self.failed >= 0) & ~before
            self.failed_step[now] = start + first + self.failed[now]
            for run in () if reset is None else np.flatnonzero(reset[1] & (self.failed < 0)):
                self.networks.redraw(int(run))
            first = last

    def _find_origins(self, data: Sequence[Block]) -> None:
        """Note where numbers of a user's module that are not finite in the first step come from."""
        for n in np.flatnonzero(~np.isfinite(self.losses[0][:, 0])):
            self._origins[int(n)] = origin(self.runs[n], np.asarray(data[self.data_index[n]][:1])[0])

    def _saved_row(self, validation: np.ndarray) -> int | None:
        """Return the network to keep: the last one, or of the logged ones the first with the least validation error."""
        known = np.isfinite(validation)
        if self.settings.saved_weights == "last" or not known.any():
            return None
        return int(np.argmin(np.where(known, validation, np.inf)))

    def _internals(self, n: int, rows: int) -> dict[str, list[float]]:
        """Return what the settings ask for of the inside of a run's network, on samples of its validation set."""
        if not self.settings.record:
            return {}
        run, samples = self.runs[n], min(self.settings.batch_size, self.settings.validation_samples)
        x, t = run.task.evaluation_set("validation", run.seed, self.settings.streams, samples)
        with ONE_AT_A_TIME:
            return self.networks.internals(n, rows, x, t)

    def histories(self) -> dict[str, History]:
        """Everything recorded, by run id."""
        losses, errors = np.stack(self.losses, axis=1), np.stack(self.errors, axis=1)
        weights, sparsity = self.networks.described()
        logged = self.logged_steps[: len(self.losses)]
        found = {}
        for n, run in enumerate(self.runs):
            failed_step = int(self.failed_step[n]) if self.failed_step[n] >= 0 else None
            stopped_step = int(self.stopped_step[n]) if self.stopped_step[n] >= 0 else None
            last = next((step for step in (failed_step, stopped_step) if step is not None), logged[-1])
            rows = int((logged <= last).sum())
            found[run.id] = History(
                rows=rows,
                losses=losses[n, :rows],
                errors=errors[n, :rows],
                weights=None if weights is None else weights[n, :rows],
                sparsity=None if sparsity is None else sparsity[n, :rows],
                failed_step=failed_step,
                stopped_step=stopped_step,
                state=self.networks.state(n, self._saved_row(errors[n, :rows, 0])),
                internals=self._internals(n, rows),
                made_by=self.networks.made_by,
                origin=self._origins.get(n, "") if failed_step == 0 else "",
            )
        return found


def _schedule(objective: Objective, settings: TrainingSettings, start: int, count: int) -> np.ndarray:
    """Rows `start` to `start + count` of the schedule; a block never reaches over a logged step."""
    length = settings.log_interval * max(1, SCHEDULE_STEPS // settings.log_interval)
    first = start - start % length
    return _schedule_part(objective, settings, first, length)[start - first : start - first + count]


@lru_cache(maxsize=64)
def _schedule_part(objective: Objective, settings: TrainingSettings, start: int, count: int) -> np.ndarray:
    return objective.schedule(settings, np.arange(start, start + count))


def _networks(runs: Sequence[ArithmeticRun], lowered: Lowered) -> Iterator[tuple[Sequence[ArithmeticRun], Networks]]:
    """Return the initial networks of runs of one key and one set of settings, and how each is trained.

    A seed for which a user's module is made another way than that which was compiled goes to the ordinary loop.
    """
    key, family = program_key(runs[0]), runs[0].training.streams
    begun = {run.seed: initial_network(run.network, key.widths, run.seed, family) for run in runs}
    ordinary = _is_ordinary(lowered)
    alone_seeds = {seed for seed, (module, _) in begun.items() if ordinary or not is_as_compiled(lowered, module)}
    if stacked := [run for run in runs if run.seed not in alone_seeds]:
        yield stacked, StackedNetworks(step_of(key), program(key, lowered), stacked, begun)
    if alone := [run for run in runs if run.seed in alone_seeds]:
        own = [initial_network(run.network, key.widths, run.seed, family) for run in alone]
        yield alone, OrdinaryNetworks(step_of(key).objective, alone, own, key.label)


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
        _Group(chosen, networks, data)
        for group in members.values()
        for chosen, networks in _networks(group, lowered[program_key(group[0])])
    ]
    end = settings.iterations + 1
    for logged, stop in pairwise((*settings.logged_steps, end)):
        for group in groups:
            group.evaluate(logged)
        for start in range(logged, stop, data.steps):
            blocks = data.draw(min(data.steps, stop - start))
            for group in groups:
                group.advance(start, blocks, logged=start == logged)
        on_progress((stop - logged) * len(runs))
        if all(group.is_done for group in groups):
            on_progress((end - stop) * len(runs))
            break
    return {run_id: history for group in groups for run_id, history in group.histories().items()}
