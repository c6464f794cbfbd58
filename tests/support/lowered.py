"""Training of a batch by a chosen lowering, and what is compared of its results."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from nalm.training.batches import Batch
from nalm.training.engine import train_batch
from nalm.training.programs import Fallback, Lowered, ProgramKey, lower, program_key
from nalm.training.results import BatchResult

from nalm.runs import Run

LOWERINGS: dict[str, Callable[[ProgramKey], Lowered]] = {
    "native": lower,
    "tensors": lambda key: Fallback("by request", compiler=False),
    "eager": lambda key: Fallback("by request", compiler=False, batched=False),
}


def trained(runs: Sequence[Run], lowering: str = "native") -> BatchResult:
    """The result of one batch of `runs`."""
    keys = dict.fromkeys(program_key(run) for run in runs)
    return train_batch(Batch(tuple(runs)), {key: LOWERINGS[lowering](key) for key in keys})


def errors_of(result: BatchResult, run: Run) -> np.ndarray:
    """Validation error, test error, criterion and penalty of the run's logged steps, `[steps, 4]`."""
    rows = result.run_index == result.runs.index(run)
    columns = (result.interpolation_error, result.extrapolation_error, result.train_loss, result.penalty_loss)
    return np.stack([column[rows] for column in columns], axis=1)


def network_of(result: BatchResult, run: Run) -> np.ndarray:
    """The run's final parameters and buffers, flat."""
    return np.concatenate([values.reshape(-1) for values in result.state[run.id].values()])
