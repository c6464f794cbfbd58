"""What a run of a digit task yields."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class EpochRecord:
    """The state of a run after `epoch` epochs.

    Attributes:
        epoch: Epochs done.
        step: Updates done.
        metrics: By name; what there is depends on the task.
        weights: Effective weights of the output stage or cell, in row-major order; empty if there are none.
        sparsity_error: Distance of the worst of them from {-1, 0, 1}; None if there are none.
    """

    epoch: int
    step: int
    metrics: dict[str, float]
    weights: tuple[float, ...] = ()
    sparsity_error: float | None = None


@dataclass(frozen=True)
class DigitsResult:
    """A finished run.

    Attributes:
        records: One per evaluated epoch, in order; the last is of the final state unless the run diverged.
        state: The network's parameters by name.
        diverged_epoch: Epoch in which the loss stopped being finite and training ended; None if it did not.
        settled_epoch: Epoch at which training ended as the network did not change any more; None if it did not.
        confusion: Static task: counts `[10, 10]` of the test set's digits (row: true) and labels (column),
            both positions pooled.
    """

    records: tuple[EpochRecord, ...]
    state: dict[str, NDArray[np.float32]] = field(repr=False)
    diverged_epoch: int | None = None
    confusion: NDArray[np.int64] | None = None
    settled_epoch: int | None = None
