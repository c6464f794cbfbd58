"""From a name or a file to a study, with the settings that the command line changes."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from nalm.errors import InputError, StudyError, did_you_mean
from nalm.studies._catalogue import names, shipped
from nalm.studies._document import document
from nalm.studies._expand import check_grid
from nalm.studies._keys import SETTABLE, TASK_KEYS, TRAINING_KEYS, PointTable, file_key, flat, given
from nalm.studies._limits import foreign_values
from nalm.studies._problems import problems, sentence, unknown_key
from nalm.studies._schema import Study

_OVERRIDABLE = ("threshold", "selection_window")


def load(study: str | Study | Mapping[str, Any], settings: Mapping[str, Any] | None = None) -> Study:
    """Read a study that ships, or the TOML file at a path.

    Args:
        study: name such as `snmu-2022/figure-2`, or path of a file; or the study itself, as an object or as the tables
            of a file, with a name.
        settings: replaced everywhere in the study, see `override`.

    Raises:
        InputError: there is no such study, or it cannot be read.
        StudyError: the file or one of the settings is wrong; all problems at once.
    """
    if isinstance(study, Study):
        return _checked(override(study, settings) if settings else study, study.name)
    if isinstance(study, Mapping):
        return _from_tables(study, settings)
    path = shipped(study)
    name = study if path else Path(study).stem
    if path is None:
        path = Path(study)
        if not path.exists() and path.suffix != ".toml":
            raise InputError(
                f"unknown study {study!r}{did_you_mean(study, names())} "
                "(nalm list shows all; a file of your own is given by its path, such as ./study.toml)"
            )
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{study}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{study}: is a folder; give a file, such as {path / 'study.toml'}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{study}: not UTF-8 text ({error.reason} at byte {error.start})") from None
    except OSError as error:
        raise InputError(f"{study}: cannot be read ({error.strerror})") from None
    return loads(text, name, source=study, settings=settings)


def loads(text: str, name: str, source: str = "study", settings: Mapping[str, Any] | None = None) -> Study:
    """Read a study from TOML text.

    Args:
        text: content of a study file.
        name: of the study, unless the text gives one.
        source: stands before each problem.
        settings: replaced everywhere in the study, see `override`.

    Raises:
        StudyError: the text or one of the settings is wrong; all problems at once.
    """
    try:
        tables = tomllib.loads(text)
    except RecursionError:
        raise StudyError([f"{source}: not valid TOML: nested too deeply"]) from None
    except ValueError as error:  # of tomllib, and of a number with thousands of digits
        raise StudyError([f"{source}: not valid TOML: {error}"]) from None
    return _read({"name": name, **tables}, source, settings)


def _from_tables(tables: Mapping[str, Any], settings: Mapping[str, Any] | None) -> Study:
    name = tables.get("name")
    return _read(dict(tables), f"study {name!r}" if isinstance(name, str) else "study", settings)


def _read(tables: dict[str, Any], source: str, settings: Mapping[str, Any] | None) -> Study:
    foreign = [f"{source}: {line}" for line in foreign_values(tables)]
    if foreign:
        raise StudyError(foreign)
    study = _validated(tables, source)
    return _checked(override(study, settings) if settings else study, source)


def _checked(study: Study, source: str) -> Study:
    wrong = check_grid(study)
    if wrong:
        raise StudyError(f"{source}: {line}" for line in wrong)
    return study


def override(study: Study, settings: Mapping[str, Any]) -> Study:
    """Return the study with some settings replaced everywhere: in its tables, networks and axes.

    Args:
        study: the study.
        settings: values by key, any of `SETTABLE`, `threshold`, `selection_window`.

    Raises:
        StudyError: an unknown key or a value that its key refuses; all problems at once.
    """
    wrong = [f"setting {line}" for line in foreign_values(dict(settings))]
    if wrong:
        raise StudyError(wrong)
    values: dict[str, Any] = {}
    for key, value in flat(settings).items():
        if file_key(key) not in SETTABLE and key not in _OVERRIDABLE:
            wrong.append(f"setting {key}: {unknown_key(key, value, (*SETTABLE, *_OVERRIDABLE))}")
            continue
        try:
            values |= {key: value} if key in _OVERRIDABLE else given(PointTable.model_validate({key: value}))
        except ValidationError as error:
            wrong.append(f"setting {key}: {sentence(error)}")
    if wrong:
        raise StudyError(wrong)
    return _validated(_replaced(document(study), values), "settings")


def _validated(tables: dict[str, Any], source: str) -> Study:
    try:
        return Study.model_validate(tables)
    except ValidationError as error:
        raise StudyError(f"{source}: {line}" for line in problems(error)) from None


def _replaced(tables: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    tables = dict(tables)
    tables["networks"] = [_without(network, values) for network in tables["networks"]]
    tables = _without(tables, values)
    for key, value in values.items():
        home = _home(key)
        tables = {**tables, home: {**tables.get(home, {}), key: value}} if home else {**tables, key: value}
    return tables


def _home(key: str) -> str | None:
    """Return the table that holds a key, None for the study itself."""
    return "task" if key in TASK_KEYS else "settings" if file_key(key) in TRAINING_KEYS else None


def _without(tables: dict[str, Any], keys: Mapping[str, Any]) -> dict[str, Any]:
    """Drop keys from a study's or a network's tables and axes; points that become equal are merged."""
    rest = {key: value for key, value in tables.items() if key not in keys}
    for name in ("task", "settings"):
        if name in rest:
            rest[name] = {key: value for key, value in rest[name].items() if key not in keys}
    axes: dict[str, list[Any]] = {}
    for name, values in rest.pop("grid", {}).items():
        if name in keys:
            continue
        left: list[Any] = []
        for value in values:
            point = {key: v for key, v in value.items() if key not in keys} if file_key(name) not in SETTABLE else value
            if point not in left and point != {}:
                left.append(point)
        if left:
            axes[name] = left
    return {**rest, "grid": axes} if axes else rest
