"""A run: one network trained on one task from one seed, with every setting that its result depends on."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, Field

from nalm.runs.network import NetworkSettings
from nalm.runs.settings import TrainingSettings
from nalm.tasks import DigitTask, Task
from nalm.tasks.penalties import Factors


class Run(BaseModel):
    """A run of any task.

    Attributes:
        study: the study that it belongs to; a label.
        task: what is learned.
        network: by which network; of a digit task, the output stage or cell behind the image network.
        training: how; None for digit tasks, whose own settings tell it.
        seed: of everything random.
        parameters: values of the study's own grid keys, shown as extra columns; labels.
        sources: checksums of the code of units that are classes of the user's own (`nalm.units.source_hash`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    study: str
    task: Task
    network: NetworkSettings
    training: TrainingSettings | None = None
    seed: int = Field(ge=0, lt=2**32)
    parameters: dict[str, Any] = Field(default_factory=dict)
    sources: dict[str, str] = Field(default_factory=dict)

    @cached_property
    def id(self) -> str:
        """Sixteen hexadecimal digits, the same on every machine: equal ids mean equal results.

        A hash of the content without what is a label only.
        """
        content = self.model_dump(mode="json", exclude={"study", "parameters"})
        if not self.sources:
            # runs of registered units keep the ids that they had before there were any
            del content["sources"]
        if self.training is None:
            # the task names its unit already
            del content["training"], content["network"]
            content["label"] = self.label
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def label(self) -> str:
        """The network, as figures call it."""
        return self.network.label

    @property
    def factors(self) -> Factors:
        """Factors by name of the penalties that no setting of their own weighs."""
        return Factors((self.training or cast("DigitTask", self.task)).penalty)

    @property
    def updates(self) -> int:
        """Number of updates.

        Raises:
            InputError: the static digit task has no fold of this seed.
        """
        return updates(self.task, self.training, self.seed)


def updates(task: Task, training: TrainingSettings | None, seed: int) -> int:
    """Return the number of updates of a run.

    Raises:
        InputError: the static digit task has no fold of this seed.
    """
    return cast("DigitTask", task).updates(seed) if training is None else training.iterations + 1
