"""Compiled uniform random numbers: the data of the arithmetic tasks and the noise of stochastic units.

Bit for bit what NumPy's legacy generator and PyTorch's CPU generator give; both are MT19937.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import get_args

import numpy as np
import torch

from nalm.runs import Run
from nalm.tasks import Operation
from nalm.training import kernel_cache
from nalm.training.native import NoCompilerError, address, build
from nalm.training.randomness import Draw, NoiseStream

# the most rows that the compiled code works on at a time
_TILE = 128
_WORDS = 624


@cache
def library() -> ctypes.CDLL | None:
    """The compiled code, or None without a compiler."""
    source = files("nalm.training").joinpath("uniforms.cpp").read_text()
    flags = ("-ftree-loop-vectorize", "-fno-math-errno", "-mprefer-vector-width=512")
    description = f"uniforms {flags} {source}"
    path = kernel_cache.find(description)
    try:
        loaded = ctypes.CDLL(str(path or kernel_cache.keep(description, build(source, flags))))
    except NoCompilerError:
        return None
    for name in ("draw", "write", "noise"):
        getattr(loaded, name).restype = None
    return loaded


def _integers(*values: int) -> tuple[ctypes.c_int64, ...]:
    return tuple(ctypes.c_int64(value) for value in values)


class UniformLanes:
    """Uniforms `[steps, inputs, batch]` of a legacy NumPy stream, and the data sets that tasks make of them."""

    def __init__(self, compiled: ctypes.CDLL, seed: int, inputs: int, batch: int, steps: int) -> None:
        self._compiled = compiled
        state = np.random.RandomState(seed).get_state(legacy=False)["state"]
        self._key = state["key"].astype(np.uint32)
        self._position = np.array([state["pos"]], dtype=np.int64)
        count = batch * inputs
        self._words = np.empty(2 * count, dtype=np.uint32)
        self._row_major = np.empty(count)
        self._lanes = np.empty((steps, inputs, batch))
        self._tile = np.empty(inputs * _TILE)
        self._sizes = _integers(batch, inputs)

    def bind(self, runs: Sequence[Run], outs: Sequence[np.ndarray]) -> None:
        """Write for each of `runs` into its own array of `outs`, `[steps, inputs + 1, batch]`, from now on."""
        intervals = [run.task.interpolation_range.intervals[0] for run in runs]
        slices = [run.task.operands(run.seed, "paper") for run in runs]
        operations = get_args(Operation)
        self._arrays = (
            np.array([lower for lower, _ in intervals], dtype=np.float64),
            np.array([upper - lower for lower, upper in intervals], dtype=np.float64),
            np.array([operations.index(run.task.operation) for run in runs], dtype=np.int64),
            np.array([len(pairs) for pairs in slices], dtype=np.int64),
            np.array([bound for pairs in slices for pair in pairs for bound in pair], dtype=np.int64),
            self._tile,
            np.array([out.ctypes.data for out in outs], dtype=np.int64),
        )
        self._outs = tuple(outs)
        self._task_arguments = (*_integers(len(runs)), *(address(array) for array in self._arrays))

    def next(self, steps: int) -> None:
        """Draw the next `steps` steps and write all data sets."""
        assert steps <= len(self._lanes)
        count, lanes = ctypes.c_int64(steps), address(self._lanes)
        state = (address(self._key), address(self._position))
        self._compiled.draw(*state, count, *self._sizes, address(self._words), address(self._row_major), lanes)
        self._compiled.write(lanes, count, *self._sizes, *self._task_arguments)


class UniformNoise:
    """The next numbers of a PyTorch CPU generator as `torch.rand` gives them, lane by lane."""

    def __init__(self, compiled: ctypes.CDLL, generator: torch.Generator, widths: Sequence[int], batch: int) -> None:
        self._compiled = compiled
        self._key, self._position = _mt19937_state(generator)
        self._widths = np.array(widths, dtype=np.int64)
        self._batch = batch
        self._words = np.empty(batch * sum(widths), dtype=np.uint32)

    def take(self, steps: int) -> np.ndarray:
        """The noise of the next steps, `[steps, lanes * batch]`."""
        out = np.empty((steps, len(self._words)), dtype=np.float32)
        self._compiled.noise(
            address(self._key),
            address(self._position),
            *_integers(steps, self._batch, len(self._widths)),
            *(address(array) for array in (self._widths, self._words, out)),
        )
        return out


def open_noise(generator: torch.Generator, draws: Sequence[Draw], batch: int) -> NoiseStream | UniformNoise:
    """The fastest source of the noise that `draws` ask for; both give the same numbers."""
    plain = all(d.distribution == "uniform" and len(d.shape) == 2 and d.shape[0] == batch for d in draws)
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
