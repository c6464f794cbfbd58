"""The native lowering: each network's step as one C++ function."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
import torch

from nalm.runs.record import MadeBy
from nalm.training.headers import HEADER
from nalm.training.kernel.arrays import Array, Arrays, Symbols, UnsupportedError, plain
from nalm.training.kernel.cpp import OutputSlot, Sizes, evaluation_function, training_function
from nalm.training.kernel.expressions import Axis, Expression, Graph
from nalm.training.kernel.trace import scalarise, trace
from nalm.training.lowerings._base import Inputs, Lowered, Program
from nalm.training.step.noise import lane_axis
from nalm.training.step.step import Step
from nalm.training.toolchain import Library, address, load

# From this many inputs on, their dimension is a loop of the kernel instead of being unrolled.
WIDE = 24

# Evaluation sets of wide networks are read in parts of at most this many samples, one after the other in memory.
MOST_WIDE_ROWS = 96

# Their nested loops are bound by arithmetic: let the compiler fuse multiplications with additions.
WIDE_FLAGS = ("-ffp-contract=fast",)

# Above this the compiler takes minutes and the registers are long gone; wide networks are better off as tensors.
MOST_EXPRESSIONS = 12_000


@dataclass(frozen=True)
class NativeCode(Lowered):
    """A network's compiled functions, ready to be loaded by any process of this machine.

    Attributes:
        library: their code.
        evaluation_rows: how many samples the evaluation functions take.
        constants: see `Lowered`.
    """

    library: Library
    evaluation_rows: tuple[int, ...]
    constants: str = ""

    def program(self, new_step: Callable[[], Step]) -> NativeProgram:
        """See `Lowered.program`."""
        return NativeProgram(self)


def generate(step: Step, evaluation_rows: Sequence[int]) -> str:
    """Trace, scalarise and print `step`, with an evaluation function for each of `evaluation_rows`.

    Raises:
        UnsupportedError: the network's step has no scalar form, or is too large for one.
    """
    width = _wide(step)
    try:
        return _generate(step, evaluation_rows, width)
    except UnsupportedError:
        if width is None:
            raise
    return _generate(step, evaluation_rows, None)


def _wide(step: Step) -> int | None:
    """Return the width that is kept as an axis of its own, or None for a network whose inputs are few."""
    return step.features[0] if step.features[0] >= WIDE else None


def _generate(step: Step, evaluation_rows: Sequence[int], wide: int | None, guarded: bool = False) -> str:
    training = _Tracing(step, step.settings.batch_size, wide, guarded)
    inputs, sizes = training.inputs()
    updated = training.scalarised(step.train_tensors, inputs)
    if training.has_wide_products and not guarded:
        return _generate(step, evaluation_rows, wide, guarded=True)
    measured = training.scalarised(step.measure_tensors, inputs)
    parts = [
        HEADER,
        training_function(updated, training.output_slots(), sizes, step.finite_count),
        evaluation_function("measure", measured, sizes),
    ]
    for rows in dict.fromkeys(evaluation_rows):
        evaluation = _Tracing(step, rows, wide, guarded)
        error = evaluation.scalarised(step.error_tensors, evaluation.evaluation_inputs())
        here = replace(sizes, rows=rows, run=0, schedule=0, noise_lanes=0, noise=0)
        parts.append(evaluation_function(f"error_{rows}", error, here))
    return "\n".join(parts)


class _Tracing:
    """One graph of expressions, and the symbolic inputs of a step's functions in it."""

    def __init__(self, step: Step, rows: int, wide: int | None, guarded: bool) -> None:
        self._step = step
        self._rows = rows
        self._wide = wide
        self._guarded = guarded
        ordinary = {size for shape in step.shapes for size in shape} | set(step.features)
        if rows in ordinary:
            raise UnsupportedError(f"a batch size of {rows} that equals a width of the network")
        self._graph = Graph()
        sizes: dict[Axis, int] = {"batch": rows} if wide is None else {"batch": rows, "wide": wide}
        self._algebra = Arrays(self._graph, sizes)

    @property
    def has_wide_products(self) -> bool:
        """Whether there are products over the inputs of a wide layer in what was scalarised."""
        return self._graph.has("product wide")

    def scalarised(self, function: Callable[..., Any], inputs: Sequence[Array]) -> list[Expression]:
        """Return the results of `function(state tensors, ...)`, flattened."""
        count = len(self._step.shapes)

        def flat(*tensors: torch.Tensor) -> Any:
            return function(tensors[:count], *tensors[count:])

        examples = [torch.ones(self._algebra.shape(x)) for x in inputs]
        expressions = scalarise(trace(flat, examples, self._wide, self._guarded), inputs, self._algebra)
        if len(self._graph) > MOST_EXPRESSIONS:
            found = f"a step of {len(self._graph)} scalar expressions; the kernel takes {MOST_EXPRESSIONS}"
            raise UnsupportedError(found)
        return expressions

    def _leaves(self, kind: str, shape: Sequence[int], start: int = 0, axes: Sequence[Axis] = ()) -> Array:
        values = np.empty(tuple(shape), dtype=object)
        for number, position in enumerate(np.ndindex(values.shape)):
            values[position] = self._graph.leaf(kind, start + number, axes)
        return plain(values)

    def _state(self) -> list[Array]:
        arrays, start = [], 0
        for shape in self._step.shapes:
            symbols = self._algebra.symbols_of(shape)
            if not any(symbols):
                arrays.append(self._leaves("state", shape, start))
            elif symbols[-1] == "wide":
                values = np.empty((*shape[:-1], 1), dtype=object)
                for number, position in enumerate(np.ndindex(values.shape)):
                    values[position] = self._graph.leaf("state", start + number * shape[-1], ("wide",))
                arrays.append(Array(values, symbols))
            else:
                raise UnsupportedError(f"a parameter of shape {list(shape)} whose wide dimension is not the last")
            start += prod(shape)
        return arrays

    def output_slots(self) -> list[OutputSlot]:
        """Where the expressions of an updated state go."""
        output_slots, start = [], 0
        for shape in self._step.shapes:
            count = shape[-1] if self._wide and shape and shape[-1] == self._wide else 1
            size = prod(shape)
            output_slots += [OutputSlot(at, count) for at in range(start, start + size, count)]
            start += size
        return output_slots

    def _data(self) -> list[Array]:
        width_in, width_out = self._step.features
        t = self._leaves("data", (1, width_out), width_in, ("batch",)).values
        if self._wide:
            x = self._leaves("data", (1, 1), 0, ("batch", "wide")).values
            return [Array(x, ("batch", "wide")), Array(t, ("batch", None))]
        x = self._leaves("data", (1, width_in), 0, ("batch",)).values
        return [Array(x, ("batch", None)), Array(t, ("batch", None))]

    def evaluation_inputs(self) -> list[Array]:
        """State and data."""
        return [*self._state(), *self._data()]

    def inputs(self) -> tuple[list[Array], Sizes]:
        """State, run_flags, schedule, data and noise, and how much of each there is."""
        step = self._step
        noise, lanes, scalars = [], 0, 0
        for draw in step.draws:
            axis = lane_axis(draw, self._rows)
            if any(symbol == "wide" for symbol in self._algebra.symbols_of(draw.shape)):
                raise UnsupportedError("noise on the inputs of a wide layer")
            if axis is None:
                noise.append(self._leaves("noise", draw.shape, scalars))
                scalars += draw.size
            else:
                shape = [1 if i == axis else size for i, size in enumerate(draw.shape)]
                symbols: Symbols = tuple("batch" if i == axis else None for i in range(len(shape)))
                noise.append(Array(self._leaves("noise", shape, lanes, ("batch",)).values, symbols))
                lanes += draw.size // self._rows
        sizes = Sizes(
            rows=self._rows,
            wide=self._wide,
            state=step.state_size,
            run=len(step.run_flags),
            schedule=len(step.columns),
            data_lanes=sum(step.features),
            noise_lanes=lanes,
            noise=scalars,
        )
        own = [self._leaves("run", (len(step.run_flags),)), self._leaves("schedule", (len(step.columns),))]
        return [*self._state(), *own, *self._data(), *noise], sizes


