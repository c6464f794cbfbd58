"""A run: one network trained on one task from one seed, with every setting that its result depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Annotated, Any, Self, cast

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from nalm.runs.network import NetworkSettings
from nalm.runs.settings import TrainingSettings
from nalm.tasks import DigitTask, Task
from nalm.tasks.penalties import Factors

Seed = Annotated[int, Field(ge=0, lt=2**32)]

_SEED: TypeAdapter[int] = TypeAdapter(Seed)
_set = object.__setattr__  # models are frozen


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
    seed: Seed
    parameters: dict[str, Any] = Field(default_factory=dict)
    sources: dict[str, str] = Field(default_factory=dict)

    @cached_property
    def id(self) -> str:
        """Sixteen hexadecimal digits, the same on every machine: equal ids mean equal results.

        A hash of the content without what is a label only.
        """
        return identity(self)(self.seed)

    def with_seeds(self, seeds: Iterable[int]) -> list[Run]:
        """Return the runs that differ from this one by their seed alone, without checking the rest of it again.

        Raises:
            pydantic.ValidationError: a seed outside its range.
        """
        name = identity(self)
        same = {**self.__dict__, "seed": None, "id": None}
        return [_made({**same, "seed": seed, "id": name(seed)}, self) for seed in map(_SEED.validate_python, seeds)]

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with other values; its id is that of its own content."""
        copied = super().model_copy(update=update, deep=deep)
        if update:
            copied.__dict__.pop("id", None)
        return copied

    @property
    def label(self) -> str:
        """The network, as figures call it."""
        return self.network.label

    @property
    def initial(self) -> None:
        """Values to begin with instead of drawn ones: a run of a study has none."""

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


def identity(run: Run) -> Callable[[int], str]:
    """Return what makes the ids of all runs that differ from `run` by their seed alone from that seed."""
    content = run.model_dump(mode="json", exclude={"study", "parameters", "seed"})
    if not run.sources:
        # runs of registered units keep the ids that they had before there were any
        del content["sources"]
    if run.training is None:
        del content["training"]
        if run.network.is_plain:
            # the task names its unit already
            del content["network"]
            content["label"] = run.label
    # the sorted JSON of the content, around the place of the seed
    before, after = (
        json.dumps(
            {key: content[key] for key in content if (key > "seed") == later}, sort_keys=True, separators=(",", ":")
        )
        for later in (False, True)
    )
    return lambda seed: hashlib.sha256(f'{before[:-1]},"seed":{seed},{after[1:]}'.encode()).hexdigest()[:16]


def _made(values: dict[str, Any], like: Run) -> Run:
    # what `model_copy` does, without a copy of each part: a study may have a million runs
    made = Run.__new__(Run)
    _set(made, "__dict__", values)
    _set(made, "__pydantic_fields_set__", like.__pydantic_fields_set__)
    _set(made, "__pydantic_extra__", None)
    _set(made, "__pydantic_private__", None)
    return made


def updates(task: Task, training: TrainingSettings | None, seed: int) -> int:
    """Return the number of updates of a run.

    Raises:
        InputError: the static digit task has no fold of this seed.
    """
    return cast("DigitTask", task).updates(seed) if training is None else training.iterations + 1
