"""The early stopping rule of large runs, as of small ones: a run ends when its verdict can no longer change."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nalm.training.epochs.checkpoint import Progress

if TYPE_CHECKING:
    from nalm.training.epochs.loop import Experiment

UNCHANGED_RECORDS = 5
"""A run has settled when its network has been the same at so many records after another, bit for bit."""


class Stopping:
    """Tells whether a run has settled, see `nalm.training.stacked.early_stopping`.

    Args:
        experiment: The run.
        progress: Where it stands.
    """

    def __init__(self, experiment: Experiment[Any], progress: Progress) -> None:
        self._experiment = experiment
        self._start = experiment.objective.settled_from(experiment.updates_per_ramp_position)

    def log(self, progress: Progress) -> Progress:
        """Return where the run stands, with the network of its last record noted."""
        digest = self._digest()
        known = self._start is not None and progress.step > self._start
        unchanged = progress.unchanged + 1 if known and digest == progress.digest else 0
        settled = progress.epoch if unchanged >= UNCHANGED_RECORDS else None
        return replace(progress, digest=digest, unchanged=unchanged, settled_epoch=settled)

    def _digest(self) -> str:
        found = hashlib.sha256()
        for value in self._experiment.network.state_dict().values():
            found.update(value.detach().cpu().contiguous().numpy().tobytes())
        return found.hexdigest()
