"""A run of the stacked trainer on a user's own rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from nalm.arrays._task import ArrayTask
from nalm.runs import NetworkSettings, TrainingSettings


@dataclass(frozen=True)
class ArrayRun:
    """One network trained on a task of arrays from one seed; what `nalm.runs.Run` is to a study.

    Attributes:
        initial: Values to begin with, by parameter or buffer; the others are drawn.
        sources: As in `nalm.runs.Run`.
    """

    task: ArrayTask
    network: NetworkSettings
    training: TrainingSettings
    seed: int
    sources: dict[str, str] = field(default_factory=dict)
    initial: Mapping[str, np.ndarray] | None = None

    @cached_property
    def id(self) -> str:
        """Equal ids mean equal results."""
        content = [self.task.digest, self.network.model_dump(mode="json"), self.training.model_dump(mode="json")]
        name = hashlib.sha256(json.dumps([*content, self.seed, self.sources], sort_keys=True).encode())
        for key, value in sorted((self.initial or {}).items()):
            name.update(f"{key} {value.shape}".encode())
            name.update(np.ascontiguousarray(value).data)
        return name.hexdigest()[:16]

    @property
    def label(self) -> str:
        """The network."""
        return self.network.label

    @property
    def updates(self) -> int:
        """Number of updates."""
        return self.training.iterations + 1
