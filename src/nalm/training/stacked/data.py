"""Training and evaluation data of runs that are trained together, each set made once for all runs that use it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from typing import Literal, get_args

import numpy as np

from nalm.training.lowerings.native import WIDE
from nalm.training.stacked import uniforms
from nalm.training.stacked.batches import ArithmeticRun, stream_key
from nalm.training.stacked.uniforms import Prepared, UniformLanes

# Training data of one block should stay in a core's second-level cache (floats).
BLOCK_FLOATS = 2**18
LEAST_BLOCK = 16
MOST_BLOCK = 256

Part = Literal["validation", "test"]
PARTS: tuple[Part, ...] = get_args(Part)


# Data of a few steps of one task: an array `[steps, features, batch]`, or what makes it when it is read.
Block = np.ndarray | Prepared


class Source(ABC):
    """The data sets of runs that read one stream of random numbers, one run per set."""

    @abstractmethod
    def next(self, steps: int) -> list[Block]:
        """The inputs and targets of the next `steps` steps for each of the runs, until the next call."""


class GeneralSource(Source):
    """Any distribution and range, through NumPy.

    Args:
        runs: one run per data set, all of one stream.
        steps: the most steps that will be asked for at a time.
    """

    def __init__(self, runs: Sequence[ArithmeticRun], steps: int) -> None:
        first = runs[0]
        self._family = first.training.streams
        self._stream = first.task.open_stream(first.seed, self._family, first.training.batch_size)
        self._runs = runs
        self._buffers = _buffers(runs, steps)

    def next(self, steps: int) -> list[Block]:
        """See `Source.next`."""
        raw = self._stream.draw(steps)
        for run, out in zip(self._runs, self._buffers, strict=True):
            run.task.write_batches(raw, run.seed, self._family, out[:steps])
        return [out[:steps] for out in self._buffers]


class UniformSource(Source):
    """Uniform inputs on one interval from the `paper` stream, by compiled code that gives the same bits."""

    def __init__(self, runs: Sequence[ArithmeticRun], steps: int) -> None:
        self._lanes = _lanes(runs[0], steps)
        self._buffers = _buffers(runs, steps)
        self._write = self._lanes.bind(runs, self._buffers)

    def next(self, steps: int) -> list[Block]:
        """See `Source.next`."""
        self._lanes.draw(steps)
        self._write(steps)
        return [out[:steps] for out in self._buffers]


class PreparedSource(Source):
    """The same for many inputs: only the uniforms are drawn ahead, inputs are made where they are used."""

    def __init__(self, runs: Sequence[ArithmeticRun], steps: int) -> None:
        self._lanes = _lanes(runs[0], steps)
        (out,) = _buffers(runs[:1], 1)
        self._sets = [self._lanes.prepared(run, out[0]) for run in runs]

    def next(self, steps: int) -> list[Block]:
        """See `Source.next`."""
        self._lanes.draw(steps)
        return [prepared[:steps] for prepared in self._sets]


def _buffers(runs: Sequence[ArithmeticRun], steps: int) -> list[np.ndarray]:
    shapes = [(steps, features(run), run.training.batch_size) for run in runs]
    return [np.empty(shape, dtype=np.float32) for shape in shapes]


def _lanes(run: ArithmeticRun, steps: int) -> UniformLanes:
    compiled = uniforms.library()
    assert compiled is not None
    seed = run.task.layout(run.seed, "paper").training_seed
    return UniformLanes(compiled, seed, run.task.in_features, run.training.batch_size, steps)


def features(run: ArithmeticRun) -> int:
    """Inputs and outputs of the task of `run`."""
    return run.task.in_features + run.task.out_features


def open_source(runs: Sequence[ArithmeticRun], steps: int) -> Source:
    """The fastest source for `runs`; all of them give the same numbers."""
    if not all(map(uniforms.can_make, runs)):
        return GeneralSource(runs, steps)
    return PreparedSource(runs, steps) if runs[0].task.in_features >= WIDE else UniformSource(runs, steps)


class Data:
    """All data sets of `runs`, which share batch size and family of streams."""

    def __init__(self, runs: Sequence[ArithmeticRun]) -> None:
        self._positions: dict[Hashable, int] = {}
        self._evaluation: dict[Hashable, np.ndarray] = {}
        readers: dict[Hashable, list[ArithmeticRun]] = {}
        for run in runs:
            stream = stream_key(run)
            if (stream, run.task) not in self._positions:
                self._positions[stream, run.task] = -1
                readers.setdefault(stream, []).append(run)
        owners = [run for same in readers.values() for run in same]
        for position, run in enumerate(owners):
            self._positions[stream_key(run), run.task] = position
        floats = runs[0].training.batch_size * sum(features(run) for run in owners)
        self.steps = int(np.clip(BLOCK_FLOATS // floats, LEAST_BLOCK, MOST_BLOCK))
        self._sources = [open_source(same, self.steps) for same in readers.values()]

    def index(self, runs: Sequence[ArithmeticRun]) -> np.ndarray:
        """Which training data set each run reads."""
        return np.array([self._positions[stream_key(run), run.task] for run in runs], dtype=np.int64)

    def draw(self, steps: int) -> list[Block]:
        """The training data of the next `steps` steps for each data set, until the next call."""
        return [block for source in self._sources for block in source.next(steps)]

    def evaluation(self, run: ArithmeticRun, part: Part, rows: int) -> np.ndarray:
        """Inputs and targets of a validation or test set in chunks of `rows` samples, `[chunks, features, rows]`."""
        settings = run.training
        family = settings.streams
        samples = settings.validation_samples if part == "validation" else settings.test_samples
        key = (part, run.task, run.task.evaluation_key(run.seed, family), samples, rows)
        if key not in self._evaluation:
            x, t = run.task.evaluation_set(part, run.seed, family, samples)
            chunks = np.concatenate([x, t], axis=1).reshape(samples // rows, rows, -1)
            self._evaluation[key] = np.ascontiguousarray(chunks.swapaxes(1, 2))
        return self._evaluation[key]
