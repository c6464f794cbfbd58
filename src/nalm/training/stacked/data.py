"""Training and evaluation data of runs that are trained together, each set made once for all runs that use it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np

from nalm.streams import fast_uniforms, philox_key
from nalm.tasks.operations import lane_sum
from nalm.training.lowerings.native import WIDE
from nalm.training.stacked import uniforms
from nalm.training.stacked.batches import ArithmeticRun, stream_key
from nalm.training.stacked.uniforms import Filler, Prepared, UniformLanes

# Training data of one block should stay in a core's second-level cache (floats).
BLOCK_FLOATS = 2**18
LEAST_BLOCK = 16
MOST_BLOCK = 256

Part = Literal["validation", "test"]
PARTS: tuple[Part, ...] = get_args(Part)


# Data of a few steps of one task: an array `[steps, features, batch]`, or what makes it when it is read.
Block = np.ndarray | Prepared


class Source(ABC):
    """The data sets of runs that read one stream of random numbers, one run per set.

    Attributes:
        filler: compiled code that makes them, if there is any.
        blocks: where it leaves the data sets.
    """

    filler: Filler | None = None
    blocks: Sequence[Block] = ()

    @abstractmethod
    def next(self, steps: int) -> list[Block]:
        """Return the inputs and targets of the next `steps` steps for each of the runs, until the next call."""


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


class FastSource(Source):
    """Uniform inputs on one interval from a `fast` stream, in float32, through NumPy."""

    def __init__(self, runs: Sequence[ArithmeticRun], steps: int) -> None:
        first = runs[0]
        self._key = philox_key(first.task.layout(first.seed, "fast").training_seed)
        self._shape = (first.task.in_features, first.training.batch_size)
        self._runs, self._next = runs, 0
        self._buffers = _buffers(runs, steps)

    def next(self, steps: int) -> list[Block]:
        """See `Source.next`."""
        uniforms = fast_uniforms(self._key, self._next, (steps, *self._shape))
        self._next += steps
        for run, out in zip(self._runs, self._buffers, strict=True):
            lower, upper = run.task.interpolation_range.intervals[0]
            x = uniforms * np.float32(upper - lower) + np.float32(lower)
            lanes = x.swapaxes(0, 1)
            sums = [_sum(lanes, part) for part in run.task.operands(run.seed, "fast")]
            inputs = run.task.in_features
            out[:steps, :inputs], out[:steps, inputs:] = x, run.task.apply(sums)[:, None]
        return [out[:steps] for out in self._buffers]


def _sum(lanes: Any, part: tuple[int, int]) -> np.ndarray:
    """Return a sum of inputs, added in float32."""
    return lane_sum(lanes, *part).astype(np.float64)


class UniformSource(Source):
    """Uniform inputs on one interval, by compiled code that gives the same bits."""

    def __init__(self, runs: Sequence[ArithmeticRun], steps: int) -> None:
        buffers = _buffers(runs, steps)
        self.blocks: list[Block] = [*buffers]
        self.filler: Filler = _lanes(runs[0], steps).bind(runs, buffers)

    def next(self, steps: int) -> list[Block]:
        """See `Source.next`."""
        self.filler.fill(steps)
        return [block[:steps] for block in self.blocks]


class PreparedSource(Source):
    """The same for many inputs: only the uniforms are drawn ahead, inputs are made where they are used.

    Args:
        runs: as for every source.
        steps: as for every source.
        shared: whether several runs read a step of one data set at about the same time; it is then made once.
    """

    def __init__(self, runs: Sequence[ArithmeticRun], steps: int, shared: bool = False) -> None:
        lanes = _lanes(runs[0], steps)
        outs = _buffers(runs, 1) if shared else _buffers(runs[:1], 1) * len(runs)
        self.filler: Filler = lanes.filler
        self.blocks: list[Block] = [
            lanes.prepared(run, out[0], remembered=shared) for run, out in zip(runs, outs, strict=True)
        ]

    def next(self, steps: int) -> list[Block]:
        """See `Source.next`."""
        self.filler.fill(steps)
        return [prepared[:steps] for prepared in self.blocks]


def _buffers(runs: Sequence[ArithmeticRun], steps: int) -> list[np.ndarray]:
    shapes = [(steps, features(run), run.training.batch_size) for run in runs]
    return [np.empty(shape, dtype=np.float32) for shape in shapes]


def _lanes(run: ArithmeticRun, steps: int) -> UniformLanes:
    compiled = uniforms.library()
    assert compiled is not None
    family = run.training.streams
    seed = run.task.layout(run.seed, family).training_seed
    return UniformLanes(compiled, seed, run.task.in_features, run.training.batch_size, steps, family)


def features(run: ArithmeticRun) -> int:
    """Return how many numbers a row of the task of `run` has."""
    return run.task.in_features + run.task.target_features


def open_source(runs: Sequence[ArithmeticRun], steps: int, shared: bool = False) -> Source:
    """Return the fastest source for `runs`; all of them give the same numbers; for `shared` see `PreparedSource`."""
    if not all(map(uniforms.can_make, runs)):
        return (FastSource if all(map(_is_fast, runs)) else GeneralSource)(runs, steps)
    return PreparedSource(runs, steps, shared) if runs[0].task.in_features >= WIDE else UniformSource(runs, steps)


def _is_fast(run: ArithmeticRun) -> bool:
    return run.training.streams == "fast" and uniforms.is_plain(run)


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
        self._readers = list(readers.values())
        self._shared = len(runs) > len(owners)

    def index(self, runs: Sequence[ArithmeticRun]) -> np.ndarray:
        """Which training data set each run reads."""
        return np.array([self._positions[stream_key(run), run.task] for run in runs], dtype=np.int64)

    @property
    def can_be_filled(self) -> bool:
        """Whether compiled code makes all of them."""
        return all(uniforms.can_make(run) for same in self._readers for run in same)

    @property
    def chunk(self) -> int:
        """For how many steps they stay in the cache while they are filled and read."""
        return 1 if self._readers[0][0].task.in_features >= WIDE else self.steps

    def filled(self) -> list[Source]:
        """Return sources, in the order of the data sets, that are filled for a chunk of steps at a time."""
        return [open_source(same, self.chunk, self._shared) for same in self._readers]

    @cached_property
    def _sources(self) -> list[Source]:
        return [open_source(same, self.steps) for same in self._readers]

    def draw(self, steps: int) -> list[Block]:
        """Return the training data of the next `steps` steps for each data set, until the next call."""
        return [block for source in self._sources for block in source.next(steps)]

    def evaluation(self, run: ArithmeticRun, part: Part, rows: int) -> np.ndarray:
        """Return inputs and targets of an evaluation set in chunks of `rows` samples, `[chunks, features, rows]`."""
        settings = run.training
        family = settings.streams
        samples = settings.validation_samples if part == "validation" else settings.test_samples
        key = (part, run.task, run.task.evaluation_key(run.seed, family), samples, rows)
        if key not in self._evaluation:
            x, t = run.task.evaluation_set(part, run.seed, family, samples)
            chunks = np.concatenate([x, t], axis=1).reshape(samples // rows, rows, -1)
            self._evaluation[key] = np.ascontiguousarray(chunks.swapaxes(1, 2))
        return self._evaluation[key]
