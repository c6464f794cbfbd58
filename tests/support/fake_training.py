"""Training without numbers, for tests of what is around it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import numpy as np
import pytest

from nalm.runs import Run
from nalm.training import TrainedRuns


def result_of(runs: Sequence[Run], failed: Collection[int] = ()) -> TrainedRuns:
    """A made-up result: one row per run."""
    rows = len(runs)
    return TrainedRuns(
        runs=tuple(runs),
        run_index=np.arange(rows),
        steps=np.zeros(rows, dtype=np.int64),
        metrics={
            "train_loss": np.ones(rows),
            "penalty_loss": np.zeros(rows),
            "interpolation_error": np.ones(rows),
            "extrapolation_error": np.ones(rows),
            "sparsity_error": np.full(rows, 0.5),
        },
        weights=tuple(None for _ in runs),
        status=tuple("failed" if run.seed in failed else "finished" for run in runs),
        failed_step=tuple(7 if run.seed in failed else None for run in runs),
        reason=tuple("a parameter is not finite" if run.seed in failed else None for run in runs),
        state={run.id: {"W": np.zeros(1, dtype=np.float32)} for run in runs},
        seconds=1.5,
    )


def fake_training(
    monkeypatch: pytest.MonkeyPatch, failed: Collection[int] = (), stop_after: int | None = None
) -> list[str]:
    """Replace training: two runs a batch, no numbers, Ctrl-C after `stop_after` batches.

    Returns the ids of the runs that are trained, growing.
    """
    trained: list[str] = []

    def train(
        runs: Sequence[Run],
        on_batch: Callable[[TrainedRuns], None],
        workers: int | None = None,
        device: str = "cpu",
        on_progress: Callable[[int], None] | None = None,
        checkpoints: Path | None = None,
    ) -> None:
        for count, start in enumerate(range(0, len(runs), 2)):
            if count == stop_after:
                raise KeyboardInterrupt
            batch = runs[start : start + 2]
            if on_progress is not None:
                on_progress(sum(run.updates for run in batch))
            trained.extend(run.id for run in batch)
            on_batch(result_of(batch, failed))

    monkeypatch.setattr("nalm.training.train", train)
    return trained
