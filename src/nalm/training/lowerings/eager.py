"""The eager lowering: one run after the other, for networks whose steps no tensor program can hold.

Slow, but it takes anything that autograd takes, Python control flow that depends on values included.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from nalm.training.lowerings._base import Inputs, Program
from nalm.training.step.noise import unpacked
from nalm.training.step.step import Step


class EagerProgram(Program):
    """Evaluates a step for one run after the other by ordinary tensor operations."""

    trains_streams_together = False

    def __init__(self, step: Step) -> None:
        self.step = step

    def _noise(self, flat: np.ndarray) -> list[Tensor]:
        parts = unpacked(torch.from_numpy(flat)[None], self.step.draws, self.step.settings.batch_size)
        return [part[0] for part in parts]

    def _split(self, data: np.ndarray) -> tuple[Tensor, Tensor]:
        x, t = torch.split(torch.from_numpy(data).T, list(self.step.features), dim=-1)
        return x, t

    def train(self, states: np.ndarray, inputs: Inputs, failed: np.ndarray) -> None:
        """See `Program.train`."""
        table = torch.from_numpy(inputs.schedule)
        blocks = [np.asarray(block) for block in inputs.data]
        for n in np.flatnonzero(failed < 0):
            state, switches = torch.from_numpy(states[n]), torch.from_numpy(inputs.switches[n])
            for k in range(inputs.steps):
                x, t = self._split(blocks[inputs.data_index[n]][k])
                own = self._noise(inputs.noise[inputs.noise_index[n]][k])
                state = self.step.train(state, switches, table[k], x, t, *own).detach()
                if not torch.isfinite(state[: self.step.network_count].sum()):
                    failed[n] = k
                    break
            states[n] = state.numpy()

    def measure(self, states: np.ndarray, inputs: Inputs) -> np.ndarray:
        """See `Program.measure`."""
        rows = []
        blocks = [np.asarray(block[:1]) for block in inputs.data]
        now = torch.from_numpy(inputs.schedule[0])
        with torch.no_grad():
            for n, state in enumerate(states):
                x, t = self._split(blocks[inputs.data_index[n]][0])
                own = self._noise(inputs.noise[inputs.noise_index[n]][0])
                switches = torch.from_numpy(inputs.switches[n])
                rows.append(self.step.measure(torch.from_numpy(state), switches, now, x, t, *own).numpy())
        return np.stack(rows)

    def error(self, states: np.ndarray, sets: Sequence[np.ndarray], set_index: np.ndarray) -> np.ndarray:
        """See `Program.error`."""
        with torch.no_grad():
            errors = [
                self.step.error(torch.from_numpy(state), *self._split(sets[index][0])).item()
                for state, index in zip(states, set_index, strict=True)
            ]
        return np.array(errors, dtype=np.float32)
