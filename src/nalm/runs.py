"""A run: one network trained on one task from one seed, with every setting that its result depends on."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from nalm.networks import NetworkSettings
from nalm.tasks import Task
from nalm.training.settings import TrainingSettings


class Run(BaseModel):
    """One run. `id` is a hash of its content: equal ids mean equal results.

    `study` and `parameters` (the study's own grid keys, shown as extra columns) are labels and not part of `id`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    study: str
    task: Task
    network: NetworkSettings
    training: TrainingSettings
    seed: int = Field(ge=0, lt=2**32)
    parameters: dict[str, Any] = Field(default_factory=dict)

    @cached_property
    def id(self) -> str:
        """Sixteen hexadecimal digits, the same on every machine."""
        content = self.model_dump(mode="json", exclude={"study", "parameters"})
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]
