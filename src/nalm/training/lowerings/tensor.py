"""The tensor lowering: one tensor program for all runs of a network, by `torch.func.vmap` over their stacked state.

Used for networks that the native kernel does not take, and where no C++ compiler works.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor
from torch.func import vmap

from nalm.runs.record import MadeBy
from nalm.training.kernel.trace import UnrolledProducts
from nalm.training.lowerings._base import Inputs, Program
from nalm.training.step.initial import ONE_AT_A_TIME
from nalm.training.step.noise import unpacked
from nalm.training.step.step import Step

# evaluation sets are large: this many values are held at once
MOST_EVALUATION_VALUES = 2**24


@contextmanager
def _together() -> Iterator[None]:
    """Let a step be evaluated for all runs at once inside a `with` block; PyTorch's advice on its speed is no news."""
    with ONE_AT_A_TIME, UnrolledProducts(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "There is a performance drop")
        yield


class TensorProgram(Program):
    """Evaluates a step for all runs at once by ordinary tensor operations."""

    # a call costs the same for one run as for hundreds
    trains_streams_together = True

    def __init__(self, step: Step) -> None:
        self.step = step
        self.made_by = MadeBy("a tensor program", instructions=torch.backends.cpu.get_cpu_capability())
        noise = [0] * len(step.draws)
        self._train = vmap(step.train, in_dims=(0, 0, None, 0, 0, *noise))
        self._measure = vmap(step.measure, in_dims=(0, 0, None, 0, 0, *noise))
        self._error = vmap(step.error)

    def _split(self, data: Tensor) -> tuple[Tensor, Tensor]:
        """Return inputs and targets `[runs, batch, features]` from `[runs, features, batch]`."""
        x, t = torch.split(data.transpose(-1, -2), list(self.step.features), dim=-1)
        return x, t

    def _noise(self, flat: Tensor) -> list[Tensor]:
        return unpacked(flat, self.step.draws, self.step.settings.batch_size)

    def train(self, states: np.ndarray, inputs: Inputs, failed: np.ndarray) -> None:
        """See `Program.train`."""
        state, run_flags = torch.from_numpy(states), torch.from_numpy(inputs.run_flags)
        table = torch.from_numpy(inputs.schedule)
        batches = torch.from_numpy(np.stack([np.asarray(block) for block in inputs.data]))
        random = torch.from_numpy(np.stack(inputs.noise))
        which, which_noise = torch.from_numpy(inputs.data_index), torch.from_numpy(inputs.noise_index)
        alive = torch.from_numpy(failed < 0)
        checked = self.step.finite_count
        with _together():
            for k in range(inputs.steps):
                x, t = self._split(batches[:, k][which])
                new = self._train(state, run_flags, table[k], x, t, *self._noise(random[:, k][which_noise])).detach()
                state = torch.where(alive[:, None], new, state)
                diverged = alive & ~torch.isfinite(state[:, :checked].sum(1))
                if diverged.any():
                    failed[diverged.numpy()] = k
                    alive = alive & ~diverged
        states[...] = state.numpy()

    def measure(self, states: np.ndarray, inputs: Inputs) -> np.ndarray:
        """See `Program.measure`."""
        x, t = self._split(torch.from_numpy(np.stack([np.asarray(inputs.data[i][:1])[0] for i in inputs.data_index])))
        random = self._noise(torch.from_numpy(np.stack([inputs.noise[i][0] for i in inputs.noise_index])))
        with _together(), torch.no_grad():
            table = torch.from_numpy(inputs.schedule[0])
            run_flags = torch.from_numpy(inputs.run_flags)
            measured: np.ndarray = self._measure(torch.from_numpy(states), run_flags, table, x, t, *random).numpy()
        return measured

    def error(self, states: np.ndarray, sets: Sequence[np.ndarray], set_index: np.ndarray) -> np.ndarray:
        """See `Program.error`."""
        at_once = max(1, MOST_EVALUATION_VALUES // sets[0].size)
        parts = []
        with _together(), torch.no_grad():
            for start in range(0, len(states), at_once):
                chosen = set_index[start : start + at_once]
                x, t = self._split(torch.from_numpy(np.stack([sets[i][0] for i in chosen])))
                parts.append(self._error(torch.from_numpy(states[start : start + at_once]), x, t)[:, 0])
        return torch.cat(parts).numpy()
