"""What is wrong with a study, one line per problem: where, what, what it got, what would be right."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from nalm.errors import did_you_mean
from nalm.studies._described import DESCRIPTIONS
from nalm.studies._keys import SETTABLE, TASK_KEYS, TRAINING_KEYS
from nalm.studies._schema import FigureTable, LayerTable, NetworkTable, Study

Location = tuple[int | str, ...]
Detail = Mapping[str, Any]

_TABLES: dict[str, Sequence[str]] = {
    "task": TASK_KEYS,
    "settings": TRAINING_KEYS,
    "networks": tuple(NetworkTable.model_fields),
    "layers": tuple(LayerTable.model_fields),
    "figure": tuple(FigureTable.model_fields),
    "grid": SETTABLE,
}


def problems(error: ValidationError, keys: Sequence[str] | None = None) -> list[str]:
    """Return `path: sentence` for each problem, without repetitions.

    Args:
        error: of a study or one of its tables, or of another model.
        keys: those of the other model.
    """
    lines: dict[tuple[str, str], str] = {}
    for detail in error.errors():
        if not _is_consequence(detail):
            path = _path(detail)
            foreign = keys is not None and detail["type"] == "extra_forbidden"
            text = unknown_key(str(detail["loc"][-1]), detail["input"], keys or ()) if foreign else _sentence(detail)
            # an axis of an unknown key has it once per value
            what = str(detail["loc"][-1]) if detail["type"] == "extra_forbidden" else text
            lines.setdefault((path, what), f"{path}: {text}" if path else text)
    return list(lines.values())


def sentence(error: ValidationError) -> str:
    """Return all that is wrong with a single value, without its path."""
    return "; ".join(dict.fromkeys(_sentence(detail) for detail in error.errors()))


def unknown_key(key: str, value: Any, allowed: Iterable[str]) -> str:
    """Return the sentence for a key that is not one of `allowed`."""
    known = list(allowed)
    hint = did_you_mean(key, known)
    nearest = hint.split("'")[1] if hint else ""
    if nearest in DESCRIPTIONS:
        hint += f" ({DESCRIPTIONS[nearest]})"
    more = "; nalm settings describes them" if {*known} & {*SETTABLE} else ""
    return f"unknown key {key!r} (value {_shown(value)}){hint} (allowed: {', '.join(known)}{more})"


def dotted(location: Location) -> str:
    """Write a location as `networks[2].unit`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return text.removeprefix(".")


def _is_consequence(detail: Detail) -> bool:
    """Return a sequence counts as empty when all of its entries were refused."""
    return detail["type"] == "too_short" and bool(detail["input"])


def _path(detail: Detail) -> str:
    location = _written(detail["loc"])
    return dotted(location[:-1] if detail["type"] == "extra_forbidden" else location)


def _written(location: Location) -> Location:
    """Undo what the schema does to an axis of one key: `grid.subsets[0].subsets` is `grid.subsets[0]`."""
    if "grid" not in location:
        return location
    axis = location.index("grid") + 1
    key = location[axis + 2 :]
    return location[: axis + 2] if key and ".".join(map(str, key)) == location[axis] else location


def _sentence(detail: Detail) -> str:
    write = _SENTENCES.get(detail["type"])
    if write is not None:
        return write(detail)
    message = str(detail["msg"])
    return f"{message[0].lower()}{message[1:]}, got {_shown(detail['input'])}"


def _unknown(detail: Detail) -> str:
    *table, key = detail["loc"]
    names = [part for part in table if isinstance(part, str)]
    name = "grid" if "grid" in names else names[-1] if names else ""
    return unknown_key(str(key), detail["input"], _TABLES.get(name, tuple(Study.model_fields)))


def _choice(detail: Detail) -> str:
    context = detail["ctx"]
    expected = context.get("expected") or context["expected_tags"]
    got = context.get("tag", detail["input"])
    hint = did_you_mean(str(got), re.findall(r"'([^']*)'", expected))
    return f"must be {expected}, got {_shown(got)}{hint}"


def _must_be(what: str) -> Callable[[Detail], str]:
    return lambda detail: f"must be {what.format(**detail.get('ctx', {}))}, got {_shown(detail['input'])}"


_WHOLE, _NUMBER, _BOOLEAN = _must_be("a whole number"), _must_be("a number"), _must_be("true or false")
_TABLE = _must_be("a table of keys")
_LIST = _must_be("a list")

_SENTENCES: dict[str, Callable[[Detail], str]] = {
    "extra_forbidden": _unknown,
    "missing": lambda detail: "missing",
    "value_error": lambda detail: str(detail["ctx"]["error"]),
    "literal_error": _choice,
    "union_tag_invalid": _choice,
    "union_tag_not_found": _must_be("a table with the key {discriminator}"),
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "bool_type": _BOOLEAN,
    "bool_parsing": _BOOLEAN,
    "string_type": _must_be("text"),
    "dict_type": _TABLE,
    "model_type": _TABLE,
    "model_attributes_type": _TABLE,
    "tuple_type": _LIST,
    "too_short": lambda detail: "must not be empty",
    "string_too_short": lambda detail: "must not be empty",
    "greater_than": _must_be("greater than {gt:g}"),
    "greater_than_equal": _must_be("at least {ge:g}"),
    "less_than": _must_be("less than {lt:g}"),
    "less_than_equal": _must_be("at most {le:g}"),
}


def _shown(value: Any) -> str:
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json", exclude_unset=True)
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
