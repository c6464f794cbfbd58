"""The keys that a study may set: those of the tasks, those of training, and the hidden size.

Arithmetic and digit tasks have keys of their own; a study has a single kind of task, which decides which keys
it knows (`keys_of`). Keys that both have mean the same.

A table of a study file sets some of them, so each table is a model whose keys are all optional and whose
values are checked as the full model checks them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, get_args, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model, model_validator

from nalm.runs.settings import TrainingSettings
from nalm.tasks import TASKS
from nalm.tasks.learning import LearningSettings

PENALTY = "penalty"
"""The key whose values are factors by name; everywhere but in files each is a key of its own, `penalty.NAME`."""

NONE = "none"
"""How a study file writes that an optional setting is off; TOML has no null."""


def _none(value: Any) -> Any:
    return None if value == NONE else value


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    """Types of the model's fields with all their constraints."""
    hints = get_type_hints(model, include_extras=True)
    fields = {}
    for name, field in model.model_fields.items():
        checks = [*field.metadata]
        if type(None) in get_args(field.annotation):
            checks.append(BeforeValidator(_none))
        fields[name] = Annotated[(hints[name], *checks)] if checks else hints[name]
    return fields


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by key with all `penalty.NAME` in one table `penalty`, as in a file."""
    plain = {key: value for key, value in values.items() if not _is_factor(key)}
    factors = {key.removeprefix(f"{PENALTY}."): value for key, value in values.items() if _is_factor(key)}
    return {**plain, PENALTY: {**plain.get(PENALTY, {}), **factors}} if factors else plain


def flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by key with each factor of a table `penalty` as a key `penalty.NAME`; undoes `nested`."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        is_table = key == PENALTY and isinstance(value, Mapping)
        found |= {f"{PENALTY}.{name}": factor for name, factor in value.items()} if is_table else {key: value}
    return found


def _is_factor(key: str) -> bool:
    return key.startswith(f"{PENALTY}.")


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _nested(cls, data: Any) -> Any:
        return nested(data) if isinstance(data, dict) else data


def _table(name: str, fields: dict[str, Any]) -> type[BaseModel]:
    optional: dict[str, Any] = {key: (annotation, None) for key, annotation in fields.items()}
    return create_model(name, __base__=_Table, **optional)


DIGIT_TASKS = {kind: model for kind, model in TASKS.items() if model.unit_key is not None}
"""The tasks that have all settings themselves, their unit among them, by `kind`."""

_OTHERS = {kind: model for kind, model in TASKS.items() if kind not in DIGIT_TASKS}

# a digit task is one table of settings; those of training stand in the table [settings] of a study
_DIGIT_TRAINING = (
    "epochs",
    *LearningSettings.model_fields,
    "training_metrics",
    "evaluation_interval",
    "precision",
)
# and these follow from the network
_FROM_NETWORK = tuple(model.unit_key for model in DIGIT_TASKS.values())

_ARITHMETIC_TASK = {key: field for model in _OTHERS.values() for key, field in _fields(model).items()}
_DIGITS = {
    key: field for model in DIGIT_TASKS.values() for key, field in _fields(model).items() if key not in _FROM_NETWORK
}
_KINDS = {"kind": Literal[tuple(TASKS)]}
_TASK = {
    **_ARITHMETIC_TASK,
    **{key: field for key, field in _DIGITS.items() if key not in (*_DIGIT_TRAINING, *_ARITHMETIC_TASK)},
    **_KINDS,
}
_ARITHMETIC_TRAINING = _fields(TrainingSettings)
_TRAINING = {**{key: _DIGITS[key] for key in _DIGIT_TRAINING}, **_ARITHMETIC_TRAINING}
_NETWORK = {"hidden_size": Annotated[int, Field(ge=1, le=10**9)]}

TASK_KEYS = tuple(_TASK)
TRAINING_KEYS = tuple(_TRAINING)
SETTABLE = (*_TASK, *_TRAINING, *_NETWORK)
"""Keys of `--set` and of the grid."""


def file_key(key: str) -> str:
    """Return the key of a file that holds `key`: `penalty` for each of its factors."""
    return PENALTY if _is_factor(key) else key


if TYPE_CHECKING:
    # fields made at run time cannot be checked
    TaskTable: TypeAlias = BaseModel
    TrainingTable: TypeAlias = BaseModel
    PointTable: TypeAlias = BaseModel
else:
    TaskTable = _table("TaskTable", _TASK)
    TrainingTable = _table("TrainingTable", _TRAINING)
    PointTable = _table("PointTable", {**_TASK, **_TRAINING, **_NETWORK})


def given(table: BaseModel) -> dict[str, Any]:
    """Return the keys that a table sets, as plain values in the spelling of a study file, factors flat."""
    values = flat(table.model_dump(mode="json", exclude_unset=True))
    return {key: NONE if value is None else value for key, value in values.items()}


def keys_of(kind: Any) -> tuple[str, ...]:
    """Return the keys that a task of this kind and its training have."""
    if kind in DIGIT_TASKS:
        return (*(key for key in DIGIT_TASKS[kind].model_fields if key not in _FROM_NETWORK), *_NETWORK)
    task = _OTHERS[kind].model_fields if kind in _OTHERS else _ARITHMETIC_TASK
    return (*task, *_ARITHMETIC_TRAINING, *_NETWORK)
