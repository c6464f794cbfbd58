"""The updates between two logged steps: a block at a time, or all by one call of compiled code.

Where every network has a kernel and compiled code makes all data and noise, the call goes through the steps in chunks:
what is drawn for one is read by all runs while it is in the cache. Otherwise each network is trained for a block of
steps in turn. Both make the same updates of the same numbers.
"""

from __future__ import annotations

import ctypes
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from nalm.training.lowerings._base import Inputs
from nalm.training.lowerings.native import BoundCall, NativeProgram, TrainingCall
from nalm.training.stacked import uniforms
from nalm.training.stacked.data import Data, features
from nalm.training.stacked.group import Group
from nalm.training.stacked.networks import StackedNetworks
from nalm.training.stacked.uniforms import Filler

# inputs and targets, for one row of the batch, that a call reads: after a fraction of a second an interrupt is heard
MOST_READ = 2**20


class Loop(ABC):
    """Makes the updates of the runs of some groups."""

    @abstractmethod
    def advance(self, start: int, stop: int) -> None:
        """Make those of the steps from `start`, a logged one, to `stop`."""


class Blocks(Loop):
    """One network after the other, for a block of steps that stays in the cache."""

    def __init__(self, groups: Sequence[Group], data: Data) -> None:
        self._groups, self._data = groups, data

    def advance(self, start: int, stop: int) -> None:
        """See `Loop.advance`."""
        for first in range(start, stop, self._data.steps):
            blocks = self._data.draw(min(self._data.steps, stop - first))
            for group in self._groups:
                group.advance(first, blocks, logged=first == start)


class _Filled(ctypes.Structure):
    _fields_ = [("fill", ctypes.c_void_p), ("context", ctypes.c_void_p)]


class Chunks(Loop):
    """All networks at once, by one call of compiled code."""

    def __init__(self, groups: Sequence[Group], data: Data) -> None:
        compiled = uniforms.library()
        assert compiled is not None
        self._compiled, self._groups, self._chunk = compiled, groups, data.chunk
        sources = data.filled()
        self._data = [block for source in sources for block in source.blocks]
        self._fillers: list[Filler] = [source.filler for source in sources if source.filler is not None]
        self._noise: list[tuple[Sequence[np.ndarray], np.ndarray]] = []
        for group in groups:
            assert isinstance(group.networks, StackedNetworks)
            fillers, buffers, index = group.networks.noise_filled(self._chunk)
            self._fillers += fillers
            self._noise.append((buffers, index))
        self._filled = (_Filled * len(self._fillers))(*(_Filled(f.function, f.context) for f in self._fillers))
        read = sum(len(group.runs) * features(group.runs[0]) for group in groups)
        self._at_once = max(1, MOST_READ // read)

    @staticmethod
    def can_train(groups: Sequence[Group], data: Data) -> bool:
        """Whether compiled code does all that training `groups` needs."""
        return data.can_be_filled and all(
            isinstance(group.networks, StackedNetworks)
            and isinstance(group.networks.program, NativeProgram)
            and group.networks.noise_can_be_filled
            and not group.is_redrawn
            for group in groups
        )

    def advance(self, start: int, stop: int) -> None:
        """See `Loop.advance`."""
        for first in range(start, stop, self._at_once):
            self._train(first, min(self._at_once, stop - first), logged=first == start)

    def _train(self, start: int, count: int, logged: bool) -> None:
        for filler in self._fillers:
            filler.fill(min(self._chunk, count))
        before = [group.failed >= 0 for group in self._groups]
        calls = [
            self._call(group, noise, start, count, logged)
            for group, noise in zip(self._groups, self._noise, strict=True)
        ]
        self._compiled.train_chunks(
            self._filled,
            ctypes.c_int64(len(self._filled)),
            (TrainingCall * len(calls))(*(call for call, _ in calls)),
            *map(ctypes.c_int64, (len(calls), count, self._chunk)),
        )
        for group, were in zip(self._groups, before, strict=True):
            group.note_failures(start, were)

    def _call(
        self, group: Group, noise: tuple[Sequence[np.ndarray], np.ndarray], start: int, count: int, logged: bool
    ) -> BoundCall:
        inputs = Inputs(group.run_flags, group.schedule(start, count), self._data, group.data_index, *noise)
        if logged:
            group.measure(inputs)
        assert isinstance(group.networks, StackedNetworks)
        return group.networks.bound(inputs, group.failed)


def open_loop(groups: Sequence[Group], data: Data) -> Loop:
    """Return the fastest loop for `groups`."""
    return Chunks(groups, data) if Chunks.can_train(groups, data) else Blocks(groups, data)