def _pointers(arrays: Sequence[Any], index: np.ndarray) -> np.ndarray:
    addresses = np.array([a.__array_interface__["data"][0] for a in arrays], dtype=np.int64)
    chosen: np.ndarray = addresses[index]
    return chosen


def evaluation_rows(samples: int, in_features: int) -> int:
    """How many samples an evaluation function takes at once: all, or for wide networks as many as stay in the cache."""
    if in_features < WIDE:
        return samples
    return max(rows for rows in range(1, min(samples, MOST_WIDE_ROWS) + 1) if samples % rows == 0)


class TrainingCall(ctypes.Structure):
    """The arguments of one call of a kernel's `train`; see `train_chunks` of the trainer's compiled code."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("train", "states", "run_table", "schedule", "prepare", "data", "noise")),
        ("runs", ctypes.c_int64),
        ("failed", ctypes.c_void_p),
    ]


BoundCall = tuple[TrainingCall, tuple[np.ndarray, ...]]
"""A call, and the arrays that it points to and does not keep alive."""


class NativeProgram(Program):
    """A compiled network. All arrays are C-contiguous float32 unless said otherwise.

    Attributes:
        code: what was compiled.
    """

    # a call's cost per step does not depend on how many runs it has
    trains_streams_together = False

    def __init__(self, code: NativeCode) -> None:
        self.code = code
        library = code.library
        self.made_by = MadeBy("a kernel", library.compiler, library.flags, library.instructions)
        self._library = load(code.library)
        for name in ("train", "measure", *(f"error_{rows}" for rows in code.evaluation_rows)):
            getattr(self._library, name).restype = None

    @staticmethod
    def _arguments(inputs: Inputs) -> tuple[list[Any], tuple[np.ndarray, ...]]:
        """Return the arguments that all functions share, and the arrays that they point to."""
        data = inputs.data
        prepared = getattr(data[0], "function", None)
        start = data[0].start if prepared else 0
        pointers = _pointers([block.context for block in data] if prepared else data, inputs.data_index)
        alive = (pointers, _pointers(inputs.noise, inputs.noise_index))
        arguments = [
            address(inputs.run_flags),
            address(inputs.schedule),
            ctypes.c_void_p(prepared),
            ctypes.c_int64(start),
            *(address(array) for array in alive),
            ctypes.c_int64(len(pointers)),
        ]
        return arguments, alive

    def train(self, states: np.ndarray, inputs: Inputs, failed: np.ndarray) -> None:
        """See `Program.train`."""
        arguments, alive = self._arguments(inputs)
        steps = ctypes.c_int64(0), ctypes.c_int64(inputs.steps)
        self._library.train(address(states), *arguments, *steps, address(failed))
        assert alive

    def bound(self, states: np.ndarray, inputs: Inputs, failed: np.ndarray) -> BoundCall:
        """Return the call that `train` makes, to be made elsewhere."""
        (run_table, schedule, prepare, _, data, noise, runs), alive = self._arguments(inputs)
        function = ctypes.cast(self._library.train, ctypes.c_void_p)
        call = TrainingCall(function, address(states), run_table, schedule, prepare, data, noise, runs, address(failed))
        return call, (*alive, inputs.run_flags, inputs.schedule)

    def measure(self, states: np.ndarray, inputs: Inputs) -> np.ndarray:
        """See `Program.measure`."""
        result = np.empty((len(states), 2), dtype=np.float32)
        arguments, alive = self._arguments(inputs)
        self._library.measure(address(states), *arguments, ctypes.c_int64(1), address(result))
        assert alive
        return result

    def error(self, states: np.ndarray, sets: Sequence[np.ndarray], set_index: np.ndarray) -> np.ndarray:
        """See `Program.error`."""
        chunks, _, rows = sets[0].shape
        function = getattr(self._library, f"error_{rows}")
        result = np.empty(len(states), dtype=np.float32)
        nothing = np.zeros(1, dtype=np.float32)
        arguments, alive = self._arguments(Inputs(nothing, nothing, sets, set_index, sets, set_index))
        function(address(states), *arguments, ctypes.c_int64(chunks), address(result))
        assert alive
        return result

    def evaluation_rows(self, samples: int, in_features: int) -> int:
        """Return samples per chunk of an evaluation set."""
        return evaluation_rows(samples, in_features)
