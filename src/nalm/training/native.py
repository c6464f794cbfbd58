"""The native lowering: each network's step as one C++ function, compiled by PyTorch's own tool chain.

All private names of PyTorch that nalm needs are used in this file and in `trace`; `pyproject.toml` pins the version.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nalm.training.arrays import Array, UnsupportedError
from nalm.training.codegen import PRELUDE, Sizes, reading_function, training_function
from nalm.training.expressions import Graph
from nalm.training.randomness import Draw, lane_axis
from nalm.training.step import Step
from nalm.training.trace import scalarise, trace

# Above this the compiler takes minutes and the registers are long gone; wide networks are better off as tensors.
MOST_EXPRESSIONS = 12_000


class NoCompilerError(Exception):
    """No C++ compiler works here."""


@dataclass(frozen=True)
class NativeCode:
    """A network's compiled functions, ready to be loaded by any process of this machine."""

    library: Path
    evaluation_rows: tuple[int, ...]


def generate(step: Step, evaluation_rows: Sequence[int]) -> str:
    """Trace, scalarise and print `step`, with an evaluation function for each of `evaluation_rows`.

    Raises:
        UnsupportedError: the network's step has no scalar form, or is too large for one.
    """
    rows = step.settings.batch_size
    _refuse_ambiguous(step, rows)
    graph = Graph()
    inputs, sizes = _training_inputs(step, graph)
    examples = _examples(step, rows)
    updated = scalarise(trace(step.train, examples), inputs, graph, rows)
    _refuse_large(graph)
    parts = [PRELUDE, training_function(updated, sizes, step.parameter_count)]
    measured = scalarise(trace(step.measure, examples), inputs, graph, rows)
    parts.append(reading_function("measure", measured, sizes))
    for count in dict.fromkeys(evaluation_rows):
        _refuse_ambiguous(step, count)
        graph = Graph()
        state, *_, x, t = _inputs(step, graph)
        sizes_here = replace(sizes, rows=count, run=0, schedule=0, noise_lanes=0, noise=0)
        examples = [torch.zeros(step.state_size), *(torch.ones(count, width) for width in step.features)]
        error = scalarise(trace(step.error, examples), [state, x, t], graph, count)
        parts.append(reading_function(f"error_{count}", error, sizes_here))
    return "\n".join(parts)


def _refuse_ambiguous(step: Step, rows: int) -> None:
    widths = {size for shape in step.parameters.values() for size in shape} | set(step.features)
    if rows in widths:
        raise UnsupportedError(f"a batch size of {rows} that equals a width of the network")


def _refuse_large(graph: Graph) -> None:
    if len(graph) > MOST_EXPRESSIONS:
        raise UnsupportedError(f"a step of {len(graph)} scalar expressions; the kernel takes {MOST_EXPRESSIONS}")


def _examples(step: Step, rows: int) -> list[torch.Tensor]:
    return [
        torch.zeros(step.state_size),
        torch.zeros(len(step.switches)),
        torch.ones(len(step.columns)),
        torch.ones(rows, step.features[0]),
        torch.ones(rows, step.features[1]),
        *(torch.zeros(draw.shape) for draw in step.draws),
    ]


def _leaves(graph: Graph, kind: str, count: int, start: int = 0) -> np.ndarray:
    values = np.empty(count, dtype=object)
    values[:] = [graph.leaf(kind, start + i) for i in range(count)]
    return values


def _inputs(step: Step, graph: Graph) -> list[Array]:
    width_in, width_out = step.features
    return [
        Array(_leaves(graph, "state", step.state_size)),
        Array(_leaves(graph, "run", len(step.switches))),
        Array(_leaves(graph, "schedule", len(step.columns))),
        Array(_leaves(graph, "data lanes", width_in)[None, :], 0),
        Array(_leaves(graph, "data lanes", width_out, width_in)[None, :], 0),
    ]


def _training_inputs(step: Step, graph: Graph) -> tuple[list[Array], Sizes]:
    rows = step.settings.batch_size
    noise, lanes, scalars = [], 0, 0
    for draw in step.draws:
        axis = lane_axis(draw, rows)
        if axis is None:
            noise.append(Array(_leaves(graph, "noise", draw.size, scalars).reshape(draw.shape)))
            scalars += draw.size
        else:
            noise.append(_noise_lanes(graph, draw, axis, lanes))
            lanes += draw.size // rows
    sizes = Sizes(
        rows=rows,
        state=step.state_size,
        run=len(step.switches),
        schedule=len(step.columns),
        data_lanes=sum(step.features),
        noise_lanes=lanes,
        noise=scalars,
    )
    return [*_inputs(step, graph), *noise], sizes


