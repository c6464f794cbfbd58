"""Conditions of studies of the digit tasks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import ValidationError

from nalm.errors import InputError
from nalm.runs import NetworkSettings
from nalm.studies._condition import Condition
from nalm.studies._keys import DIGIT_TASKS, flat
from nalm.studies._limits import too_large_digits
from nalm.studies._problems import problems
from nalm.studies._schema import NetworkTable
from nalm.tasks import DigitTask


def digit_condition(
    network: NetworkTable, values: dict[str, Any], seeds: tuple[int, ...], parameters: list[str], hidden_size: int
) -> tuple[Condition | None, list[str]]:
    """Return the condition of a network under settings `values`, or what is wrong with it, one line per problem."""
    model = DIGIT_TASKS[values["kind"]]
    name = "_".join(layer.unit for layer in network.stack)
    try:
        task = model.model_validate({**values, model.unit_key: name})
    except ValidationError as error:
        return None, problems(error)
    lines = [*_missing_folds(task, seeds), *too_large_digits(task)]
    if lines:
        return None, lines
    shown = flat({**dict(task), **task.model_dump(mode="json"), "hidden_size": hidden_size})
    settings = NetworkSettings(label=network.shown_as, layers=network.stack, hidden_size=hidden_size)
    return Condition(task, settings, None, seeds, {key: shown[key] for key in parameters}), []


def _missing_folds(task: DigitTask, seeds: Iterable[int]) -> Iterator[str]:
    for seed in seeds:
        try:
            task.updates(seed)
        except InputError as error:
            yield f"seeds: {error}"
            return
