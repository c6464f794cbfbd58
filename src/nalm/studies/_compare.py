"""A study of the user's choice of units on the task, ranges and settings of another study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from nalm.errors import StudyError
from nalm.studies._document import document
from nalm.studies._expand import check_grid
from nalm.studies._keys import DIGIT_TASKS, given
from nalm.studies._load import override
from nalm.studies._problems import problems
from nalm.studies._schema import NetworkTable, Study


def compare(study: Study, units: Sequence[str], operations: Sequence[str] = ()) -> Study:
    """Return `study` with other networks: each unit alone, with the settings that the study has for it, if any.

    Args:
        study: gives task, ranges and settings.
        units: names of units, or `package.module:Class`; the first is the one that the study is about.
        operations: to learn, instead of the study's own.

    Raises:
        StudyError: an unknown unit or operation, or a unit given twice; all problems at once.
    """
    if given(study.task).get("kind") in DIGIT_TASKS:
        raise StudyError([f"bench: {study.name} is a study of a digit task; give one of an arithmetic task"])
    own = document(study)
    if operations:
        own = document(override(study, {"operation": operations[0]}))
        own["task"].pop("operation")
        own["grid"] = {"operation": list(operations), **own.get("grid", {})}
    known = {table["unit"]: table for table in own["networks"] if "unit" in table}
    networks = [_network(unit, known) for unit in units]
    title = f"{units[0]} against {', '.join(units[1:])}" if len(units) > 1 else units[0]
    tables: dict[str, Any] = {
        **own,
        "name": f"bench/{'-'.join(unit.rpartition(':')[2] for unit in units)}",
        "title": title,
        "description": f"Task, ranges and settings of {study.name}.",
        "networks": networks,
        "figure": {},
    }
    try:
        compared = Study.model_validate(tables)
    except ValidationError as error:
        raise StudyError(f"bench: {line}" for line in problems(error)) from None
    wrong = check_grid(compared)
    if wrong:
        raise StudyError(f"bench: {line}" for line in wrong)
    return compared


def _network(unit: str, known: dict[str, Any]) -> dict[str, Any]:
    try:
        name = NetworkTable(unit=unit).stack[0].unit
    except ValidationError:
        return {"unit": unit}
    return dict(known.get(name, {"unit": name}))
