"""What training hands on: records and final parameters of runs that were trained together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from nalm.runs.run import Run

BIN_EDGES = tuple(np.linspace(-1.5, 1.5, 13).tolist())
"""Bounds of the counts of weights in records; the first and the last count what lies beyond as well."""

Status = Literal["finished", "failed", "stopped"]


@dataclass(frozen=True)
class MadeBy:
    """What decides the bits of a run besides its content.

    Attributes:
        lowering: how it was trained: by a compiled kernel, one tensor program or an ordinary loop.
        compiler: of a kernel, with its version.
        flags: of the compiler, those that decide numbers.
        instructions: the largest set that was used.
    """

    lowering: str
    compiler: str = ""
    flags: str = ""
    instructions: str = ""


@dataclass(frozen=True)
class TrainedRuns:
    """Records of some runs, one row per run and logged step, sorted by run and step.

    Attributes:
        runs: the runs.
        run_index: int64 `[rows]`, the position in `runs`.
        steps: int64 `[rows]`; a row holds the state before the update of its step.
        metrics: what was measured, by name, float64 or int64 `[rows]`; masked where a row has no such number. The
            measures of every task are `train_loss`, `penalty_loss`, `interpolation_error`, `extrapolation_error` and
            `sparsity_error`; a digit task has more.
        weights: per run, effective weights `[rows of the run, weights]`, or None for networks with too many.
        status: per run; a failed run diverged and has no rows after the step at which it did.
        failed_step: per run, the update after which it was not finite, else None.
        reason: per run, one sentence for a run that failed or stopped early, else None.
        state: final parameters by run id and parameter name.
        seconds: wall time; of a resumed run, since it was resumed.
        made_by: per run; empty where it is not known.
        core_s: seconds that a core worked for it, however busy the machine was; None where it is not known.
    """

    runs: tuple[Run, ...]
    run_index: np.ndarray
    steps: np.ndarray
    metrics: dict[str, np.ndarray]
    weights: tuple[np.ndarray | None, ...]
    status: tuple[Status, ...]
    failed_step: tuple[int | None, ...]
    reason: tuple[str | None, ...]
    state: dict[str, dict[str, np.ndarray]]
    seconds: float
    made_by: tuple[MadeBy, ...] = ()
    core_s: float | None = None