def _noise_lanes(graph: Graph, draw: Draw, axis: int, start: int) -> Array:
    shape = [size for i, size in enumerate(draw.shape) if i != axis]
    values = _leaves(graph, "noise lanes", int(np.prod(shape)), start).reshape(shape)
    return Array(np.expand_dims(values, axis), axis)


@cache
def build(source: str, flags: tuple[str, ...] = ()) -> Path:
    """Compile, or take from PyTorch's own cache; the path of the library.

    Args:
        source: C++.
        flags: compiler flags in addition to PyTorch's.

    Raises:
        NoCompilerError: no C++ compiler was found, or it cannot build PyTorch's headers.
    """
    from torch._inductor import exc
    from torch._inductor.codecache import CppCodeCache

    try:
        return Path(CppCodeCache.load(source, extra_flags=flags)._name)
    except (exc.InvalidCxxCompiler, exc.InductorError, FileNotFoundError) as error:
        raise NoCompilerError(str(error).splitlines()[0]) from error
    except exc.CppCompileError as error:
        if source == PRELUDE:
            raise NoCompilerError(str(error).splitlines()[0]) from error
        # a compiler that cannot build even the headers is none; otherwise the fault is in what was generated
        build(PRELUDE)
        raise


def _pointers(arrays: Sequence[np.ndarray], index: np.ndarray) -> np.ndarray:
    addresses = np.array([a.__array_interface__["data"][0] for a in arrays], dtype=np.int64)
    chosen: np.ndarray = addresses[index]
    return chosen


def address(array: np.ndarray) -> ctypes.c_void_p:
    """Where the array's values are; the caller keeps the array alive."""
    return ctypes.c_void_p(array.__array_interface__["data"][0])  # half the cost of `array.ctypes`


class NativeProgram:
    """A compiled network. All arrays are C-contiguous float32 unless said otherwise.

    Attributes:
        code: what was compiled.
    """

    # a call's cost per step does not depend on how many runs it has
    trains_streams_together = False

    def __init__(self, code: NativeCode) -> None:
        self.code = code
        self._library = ctypes.CDLL(str(code.library))
        for name in ("train", "measure", *(f"error_{rows}" for rows in code.evaluation_rows)):
            getattr(self._library, name).restype = None

    def _inputs(
        self,
        run: np.ndarray,
        schedule: np.ndarray,
        data: np.ndarray,
        noise: np.ndarray,
    ) -> list[Any]:
        return [address(run), address(schedule), address(data), address(noise), ctypes.c_int64(len(data))]

    def train(
        self,
        states: np.ndarray,
        run: np.ndarray,
        schedule: np.ndarray,
        data: Sequence[np.ndarray],
        data_index: np.ndarray,
        noise: Sequence[np.ndarray],
        noise_index: np.ndarray,
        failed: np.ndarray,
    ) -> None:
        """Advance `states` `[runs, state]` in place by one step per row of `schedule`.

        `data[data_index[n]]` is `[steps, features, batch]`, `noise[noise_index[n]]` `[steps, floats]`; `failed`
        (int64, -1 while all is well) receives the index of the step at which a run's parameters stopped being finite.
        """
        data_of_run, noise_of_run = _pointers(data, data_index), _pointers(noise, noise_index)
        self._library.train(
            address(states),
            *self._inputs(run, schedule, data_of_run, noise_of_run),
            ctypes.c_int64(len(schedule)),
            address(failed),
        )

    def measure(
        self,
        states: np.ndarray,
        run: np.ndarray,
        schedule: np.ndarray,
        data: Sequence[np.ndarray],
        data_index: np.ndarray,
        noise: Sequence[np.ndarray],
        noise_index: np.ndarray,
    ) -> np.ndarray:
        """Criterion and penalty `[runs, 2]` on the first step's batch."""
        result = np.empty((len(states), 2), dtype=np.float32)
        data_of_run, noise_of_run = _pointers(data, data_index), _pointers(noise, noise_index)
        self._library.measure(address(states), *self._inputs(run, schedule, data_of_run, noise_of_run), address(result))
        return result

    def error(self, states: np.ndarray, sets: Sequence[np.ndarray], set_index: np.ndarray) -> np.ndarray:
        """Mean squared error `[runs]` on `sets[set_index[n]]`, each `[features, samples]`."""
        result = np.empty(len(states), dtype=np.float32)
        pointers = _pointers(sets, set_index)
        function = getattr(self._library, f"error_{sets[0].shape[1]}")
        none = np.zeros(1, dtype=np.float32)
        function(address(states), *self._inputs(none, none, pointers, pointers), address(result))
        return result
