"""Training of a batch by a chosen lowering, and what is compared of its results."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from nalm.runs import Run
from nalm.runs.record import TrainedRuns
from nalm.training.lowerings._base import Lowered
from nalm.training.lowerings.choice import Fallback, ProgramKey, lower, program_key
from nalm.training.stacked.batches import Batch
from nalm.training.stacked.engine import train_batch

LOWERINGS: dict[str, Callable[[ProgramKey], Lowered]] = {
    "native": lower,
    "tensors": lambda key: Fallback("by request", compiler=False),
    "eager": lambda key: Fallback("by request", compiler=False, batched=False),
}


def trained(runs: Sequence[Run], lowering: str = "native") -> TrainedRuns:
    """The result of one batch of `runs`."""
    keys = dict.fromkeys(program_key(run) for run in runs)
    return train_batch(Batch(tuple(runs)), {key: LOWERINGS[lowering](key) for key in keys})


def errors_of(result: TrainedRuns, run: Run) -> np.ndarray:
    """Validation error, test error, criterion and penalty of the run's logged steps, `[steps, 4]`."""
    rows = result.run_index == result.runs.index(run)
    columns = ("interpolation_error", "extrapolation_error", "train_loss", "penalty_loss")
    return np.stack([result.metrics[column][rows] for column in columns], axis=1)


def network_of(result: TrainedRuns, run: Run) -> np.ndarray:
    """The run's final parameters and buffers, flat."""
    return np.concatenate([values.reshape(-1) for values in result.state[run.id].values()])
