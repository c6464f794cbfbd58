"""A run: one network trained on one task from one seed, with every setting that its result depends on.

`Run` is of an arithmetic task, `DigitRun` of a digit task; both have `id`, `study`, `task`, `label`, `seed`,
`parameters`, `sources` and `updates`. `id` is a hash of the content: equal ids mean equal results. `study` and
`parameters` (the study's own grid keys, shown as extra columns) are labels and not part of `id`. `sources` are
checksums of the code of units that are classes of the user's own (`nalm.units.source_hash`).
"""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from nalm.runs.network import NetworkSettings
from nalm.runs.settings import TrainingSettings
from nalm.tasks import DigitTask, Task


class Run(BaseModel):
    """A run of an arithmetic task."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    study: str
    task: Task
    network: NetworkSettings
    training: TrainingSettings
    seed: int = Field(ge=0, lt=2**32)
    parameters: dict[str, Any] = Field(default_factory=dict)
    sources: dict[str, str] = Field(default_factory=dict)

    @cached_property
    def id(self) -> str:
        """Sixteen hexadecimal digits, the same on every machine."""
        return _identity(self)

    @property
    def label(self) -> str:
        """The network, as figures call it."""
        return self.network.label

    @property
    def updates(self) -> int:
        """Number of updates."""
        return self.training.iterations + 1


class DigitRun(BaseModel):
    """A run of a digit task, whose settings include those of training and of the network."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    study: str
    task: DigitTask
    label: str
    seed: int = Field(ge=0, lt=2**32)
    parameters: dict[str, Any] = Field(default_factory=dict)
    sources: dict[str, str] = Field(default_factory=dict)

    @cached_property
    def id(self) -> str:
        """Sixteen hexadecimal digits, the same on every machine."""
        return _identity(self)

    @property
    def updates(self) -> int:
        """Number of updates."""
        return self.task.updates(self.seed)


AnyRun = Run | DigitRun


def _identity(run: AnyRun) -> str:
    # runs of registered units have no sources, and the ids that they had before there were any
    labels = {"study", "parameters"} if run.sources else {"study", "parameters", "sources"}
    text = json.dumps(run.model_dump(mode="json", exclude=labels), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
