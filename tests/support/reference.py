"""The lowering that the others are held to: every run in float64, and again with rounding at random."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch

from nalm.runs import Run
from nalm.runs.record import TrainedRuns
from nalm.training.lowerings._base import Inputs, Program
from nalm.training.lowerings.choice import Fallback, program_key, step_of
from nalm.training.lowerings.tensor import TensorProgram
from nalm.training.stacked import engine
from nalm.training.stacked.batches import Batch
from nalm.training.step.step import Step
from support.lowered import errors_of, network_of
from support.rounding import COPIES, Rounded, assert_within


@contextmanager
def _float64() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _doubled(block: Any) -> np.ndarray:
    return np.asarray(block).astype(np.float64)


class Reference(Program):
    """Evaluates a step in float64; keeps its own states, of which the engine sees the first rounded to float32.

    Attributes:
        states: `[1 + COPIES, runs, state]`; the first is exact.
        measures: of each logged step, `[1 + COPIES, runs, 2]`.
        errors: validation and test error of each logged step in turn, `[1 + COPIES, runs]`.
    """

    trains_streams_together = True

    def __init__(self, step: Step) -> None:
        self._program = TensorProgram(step)
        self._rounded = Rounded()
        self.states = np.empty(0)
        self.measures: list[np.ndarray] = []
        self.errors: list[np.ndarray] = []

    def _seen(self, states: np.ndarray) -> None:
        if not self.states.size:
            self.states = np.tile(states.astype(np.float64), (1 + COPIES, 1, 1))
        np.testing.assert_array_equal(states, self.states[0].astype(np.float32))

    def _all(self, function: Any, *per_run: np.ndarray) -> np.ndarray:
        """Results of `function(states, *per_run)` for the exact runs, then for the copies."""
        exact, copies = self.states[0], self.states[1:].reshape(-1, self.states.shape[-1])
        with _float64():
            first = function(exact, *per_run)
            with self._rounded:
                others = function(copies, *(np.concatenate([values] * COPIES) for values in per_run))
        return np.concatenate([first[None], others.reshape(COPIES, *first.shape)])

    def train(self, states: np.ndarray, inputs: Inputs, failed: np.ndarray) -> None:
        """See `Program.train`."""
        self._seen(states)

        def trained(states: np.ndarray, *per_run: np.ndarray) -> np.ndarray:
            after = states.copy()
            self._program.train(after, _at(inputs, *per_run), np.full(len(after), -1, dtype=np.int64))
            return after

        self.states = self._all(trained, inputs.switches, inputs.data_index, inputs.noise_index)
        states[...] = self.states[0]

    def measure(self, states: np.ndarray, inputs: Inputs) -> np.ndarray:
        """See `Program.measure`."""
        self._seen(states)
        measured = self._all(
            lambda states, *per_run: self._program.measure(states, _at(inputs, *per_run)),
            *(inputs.switches, inputs.data_index, inputs.noise_index),
        )
        self.measures.append(measured)
        return measured[0].astype(np.float32)

    def error(self, states: np.ndarray, sets: Sequence[np.ndarray], set_index: np.ndarray) -> np.ndarray:
        """See `Program.error`."""
        self._seen(states)
        exact = [_doubled(values) for values in sets]
        errors = self._all(lambda states, index: self._program.error(states, exact, index), set_index)
        self.errors.append(errors)
        return errors[0].astype(np.float32)


def _at(inputs: Inputs, switches: np.ndarray, data_index: np.ndarray, noise_index: np.ndarray) -> Inputs:
    return replace(
        inputs,
        switches=switches.astype(np.float64),
        schedule=inputs.schedule.astype(np.float64),
        data=[_doubled(block) for block in inputs.data],
        data_index=data_index,
        noise=[_doubled(values) for values in inputs.noise],
        noise_index=noise_index,
    )


@dataclass(frozen=True)
class Truth:
    """What runs of one network come to in float64, exact and rounded at random.

    Attributes:
        runs: the runs.
        rows: `[1 + COPIES, runs, logged steps, 4]`: validation error, test error, criterion and penalty.
        networks: `[1 + COPIES, runs, parameters and buffers]` after the last update.
    """

    runs: tuple[Run, ...]
    rows: np.ndarray
    networks: np.ndarray

    def assert_agrees(self, result: TrainedRuns) -> None:
        """Hold what a lowering made of the runs to the truth."""
        for number, run in enumerate(self.runs):
            assert_within(errors_of(result, run), self.rows[:, number], f"seed {run.seed}: [logged step, column]")
            assert_within(network_of(result, run), self.networks[:, number], f"seed {run.seed}: final parameter")


def truth(runs: Sequence[Run]) -> Truth:
    """Train `runs`, which share a network and settings, in float64."""
    (key,) = {program_key(run) for run in runs}
    step = step_of(key)
    reference = Reference(step)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "program", lambda key, lowered: reference)
        engine.train_batch(Batch(tuple(runs)), {key: Fallback("by request", compiler=False)})
    errors = np.stack([np.stack(reference.errors[part::2], axis=-1) for part in (0, 1)], axis=-1)
    measures = np.stack(reference.measures, axis=-2)
    rows = np.concatenate([errors, measures], axis=-1)
    return Truth(tuple(runs), rows, reference.states[..., : step.network_count])
