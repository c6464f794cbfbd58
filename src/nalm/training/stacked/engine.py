"""Trains one batch of runs: data, noise, updates, evaluation at logged steps, divergence and re-initialisation.

Everything that costs time is done per block of steps for many runs; which runs share a batch changes no result.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import lru_cache

import numpy as np
import torch
from torch.func import vmap

from nalm import units
from nalm.errors import InputError
from nalm.runs.record import TrainedRuns
from nalm.runs.settings import TrainingSettings
from nalm.streams import weight_generator
from nalm.training.lowerings._base import Inputs, Program
from nalm.training.lowerings.choice import Lowered, ProgramKey, program, program_key, step_of
from nalm.training.stacked.batches import ArithmeticRun, Batch, stream_key
from nalm.training.stacked.collect import History, trained_runs
from nalm.training.stacked.data import PARTS, Block, Data, Part
from nalm.training.stacked.early_stopping import EarlyStopping
from nalm.training.stacked.reinitialisation import Reinitialisation
from nalm.training.stacked.uniforms import UniformNoise, open_noise
from nalm.training.step.noise import NoiseStream
from nalm.training.step.step import Step

# Steps of the schedule that are computed at once and shared by all seeds.
SCHEDULE_STEPS = 2**16

# Networks with more effective weights than this do not record them.
MOST_RECORDED_WEIGHTS = 16

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
        together = program(key, lowered[key]).trains_streams_together
        parts.setdefault("together" if together else stream_key(run), []).append(run)
    return list(parts.values())


class _Group:
    """The runs of one network and one set of settings."""

    def __init__(self, runs: Sequence[ArithmeticRun], lowered: Lowered, data: Data) -> None:
        self.runs = tuple(runs)
        self.settings = runs[0].training
        key = program_key(runs[0])
        self.step: Step = step_of(key)
        self.program: Program = program(key, lowered)
        self.data_index = data.index(runs)
        self.failed = np.full(len(runs), -1, dtype=np.int64)
        self.failed_step = np.full(len(runs), -1, dtype=np.int64)
        self.switches = np.zeros((len(runs), len(self.step.switches)), dtype=np.float32)
        self.states = np.zeros((len(runs), self.step.state_size), dtype=np.float32)
        self.noise_index = np.zeros(len(runs), dtype=np.int64)
        self._noise: list[NoiseStream | UniformNoise] = []
        self._generators: list[torch.Generator] = []
        self._initialise()
        self._sets = [self._evaluation_sets(data, part) for part in PARTS]
        self._rule = Reinitialisation(self.settings, len(runs)) if self.settings.reinitialise else None
        self._early_stopping = EarlyStopping(self.settings, len(runs)) if self.settings.early_stop else None
        self.stopped_step = np.full(len(runs), -1, dtype=np.int64)
        self.losses: list[np.ndarray] = []
        self.errors: list[np.ndarray] = []
        self.parameters: list[np.ndarray] = []

    def _initialise(self) -> None:
        streams = self.settings.streams
        seeds = list(dict.fromkeys(run.seed for run in self.runs))
        rows = self.settings.batch_size
        for number, seed in enumerate(seeds):
            generator = weight_generator(seed, streams)
            module = self._drawn(generator)
            mine = np.array([run.seed == seed for run in self.runs])
            self.states[mine, : self.step.network_count] = _flat(module)
            self.noise_index[mine] = number
            self._generators.append(generator)
            # A re-initialised run leaves the others of its seed, so its draws cannot come from their noise stream.
            source = _copy(generator) if self.settings.reinitialise else generator
            self._noise.append(open_noise(source, self.step.draws, rows))
        if self.settings.reinitialise:
            self._generators = [_copy(self._generators[i]) for i in self.noise_index]

    def _drawn(self, generator: torch.Generator) -> torch.nn.Module:
        """A module with the initial values of a run, after which `generator` goes on with the run's noise."""
        module = self.step.module
        paper = self.settings.streams == "paper"
        if paper:
            units.skip_construction_draws(module, generator)
        try:
            # The original code draws all parameters twice and trains from the second draw.
            for _ in range(2 if paper else 1):
                units.reset_parameters(module, generator)
        except InputError:
            # a user's module with parameters of its own and no reset_parameters: its constructor draws
            run = self.runs[0]
            with units.drawing_from(generator):
                return run.network.build(run.task.in_features, run.task.out_features)
        return module

    def _evaluation_sets(self, data: Data, part: Part) -> tuple[list[np.ndarray], np.ndarray]:
        """The distinct sets of the group, and which of them each run uses."""
        own = [data.evaluation(run, part, self._rows(run, part)) for run in self.runs]
        sets = list({id(values): values for values in own}.values())
        positions = {id(values): i for i, values in enumerate(sets)}
        return sets, np.array([positions[id(values)] for values in own], dtype=np.int64)

    def _rows(self, run: ArithmeticRun, part: Part) -> int:
        samples = self.settings.validation_samples if part == "validation" else self.settings.test_samples
        return self.program.evaluation_rows(samples, run.task.in_features)

    @property
    def is_done(self) -> bool:
        """Whether every run has failed or been stopped."""
        return bool((self.failed >= 0).all())

    def evaluate(self, step: int) -> None:
        """Record errors and parameters of a logged step, and stop runs that have settled."""
        errors = [self.program.error(self.states, *sets) for sets in self._sets]
        self.errors.append(np.stack(errors, axis=1))
        self.parameters.append(self.states[:, : self.step.network_count].copy())
        if self._rule is not None:
            self._rule.log(errors[0])
        if self._early_stopping is not None:
            converged = self._early_stopping.log(step, self.parameters[-1]) & (self.failed < 0)
            self.stopped_step[converged] = step
            self.failed[converged] = 0
        if "inalu" in self.step.switches:
            self.switches[:, self.step.switches.index("inalu")] = errors[0] < 1.0

    def advance(self, start: int, data: Sequence[Block], logged: bool) -> None:
        """Make the updates of the steps from `start` on that `data` holds."""
        count = len(data[0])
        schedule = _schedule(self.step, self.settings, start, count)
        noise = [stream.take(count) for stream in self._noise]
        inputs = Inputs(self.switches, schedule, data, self.data_index, noise, self.noise_index)
        if logged:
            self.losses.append(self.program.measure(self.states, inputs))
        first = 0
        while first < count:
            reset = self._rule.next(start + first, start + count) if self._rule else None
            last = count if reset is None else reset[0] - start + 1
            before = self.failed >= 0
            self.program.train(self.states, inputs.part(first, last), self.failed)
            now = (self.failed >= 0) & ~before
            self.failed_step[now] = start + first + self.failed[now]
            if reset is not None:
                self._draw_anew(reset[1])
            first = last

    def _draw_anew(self, which: np.ndarray) -> None:
        for n in np.flatnonzero(which & (self.failed < 0)):
            units.reset_parameters(self.step.module, self._generators[n])
            self.states[n, : self.step.network_count] = _flat(self.step.module)

    def _saved(self, networks: np.ndarray, validation: np.ndarray, last: np.ndarray) -> np.ndarray:
        """The network to keep: the last one, or of the logged ones the first with the least validation error."""
        known = np.isfinite(validation)
        if self.settings.saved_weights == "last" or not known.any():
            return last[: self.step.network_count]
        best: np.ndarray = networks[np.argmin(np.where(known, validation, np.inf))]
        return best

    def histories(self) -> dict[str, History]:
        """Everything recorded, by run id."""
        losses, errors = np.stack(self.losses, axis=1), np.stack(self.errors, axis=1)
        parameters = np.stack(self.parameters, axis=1)
        weights, sparsity = _described(self.step, parameters)
        logged = np.arange(len(self.losses)) * self.settings.log_interval
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
                state=_named(self.step, self._saved(parameters[n, :rows], errors[n, :rows, 0], self.states[n])),
            )
        return found


