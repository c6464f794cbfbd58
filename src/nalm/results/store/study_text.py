"""What the store has to know of a study file: its title, and whether two of them describe the same runs."""

from __future__ import annotations

import hashlib
import json
import tomllib
from typing import Any

# settings that change how results are shown, but neither a run nor its verdict
_SHOWN = ("name", "title", "description", "paper", "figure")
# checksums of the code of classes of the user's own
_SOURCES = "sources."


def title(text: str) -> str:
    """Return the title of the study, or its name."""
    try:
        study = tomllib.loads(text)
    except (ValueError, RecursionError):
        return "untitled"
    return str(study.get("title") or study.get("name") or "untitled")


def identity(text: str) -> str | None:
    """Return a checksum of what decides the runs of a study: equal where `first_difference` finds none."""
    try:
        settings = _settings(tomllib.loads(text))
    except (ValueError, RecursionError):
        return None
    content = json.dumps({key: repr(value) for key, value in settings.items()}, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def first_difference(there: str, given: str) -> str | None:
    """Return a sentence on the first setting in which two studies differ, or None where their runs are the
    same."""
    if there == given:
        return None
    try:
        one, other = _settings(tomllib.loads(there)), _settings(tomllib.loads(given))
    except (ValueError, RecursionError):
        return "its study.toml is not valid TOML"
    for key in [*one, *(key for key in other if key not in one)]:
        if key.startswith(_SOURCES) and one.get(key) != other.get(key):
            return f"the code of {key.removeprefix(_SOURCES)} has been changed since"
        if key not in other:
            return f"{key} is {one[key]!r} there and not set here"
        if key not in one:
            return f"{key} is not set there and {other[key]!r} here"
        if one[key] != other[key]:
            return f"{key} is {one[key]!r} there and {other[key]!r} here"
    return None


def differences(one: str, other: str) -> list[tuple[str, str, str]]:
    """Return the keys in which two studies differ, seeds among them, with their values in both; empty where absent.

    What is only shown does not count. Texts that are no TOML differ in nothing.
    """
    try:
        tables = [tomllib.loads(text) for text in (one, other)]
    except (ValueError, RecursionError):
        return []
    here, there = ({**_settings(table), "seeds": table.get("seeds")} for table in tables)
    keys = [key for key in dict.fromkeys([*here, *there]) if here.get(key) != there.get(key)]
    return [(key, _written(here.get(key)), _written(there.get(key))) for key in keys]


def _written(value: Any) -> str:
    return "the default" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def _settings(value: Any, path: str = "") -> dict[str, Any]:
    """Flatten to `networks[2].unit = value`, without seeds and what is only shown."""
    if isinstance(value, dict):
        flat: dict[str, Any] = {}
        for key, entry in value.items():
            if key != "seeds" and (path or key not in _SHOWN):
                flat |= _settings(entry, f"{path}.{key}" if path else key)
        return flat
    if isinstance(value, list) and any(isinstance(entry, (dict, list)) for entry in value):
        flat = {}
        for index, entry in enumerate(value):
            flat |= _settings(entry, f"{path}[{index}]")
        return flat
    return {path: value}
