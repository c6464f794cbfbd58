"""The networks of some runs while they are trained: many as one array of states, or one module for each run."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence

import numpy as np
import torch
from torch import nn
from torch.func import vmap

from nalm import units
from nalm.runs.record import MadeBy
from nalm.training.internals import internals_of_rows
from nalm.training.kept import caches_of_torch
from nalm.training.lowerings._base import Inputs, Program
from nalm.training.lowerings.native import BoundCall, NativeProgram
from nalm.training.lowerings.ordinary import OrdinaryLoop, as_arrays, as_numbers
from nalm.training.stacked.batches import ArithmeticRun
from nalm.training.stacked.uniforms import Filler, UniformNoise, open_noise
from nalm.training.step.initial import ONE_AT_A_TIME, RunRandom, redraw
from nalm.training.step.noise import NoiseStream
from nalm.training.step.objective import Objective
from nalm.training.step.step import Step

# Networks with more effective weights than this do not record them.
MOST_RECORDED_WEIGHTS = 16

Begun = tuple[nn.Module, RunRandom]
Described = tuple[np.ndarray | None, np.ndarray | None]


class Networks(ABC):
    """The networks of some runs of one key and one set of settings.

    Attributes:
        objective: what is minimised.
        made_by: what trains them.
    """

    objective: Objective
    made_by: MadeBy

    @abstractmethod
    def evaluation_rows(self, samples: int) -> int:
        """Return samples per chunk of an evaluation set."""

    @abstractmethod
    def noise(self, steps: int) -> tuple[Sequence[np.ndarray], np.ndarray]:
        """Return the noise of the next steps, and which of it each run reads, as in `Inputs`."""

    @abstractmethod
    def train(self, inputs: Inputs, failed: np.ndarray) -> None:
        """Make the updates of `inputs`; see `Program.train`."""

    @abstractmethod
    def measure(self, inputs: Inputs, failed: np.ndarray) -> np.ndarray:
        """Criterion and penalty `[runs, 2]` of the first step of `inputs`, which are trained next."""

    @abstractmethod
    def error(self, sets: Sequence[np.ndarray], set_index: np.ndarray, failed: np.ndarray) -> np.ndarray:
        """Mean squared error `[runs]` of each run that has not failed on its set; see `Program.error`."""

    @abstractmethod
    def record(self) -> np.ndarray:
        """Remember the networks as they are now, as a row; all parameters and buffers, `[runs, numbers]`."""

    @abstractmethod
    def redraw(self, run: int) -> None:
        """Give a run new initial values, the next ones of its streams."""

    @abstractmethod
    def described(self) -> Described:
        """Effective weights `[runs, rows, weights]` and sparsity errors `[runs, rows]` of all recorded rows."""

    @abstractmethod
    def state(self, run: int, row: int | None) -> dict[str, np.ndarray]:
        """Parameters and buffers of a run by name, as recorded in a row, or as they are now."""

    @abstractmethod
    def module(self, run: int) -> nn.Module:
        """Return a copy of the module of a run, with values of any time."""

    def internals(
        self, run: int, rows: int, x: np.ndarray, t: np.ndarray, which: Collection[str]
    ) -> dict[str, list[float]]:
        """Return what `nalm.training.internals` says of a run's network at its first recorded rows, by name.

        Args:
            run: which.
            rows: how many.
            x: inputs `[samples, in]` to look at.
            t: their targets `[samples, out]`.
            which: see `TrainingSettings.record`; the settings of the objective stand for runs that record other things.
        """
        return internals_of_rows(self.module(run), [self.state(run, row) for row in range(rows)], x, t, which)


class StackedNetworks(Networks):
    """The networks of runs as one array of states, trained by a program.

    Args:
        step: what the program computes.
        program: a lowering.
        runs: whose networks these are.
        begun: the initial network of each seed of the runs, and its streams.
    """

    def __init__(self, step: Step, program: Program, runs: Sequence[ArithmeticRun], begun: dict[int, Begun]) -> None:
        self.objective = step.objective
        self.made_by = program.made_by
        self._step = step
        self.program = program
        self._network = runs[0].network
        self._widths = (runs[0].task.in_features, runs[0].task.out_features)
        seeds = list(dict.fromkeys(run.seed for run in runs))
        self._noise_index = np.array([seeds.index(run.seed) for run in runs], dtype=np.int64)
        flat = {seed: step.flat(begun[seed][0]) for seed in seeds}
        self._states = np.zeros((len(runs), step.state_size), dtype=np.float32)
        self._states[:, : step.network_size] = np.stack([flat[run.seed] for run in runs])
        # A run that is drawn anew leaves the others of its seed, so that its draws cannot come from their noise.
        self._streams = [begun[run.seed][1].copy() for run in runs] if runs[0].training.reinitialise else []
        rows = runs[0].training.batch_size
        self._noise: list[NoiseStream | UniformNoise] = [
            open_noise(begun[seed][1].copy().torch, step.draws, rows) for seed in seeds
        ]
        self._recorded: list[np.ndarray] = []

    def evaluation_rows(self, samples: int) -> int:
        """See `Networks.evaluation_rows`."""
        return self.program.evaluation_rows(samples, self._widths[0])

    def noise(self, steps: int) -> tuple[Sequence[np.ndarray], np.ndarray]:
        """See `Networks.noise`."""
        return [stream.take(steps) for stream in self._noise], self._noise_index

    @property
    def noise_can_be_filled(self) -> bool:
        """Whether compiled code makes the noise of all runs, or there is none."""
        return not self._step.draws or all(isinstance(stream, UniformNoise) for stream in self._noise)

    def noise_filled(self, steps: int) -> tuple[list[Filler], Sequence[np.ndarray], np.ndarray]:
        """Return what writes the noise of the next steps, the buffers for it, and which of them each run reads."""
        streams = [stream for stream in self._noise if isinstance(stream, UniformNoise)]
        buffers = [stream.buffer(steps) for stream in streams]
        fillers = [stream.filler(buffer) for stream, buffer in zip(streams, buffers, strict=True)]
        if not streams:
            return [], [np.empty((steps, 0), dtype=np.float32)] * len(self._noise), self._noise_index
        return fillers, buffers, self._noise_index

    def bound(self, inputs: Inputs, failed: np.ndarray) -> BoundCall:
        """Return the call of the kernel that `train` makes."""
        assert isinstance(self.program, NativeProgram)
        return self.program.bound(self._states, inputs, failed)

    def train(self, inputs: Inputs, failed: np.ndarray) -> None:
        """See `Networks.train`."""
        self.program.train(self._states, inputs, failed)

    def measure(self, inputs: Inputs, failed: np.ndarray) -> np.ndarray:
        """See `Networks.measure`."""
        return self.program.measure(self._states, inputs)

    def error(self, sets: Sequence[np.ndarray], set_index: np.ndarray, failed: np.ndarray) -> np.ndarray:
        """See `Networks.error`."""
        return self.program.error(self._states, sets, set_index)

    def record(self) -> np.ndarray:
        """See `Networks.record`."""
        self._recorded.append(self._states[:, : self._step.network_size].copy())
        return self._recorded[-1]

    def redraw(self, run: int) -> None:
        """See `Networks.redraw`."""
        with ONE_AT_A_TIME:
            redraw(self._step.module, self._network, self._widths, self._streams[run])
            self._states[run, : self._step.network_size] = self._step.flat(self._step.module)

    def described(self) -> Described:
        """See `Networks.described`."""
        recorded = np.stack(self._recorded, axis=1)
        runs, rows, count = recorded.shape
        flat = torch.from_numpy(recorded.reshape(runs * rows, count))
        with ONE_AT_A_TIME, caches_of_torch(), torch.no_grad():
            example, sparsity = self._step.describe(flat[0])
            if example.numel() > MOST_RECORDED_WEIGHTS and sparsity is None:
                return None, None
            if sparsity is None:
                weights, errors = vmap(lambda p: self._step.describe(p)[0])(flat), None
            else:
                weights, errors = vmap(self._step.describe)(flat)
        kept = weights.numpy().reshape(runs, rows, -1) if example.numel() <= MOST_RECORDED_WEIGHTS else None
        return kept, None if errors is None else errors.numpy().reshape(runs, rows)

    def module(self, run: int) -> nn.Module:
        """See `Networks.module`."""
        return copy.deepcopy(self._step.module)

    def state(self, run: int, row: int | None) -> dict[str, np.ndarray]:
        """See `Networks.state`."""
        flat = self._states[run, : self._step.network_size] if row is None else self._recorded[row][run]
        return {name: value.numpy().copy() for name, value in self._step.named(torch.from_numpy(flat)).items()}


class OrdinaryNetworks(Networks):
    """The networks of runs as modules, each trained by an ordinary loop.

    Args:
        objective: what is minimised.
        runs: whose networks these are.
        begun: the initial network of each run, and its streams.
        label: what the network is called in messages.
    """

    def __init__(self, objective: Objective, runs: Sequence[ArithmeticRun], begun: Sequence[Begun], label: str) -> None:
        self.objective = objective
        self.made_by = MadeBy("an ordinary loop", instructions=torch.backends.cpu.get_cpu_capability())
        self._network = runs[0].network
        self._widths = (runs[0].task.in_features, runs[0].task.out_features)
        rate = runs[0].training.learning_rate
        self._dtype = torch.float64 if runs[0].training.float64 else torch.float32
        if runs[0].training.float64:
            begun = [(module.double(), streams) for module, streams in begun]
        self._loops = [OrdinaryLoop(module, streams, objective, label, rate) for module, streams in begun]
        self._keeps_rows = runs[0].training.saved_weights == "best" or bool(runs[0].training.record)
        self._rows: list[list[dict[str, np.ndarray]]] = []
        self._weights: list[list[np.ndarray]] = []
        self._sparsity: list[list[float | None]] = []

    def evaluation_rows(self, samples: int) -> int:
        """See `Networks.evaluation_rows`."""
        return samples

    def noise(self, steps: int) -> tuple[Sequence[np.ndarray], np.ndarray]:
        """See `Networks.noise`: the modules draw for themselves."""
        return [np.empty((steps, 0), dtype=np.float32)], np.zeros(len(self._loops), dtype=np.int64)

    def _split(self, data: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        x, t = torch.tensor_split(torch.from_numpy(data).T.to(self._dtype), self._widths[:1], dim=-1)
        return x, t

    def train(self, inputs: Inputs, failed: np.ndarray) -> None:
        """See `Networks.train`."""
        schedule, run_flags = torch.from_numpy(inputs.schedule), torch.from_numpy(inputs.run_flags)
        blocks = [np.asarray(block) for block in inputs.data]
        for n in np.flatnonzero(failed < 0):
            loop, block = self._loops[n], blocks[inputs.data_index[n]]
            with loop.streams.drawing():
                for k in range(inputs.steps):
                    loop.train(*self._split(block[k]), run_flags[n], schedule[k])
                    if not loop.is_finite():
                        failed[n] = k
                        break

    def measure(self, inputs: Inputs, failed: np.ndarray) -> np.ndarray:
        """See `Networks.measure`."""
        schedule, run_flags = torch.from_numpy(inputs.schedule[0]), torch.from_numpy(inputs.run_flags)
        measured = np.full((len(self._loops), 2), np.nan, dtype=np.float32)
        for n in np.flatnonzero(failed < 0):
            loop, block = self._loops[n], np.asarray(inputs.data[inputs.data_index[n]][:1])
            with loop.streams.drawing():
                measured[n] = loop.measure(*self._split(block[0]), run_flags[n], schedule)
        return measured

    def error(self, sets: Sequence[np.ndarray], set_index: np.ndarray, failed: np.ndarray) -> np.ndarray:
        """See `Networks.error`."""
        errors = np.full(len(self._loops), np.nan, dtype=np.float32)
        for n in np.flatnonzero(failed < 0):
            with self._loops[n].streams.drawing():
                errors[n] = self._loops[n].error(*self._split(sets[set_index[n]][0]))
        return errors

    def record(self) -> np.ndarray:
        """See `Networks.record`."""
        self._weights.append([])
        self._sparsity.append([])
        with torch.no_grad():
            for loop in self._loops:
                loop.module.eval()
                weights, sparsity = units.effective_weights(loop.module), units.sparsity_error(loop.module)
                self._weights[-1].append(as_numbers({"": weights}))
                self._sparsity[-1].append(None if sparsity is None else float(sparsity))
        if self._keeps_rows:
            self._rows.append([as_arrays(loop.held()) for loop in self._loops])
        return np.stack([as_numbers(loop.held()) for loop in self._loops])

    def redraw(self, run: int) -> None:
        """See `Networks.redraw`."""
        redraw(self._loops[run].module, self._network, self._widths, self._loops[run].streams)

    def described(self) -> Described:
        """See `Networks.described`."""
        weights = np.array(self._weights).swapaxes(0, 1)
        sparsity = None if self._sparsity[0][0] is None else np.array(self._sparsity, dtype=np.float64).T
        return weights if weights.shape[-1] <= MOST_RECORDED_WEIGHTS else None, sparsity

    def module(self, run: int) -> nn.Module:
        """See `Networks.module`."""
        return copy.deepcopy(self._loops[run].module)

    def state(self, run: int, row: int | None) -> dict[str, np.ndarray]:
        """See `Networks.state`."""
        return as_arrays(self._loops[run].held()) if row is None else self._rows[row][run]