def _copy(generator: torch.Generator) -> torch.Generator:
    copy = torch.Generator()
    copy.set_state(generator.get_state())
    return copy


def _flat(module: torch.nn.Module) -> np.ndarray:
    """Parameters and buffers, in the order of a state."""
    values = [*module.parameters(), *(b for b in module.buffers() if b.is_floating_point())]
    flat: np.ndarray = torch.cat([value.detach().reshape(-1) for value in values]).numpy()
    return flat


def _named(step: Step, state: np.ndarray) -> dict[str, np.ndarray]:
    return {name: tensor.numpy().copy() for name, tensor in step.named(torch.from_numpy(state)).items()}


def _schedule(step: Step, settings: TrainingSettings, start: int, count: int) -> np.ndarray:
    """Rows `start` to `start + count` of the schedule; a block never reaches over a logged step."""
    length = settings.log_interval * max(1, SCHEDULE_STEPS // settings.log_interval)
    first = start - start % length
    return _schedule_part(step, settings, first, length)[start - first : start - first + count]


@lru_cache(maxsize=64)
def _schedule_part(step: Step, settings: TrainingSettings, start: int, count: int) -> np.ndarray:
    return step.schedule(settings, np.arange(start, start + count))


def _described(step: Step, parameters: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Effective weights and sparsity error of recorded parameters `[runs, rows, parameters]`."""
    runs, rows, count = parameters.shape
    flat = torch.from_numpy(parameters.reshape(runs * rows, count))
    with torch.no_grad():
        example, sparsity = step.describe(flat[0])
        if example.numel() > MOST_RECORDED_WEIGHTS and sparsity is None:
            return None, None
        if sparsity is None:
            weights, errors = vmap(lambda p: step.describe(p)[0])(flat), None
        else:
            weights, errors = vmap(step.describe)(flat)
    recorded = weights.numpy().reshape(runs, rows, -1) if example.numel() <= MOST_RECORDED_WEIGHTS else None
    return recorded, None if errors is None else errors.numpy().reshape(runs, rows)


def _train_together(
    runs: Sequence[ArithmeticRun], lowered: Mapping[ProgramKey, Lowered], on_progress: Progress
) -> dict[str, History]:
    settings = runs[0].training
    data = Data(runs)
    members: dict[Hashable, list[ArithmeticRun]] = {}
    for run in runs:
        members.setdefault((program_key(run), run.training), []).append(run)
    groups = [_Group(group, lowered[program_key(group[0])], data) for group in members.values()]
    end = settings.iterations + 1
    for logged in settings.logged_steps:
        for group in groups:
            group.evaluate(logged)
        stop = min(logged + settings.log_interval, end)
        for start in range(logged, stop, data.steps):
            blocks = data.draw(min(data.steps, stop - start))
            for group in groups:
                group.advance(start, blocks, logged=start == logged)
        on_progress((stop - logged) * len(runs))
        if all(group.is_done for group in groups):
            on_progress((end - stop) * len(runs))
            break
    return {run_id: history for group in groups for run_id, history in group.histories().items()}
