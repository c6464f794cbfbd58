"""Training and evaluation data of runs that are trained together, each set made once for all runs that use it."""

from __future__ import annotations

import ctypes
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

import numpy as np

from nalm.runs import Run
from nalm.streams import Family
from nalm.tasks import Operation, Raw, Task
from nalm.training.batches import stream_key
from nalm.training.native import NoCompiler, build

# Training data of one block should stay in a core's second-level cache (floats).
BLOCK_FLOATS = 2**18
LEAST_BLOCK = 8
MOST_BLOCK = 256

Part = Literal["validation", "test"]
PARTS: tuple[Part, ...] = get_args(Part)

# the most rows that the compiled code works on at a time
_TILE = 128


class Source(ABC):
    """The training data of one stream of random numbers, for every task that reads it."""

    @abstractmethod
    def draw(self, steps: int) -> None:
        """Go on to the next `steps` steps, at most as many as the first time."""

    @abstractmethod
    def writer(self, run: Run, out: np.ndarray) -> Callable[[], None]:
        """A function that writes the inputs and targets of `run` for the steps drawn last.

        They go to the first steps of `out` `[steps, inputs + 1, batch]`.
        """


class _GeneralSource(Source):
    """Any distribution and range, through NumPy."""

    def __init__(self, task: Task, seed: int, family: Family, batch: int) -> None:
        self._family = family
        self._stream = task.open_stream(seed, family, batch)
        self._raw: Raw | None = None

    def draw(self, steps: int) -> None:
        self._raw = self._stream.draw(steps)

    def writer(self, run: Run, out: np.ndarray) -> Callable[[], None]:
        def write() -> None:
            assert self._raw is not None
            steps = len(self._raw.parts[0])
            run.task.write_batches(self._raw, run.seed, self._family, out[:steps])

        return write


class _UniformSource(Source):
    """Uniform inputs on one interval from the `paper` stream, by compiled code that gives the same bits."""

    def __init__(self, library: ctypes.CDLL, task: Task, seed: int, batch: int) -> None:
        self._library = library
        state = np.random.RandomState(task.layout(seed, "paper").training_seed).get_state(legacy=False)["state"]  # type: ignore[call-overload]
        self._key = state["key"].copy()
        self._position = np.array([state["pos"]], dtype=np.int64)
        self._batch, self._inputs = batch, task.in_features
        count = batch * self._inputs
        self._words = np.empty(2 * count, dtype=np.uint32)
        self._row_major = np.empty(count)
        self._tile = np.empty(self._inputs * _TILE)
        self._lanes: np.ndarray | None = None
        self._steps = ctypes.c_int64(0)

    def draw(self, steps: int) -> None:
        if self._lanes is None:
            self._lanes = np.empty((steps, self._inputs, self._batch))
        assert steps <= len(self._lanes)
        self._steps.value = steps
        sizes = (self._steps, ctypes.c_int64(self._batch), ctypes.c_int64(self._inputs))
        buffers = (self._words, self._row_major, self._lanes)
        self._library.draw(
            _address(self._key), _address(self._position), *sizes, *(_address(buffer) for buffer in buffers)
        )

    def writer(self, run: Run, out: np.ndarray) -> Callable[[], None]:
        task = run.task
        (lower, upper), *_ = task.interpolation_range.intervals
        slices = np.array(task.operands(run.seed, "paper"), dtype=np.int64)
        constant = (
            *(ctypes.c_int64(n) for n in (self._batch, self._inputs)),
            ctypes.c_double(lower),
            ctypes.c_double(upper - lower),
            ctypes.c_int64(get_args(Operation).index(task.operation)),
            ctypes.c_int64(len(slices)),
            _address(slices),
            _address(self._tile),
            _address(out),
        )

        def write() -> None:
            assert len(slices)  # the closure keeps the array alive for its address
            assert self._lanes is not None
            self._library.write(_address(self._lanes), self._steps, *constant)

        return write


def _address(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


@cache
def _library() -> ctypes.CDLL | None:
    """The compiled code, or None without a compiler."""
    source = files("nalm.training").joinpath("uniform_data.cpp").read_text()
    try:
        return ctypes.CDLL(str(build(source, flags=("-ftree-loop-vectorize", "-fno-math-errno", "-mprefer-vector-width=512"))))
    except NoCompiler:
        return None


def open_source(task: Task, seed: int, family: Family, batch: int) -> Source:
    """The fastest source of the training data of `task`; all of them give the same numbers."""
    simple = task.distribution.family == "uniform" and not task.interpolation_range.is_pair
    library = _library() if simple and family == "paper" else None
    if library is None:
        return _GeneralSource(task, seed, family, batch)
    return _UniformSource(library, task, seed, batch)


class Data:
    """All data sets of `runs`, which share batch size and family of streams."""

    def __init__(self, runs: Sequence[Run]) -> None:
        settings = runs[0].training
        self._family = settings.streams
        self._sources: dict[Hashable, Source] = {}
        self._positions: dict[Hashable, int] = {}
        self._evaluation: dict[Hashable, np.ndarray] = {}
        owners: list[tuple[Source, Run]] = []
        for run in runs:
            stream = stream_key(run)
            if stream not in self._sources:
                self._sources[stream] = open_source(run.task, run.seed, self._family, settings.batch_size)
            if (stream, run.task) not in self._positions:
                self._positions[stream, run.task] = len(owners)
                owners.append((self._sources[stream], run))
        rows = [run.task.in_features + run.task.out_features for _, run in owners]
        floats = settings.batch_size * sum(rows)
        self.steps = int(np.clip(BLOCK_FLOATS // floats, LEAST_BLOCK, MOST_BLOCK))
        shapes = [(self.steps, count, settings.batch_size) for count in rows]
        self._buffers = [np.empty(shape, dtype=np.float32) for shape in shapes]
        self._writers = [
            source.writer(run, out) for (source, run), out in zip(owners, self._buffers, strict=True)
        ]

    def index(self, runs: Sequence[Run]) -> np.ndarray:
        """Which training data set each run reads."""
        return np.array([self._positions[stream_key(run), run.task] for run in runs], dtype=np.int64)

    def draw(self, steps: int) -> list[np.ndarray]:
        """The training data sets of the next `steps` steps, `[steps, features, batch]` each, until the next call."""
        for source in self._sources.values():
            source.draw(steps)
        for write in self._writers:
            write()
        return [buffer[:steps] for buffer in self._buffers]

    def evaluation(self, run: Run, part: Part) -> np.ndarray:
        """Inputs and targets `[features, samples]` of a run's validation or test set."""
        settings = run.training
        samples = settings.validation_samples if part == "validation" else settings.test_samples
        key = (part, run.task, run.task.evaluation_key(run.seed, self._family), samples)
        if key not in self._evaluation:
            x, t = run.task.evaluation_set(part, run.seed, self._family, samples)
            self._evaluation[key] = np.ascontiguousarray(np.concatenate([x, t], axis=1).T)
        return self._evaluation[key]
