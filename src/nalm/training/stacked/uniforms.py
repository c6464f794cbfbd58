"""Compiled uniform random numbers: the data of the arithmetic tasks and the noise of stochastic units.

Those of `paper` streams are bit for bit those of NumPy's legacy generator and of PyTorch's, both MT19937.
The data of `fast` streams come from Philox.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import torch

from nalm.streams import Family, philox_key
from nalm.tasks import OPERATIONS, OperationInfo
from nalm.training import toolchain
from nalm.training.stacked.batches import ArithmeticRun
from nalm.training.step.noise import Draw, NoiseStream
from nalm.training.toolchain import address
from nalm.training.torch_specific import UnknownTorchError

_WORDS = 624


@cache
def library() -> ctypes.CDLL | None:
    """Return the compiled code, or None without a compiler."""
    expressed = [operation for operation in OPERATIONS.values() if operation.cpp is not None]
    source = files("nalm.training.stacked").joinpath("uniforms.cpp").read_text() + "".join(map(_defined, expressed))
    flags = ("-ftree-loop-vectorize", "-fno-math-errno", "-mprefer-vector-width=512")
    description = f"uniforms {flags} {source}"
    known = toolchain.recall(description)
    try:
        found = known[0] if known else toolchain.build(source, flags)
        loaded = toolchain.load(found)
    except (toolchain.NoCompilerError, toolchain.CompilationError, UnknownTorchError):
        return None  # NumPy draws the same
    if known is None:
        toolchain.remember(description, found)
    for name in ("fill_lanes", "fill_data", "fill_noise", "make_context", "train_chunks"):
        getattr(loaded, name).restype = None
    loaded.context_size.restype = ctypes.c_int64
    for operation in expressed:
        getattr(loaded, f"operation_{operation.name}").restype = ctypes.c_void_p
    return loaded


def _defined(operation: OperationInfo) -> str:
    """Return what `uniforms.cpp` takes for `operation`."""
    names = ("a",) if operation.arity == 1 else ("a", "b")
    doubles, floats = (", ".join(f"{kind} {name}" for name in names) for kind in ("double", "float"))
    return f"OPERATION({operation.name}, ({doubles}), ({floats}), {operation.cpp})\n"


def is_plain(run: ArithmeticRun) -> bool:
    """Whether the inputs of `run` are uniform on one interval."""
    task = run.task
    return task.is_plain and task.distribution.family == "uniform" and not task.interpolation_range.is_pair


def can_make(run: ArithmeticRun) -> bool:
    """Whether compiled code gives the training data of `run`."""
    expressed = is_plain(run) and OPERATIONS[run.task.operation].cpp is not None
    return expressed and run.task.out_features == 1 and library() is not None


def _integers(*values: int) -> tuple[ctypes.c_int64, ...]:
    return tuple(ctypes.c_int64(value) for value in values)


@dataclass(frozen=True)
class Prepared:
    """The data of some steps of one task, made step by step by compiled code just before they are read.

    Attributes:
        function: address of the C function `const float* prepare(void* context, int64_t step)`.
        context: its first argument, an object that keeps what it points to alive.
        start, steps: which steps of the uniforms drawn last.
        shape: of one step, `[features, batch]`.
    """

    function: int
    context: np.ndarray
    start: int
    steps: int
    shape: tuple[int, int]

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, part: slice) -> Prepared:
        chosen = range(self.steps)[part]
        return Prepared(self.function, self.context, self.start + chosen.start, len(chosen), self.shape)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """All steps, `[steps, features, batch]`."""
        call = ctypes.CFUNCTYPE(ctypes.POINTER(ctypes.c_float), ctypes.c_void_p, ctypes.c_int64)(self.function)
        context = address(self.context)
        steps = range(self.start, self.start + self.steps)
        return np.stack([np.ctypeslib.as_array(call(context, k), self.shape).copy() for k in steps])


class Filler:
    """Compiled code that writes the numbers of the next steps into buffers that their readers know.

    Attributes:
        function: address of the C function `void fill(void* context, int64_t steps)`.
        context: address of its first argument.
    """

    def __init__(self, function: Any, context: ctypes.Structure, alive: tuple[Any, ...]) -> None:
        self.function = ctypes.cast(function, ctypes.c_void_p)
        self.context = ctypes.cast(ctypes.pointer(context), ctypes.c_void_p)
        self._call, self._alive = function, (context, alive)

    def fill(self, steps: int) -> None:
        """Go on to the next `steps` steps."""
        self._call(self.context, ctypes.c_int64(steps))


class _Lanes(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("key", "position")),
        *((name, ctypes.c_int64) for name in ("batch", "inputs")),
        *((name, ctypes.c_void_p) for name in ("words", "lanes", "float_lanes")),
        ("counter_key", ctypes.c_uint64),
        *((name, ctypes.c_int64) for name in ("step", "fills")),
    ]


class _Data(ctypes.Structure):
    _fields_ = [
        ("lanes", ctypes.c_void_p),
        ("tasks", ctypes.c_int64),
        *((name, ctypes.c_void_p) for name in ("lower", "width", "operation", "operands", "slices", "outs")),
    ]


class _Noise(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("key", "position")),
        *((name, ctypes.c_int64) for name in ("batch", "draws")),
        *((name, ctypes.c_void_p) for name in ("widths", "words", "out")),
    ]


class UniformLanes:
    """Uniforms `[steps, inputs, batch]` of a stream, and the data sets that tasks make of them.

    Those of a `paper` stream are a legacy NumPy stream's, in float64; those of a `fast` one Philox's, in float32.
    """

    def __init__(
        self, compiled: ctypes.CDLL, seed: int, inputs: int, batch: int, steps: int, family: Family = "paper"
    ) -> None:
        self._compiled = compiled
        self._inputs, self._batch, self._steps, self._family = inputs, batch, steps, family
        arrays = self._paper(seed) if family == "paper" else (np.empty((steps, inputs, batch), dtype=np.float32),)
        self._lanes: Any = address(arrays[-1]) if family == "paper" else None
        self._float_lanes: Any = address(arrays[-1]) if family == "fast" else None
        key, position, words = map(address, arrays[:3]) if family == "paper" else (None, None, None)
        counter_key = philox_key(seed) if family == "fast" else 0
        self._struct = _Lanes(key, position, batch, inputs, words, self._lanes, self._float_lanes, counter_key, 0, 0)
        self.filler = Filler(compiled.fill_lanes, self._struct, arrays)

    def _paper(self, seed: int) -> tuple[np.ndarray, ...]:
        """Return the generator's state, room for its outputs, and the lanes."""
        state = np.random.RandomState(seed).get_state(legacy=False)["state"]
        return (
            state["key"].astype(np.uint32),
            np.array([state["pos"]], dtype=np.int64),
            np.empty(2 * self._batch * self._inputs, dtype=np.uint32),
            np.empty((self._steps, self._inputs, self._batch)),
        )

    def bind(self, runs: Sequence[ArithmeticRun], outs: Sequence[np.ndarray]) -> Filler:
        """Return what draws the next steps and writes the data of each of `runs` into `outs`."""
        tasks = [_Task.of(run, self._compiled, self._family) for run in runs]
        arrays = (
            np.array([task.lower for task in tasks], dtype=np.float64),
            np.array([task.width for task in tasks], dtype=np.float64),
            np.array([task.operation for task in tasks], dtype=np.int64),
            np.array([len(task.slices) // 2 for task in tasks], dtype=np.int64),
            np.concatenate([task.slices for task in tasks]),
            np.array([out.ctypes.data for out in outs], dtype=np.int64),
        )
        struct = _Data(self.filler.context, len(tasks), *map(address, arrays))
        return Filler(self._compiled.fill_data, struct, (self.filler, arrays, tuple(outs)))

    def prepared(self, run: ArithmeticRun, out: np.ndarray, remembered: bool = False) -> Prepared:
        """Return the data of `run` for all steps, made one at a time in `out` `[inputs + 1, batch]`.

        If `remembered`, a step is not made anew where it was the last one; then no other run may share `out`.
        """
        task = _Task.of(run, self._compiled, self._family)
        size = self._compiled.context_size()
        context = np.empty(size, dtype=np.uint8).view(_Context)
        context.alive = (self.filler, out, task.slices)
        self._compiled.make_context(
            address(context),
            self._lanes,
            self._float_lanes,
            *_integers(self._batch, self._inputs),
            ctypes.c_double(task.lower),
            ctypes.c_double(task.width),
            ctypes.c_void_p(task.operation),
            *_integers(len(task.slices) // 2),
            *map(address, (task.slices, out)),
            ctypes.c_void_p(ctypes.addressof(self._struct) + _Lanes.fills.offset if remembered else None),
        )
        function = ctypes.cast(self._compiled.prepare, ctypes.c_void_p).value
        assert function is not None
        return Prepared(function, context, 0, self._steps, (self._inputs + 1, self._batch))


class _Context(np.ndarray):
    """Bytes of a C struct, with the arrays that it points to."""

    alive: tuple[Any, ...]


@dataclass(frozen=True)
class _Task:
    """What compiled code needs to know of a task; `operation` is an address."""

    lower: float
    width: float
    operation: int
    slices: np.ndarray

    @classmethod
    def of(cls, run: ArithmeticRun, compiled: ctypes.CDLL, family: Family) -> _Task:
        lower, upper = run.task.interpolation_range.intervals[0]
        bounds = [bound for pair in run.task.operands(run.seed, family) for bound in pair]
        operation = getattr(compiled, f"operation_{run.task.operation}")()
        return cls(lower, upper - lower, operation, np.array(bounds, dtype=np.int64))


class UniformNoise:
    """The next numbers of a PyTorch CPU generator as `torch.rand` gives them, lane by lane."""

    def __init__(self, compiled: ctypes.CDLL, generator: torch.Generator, widths: Sequence[int], batch: int) -> None:
        self._compiled = compiled
        self._key, self._position = _mt19937_state(generator)
        self._widths = np.array(widths, dtype=np.int64)
        self._batch = batch
        self._words = np.empty(batch * sum(widths), dtype=np.uint32)

    def filler(self, out: np.ndarray) -> Filler:
        """Return what writes the noise of the next steps into `out` `[steps, lanes * batch]`."""
        before: list[np.ndarray] = [self._key, self._position]
        after: list[np.ndarray] = [self._widths, self._words, out]
        struct = _Noise(*map(address, before), self._batch, len(self._widths), *map(address, after))
        return Filler(self._compiled.fill_noise, struct, (before, after))

    def buffer(self, steps: int) -> np.ndarray:
        """Return room for the noise of some steps."""
        return np.empty((steps, len(self._words)), dtype=np.float32)

    def take(self, steps: int) -> np.ndarray:
        """Return the noise of the next steps, `[steps, lanes * batch]`."""
        out = self.buffer(steps)
        self.filler(out).fill(steps)
        return out


def open_noise(generator: torch.Generator, draws: Sequence[Draw], batch: int) -> NoiseStream | UniformNoise:
    """Return the fastest source of the noise that `draws` ask for; both give the same numbers."""
    plain = all(
        d.distribution == "uniform" and not d.arguments and len(d.shape) == 2 and d.shape[0] == batch for d in draws
    )
    compiled = library() if draws and plain else None
    if compiled is None:
        return NoiseStream(generator, draws, batch)
    return UniformNoise(compiled, generator, [draw.shape[1] for draw in draws], batch)


def _mt19937_state(generator: torch.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Key and position, as NumPy counts it, of a PyTorch CPU generator.

    The state begins with the seed (int64), the number of outputs left plus one and a flag (int32), the next position
    (int64) and the key (uint64 each).
    """
    state = generator.get_state().numpy()
    left = int(state[8:12].view(np.int32)[0])
    following = int(state[16:24].view(np.int64)[0])
    key = state[24 : 24 + 8 * _WORDS].view(np.uint64).astype(np.uint32)
    return key, np.array([_WORDS if left == 1 else following], dtype=np.int64)
