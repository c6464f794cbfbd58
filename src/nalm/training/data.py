"""Training and evaluation data of runs that are trained together, each set made once for all runs that use it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from typing import Literal, get_args

import numpy as np

from nalm.runs import Run
from nalm.training import uniforms
from nalm.training.batches import stream_key

# Training data of one block should stay in a core's second-level cache (floats).
BLOCK_FLOATS = 2**18
LEAST_BLOCK = 8
MOST_BLOCK = 256

Part = Literal["validation", "test"]
PARTS: tuple[Part, ...] = get_args(Part)


class Source(ABC):
    """The data sets of all runs that read one stream of random numbers."""

    @abstractmethod
    def next(self, steps: int) -> None:
        """Write the inputs and targets of the next `steps` steps to the arrays of all runs."""


class GeneralSource(Source):
    """Any distribution and range, through NumPy.

    Args:
        runs: one run per data set, all of one stream.
        outs: for each an array `[steps, inputs + 1, batch]`.
    """

    def __init__(self, runs: Sequence[Run], outs: Sequence[np.ndarray]) -> None:
        first = runs[0]
        self._family = first.training.streams
        self._stream = first.task.open_stream(first.seed, self._family, first.training.batch_size)
        self._sets = list(zip(runs, outs, strict=True))

    def next(self, steps: int) -> None:
        """See `Source.next`."""
        raw = self._stream.draw(steps)
        for run, out in self._sets:
            run.task.write_batches(raw, run.seed, self._family, out[:steps])


class UniformSource(Source):
    """Uniform inputs on one interval from the `paper` stream, by compiled code that gives the same bits."""

    def __init__(self, runs: Sequence[Run], outs: Sequence[np.ndarray]) -> None:
        compiled = uniforms.library()
        assert compiled is not None
        first = runs[0]
        seed = first.task.layout(first.seed, "paper").training_seed
        steps, rows, batch = outs[0].shape
        self._lanes = uniforms.UniformLanes(compiled, seed, rows - 1, batch, steps)
        self._lanes.bind(runs, outs)

    def next(self, steps: int) -> None:
        """See `Source.next`."""
        self._lanes.next(steps)


def open_source(runs: Sequence[Run], outs: Sequence[np.ndarray]) -> Source:
    """The fastest source for `runs`; all of them give the same numbers."""
    task = runs[0].task
    simple = task.distribution.family == "uniform" and not task.interpolation_range.is_pair
    if simple and runs[0].training.streams == "paper" and uniforms.library() is not None:
        return UniformSource(runs, outs)
    return GeneralSource(runs, outs)


class Data:
    """All data sets of `runs`, which share batch size and family of streams."""

    def __init__(self, runs: Sequence[Run]) -> None:
        batch = runs[0].training.batch_size
        self._positions: dict[Hashable, int] = {}
        self._evaluation: dict[Hashable, np.ndarray] = {}
        readers: dict[Hashable, list[Run]] = {}
        for run in runs:
            stream = stream_key(run)
            if (stream, run.task) not in self._positions:
                self._positions[stream, run.task] = -1
                readers.setdefault(stream, []).append(run)
        owners = [run for same in readers.values() for run in same]
        for position, run in enumerate(owners):
            self._positions[stream_key(run), run.task] = position
        rows = [run.task.in_features + run.task.out_features for run in owners]
        self.steps = int(np.clip(BLOCK_FLOATS // (batch * sum(rows)), LEAST_BLOCK, MOST_BLOCK))
        self._buffers = [np.empty((self.steps, count, batch), dtype=np.float32) for count in rows]
        self._sources = []
        remaining = iter(self._buffers)
        for same in readers.values():
            self._sources.append(open_source(same, [next(remaining) for _ in same]))

    def index(self, runs: Sequence[Run]) -> np.ndarray:
        """Which training data set each run reads."""
        return np.array([self._positions[stream_key(run), run.task] for run in runs], dtype=np.int64)

    def draw(self, steps: int) -> list[np.ndarray]:
        """The training data sets of the next `steps` steps, `[steps, features, batch]` each, until the next call."""
        for source in self._sources:
            source.next(steps)
        return [buffer[:steps] for buffer in self._buffers]

    def evaluation(self, run: Run, part: Part) -> np.ndarray:
        """Inputs and targets `[features, samples]` of a run's validation or test set."""
        settings = run.training
        family = settings.streams
        samples = settings.validation_samples if part == "validation" else settings.test_samples
        key = (part, run.task, run.task.evaluation_key(run.seed, family), samples)
        if key not in self._evaluation:
            x, t = run.task.evaluation_set(part, run.seed, family, samples)
            self._evaluation[key] = np.ascontiguousarray(np.concatenate([x, t], axis=1).T)
        return self._evaluation[key]
