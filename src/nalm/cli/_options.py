"""Options of the form KEY=VALUE."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any

from nalm.errors import InputError


def only_values(options: Sequence[str]) -> dict[str, list[str]]:
    """Read `--only` options; values of the same key are alternatives.

    Raises:
        InputError: not of the form KEY=VALUE.
    """
    values: dict[str, list[str]] = {}
    for option in options:
        key, value = _split("--only", option)
        values.setdefault(key, []).append(value)
    return values


def setting_values(options: Sequence[str], iterations: int | None) -> dict[str, Any]:
    """Read `--set` options and `--iterations`; values are TOML, bare words are text.

    Raises:
        InputError: not of the form KEY=VALUE, or a key is given twice.
    """
    values: dict[str, Any] = {}
    for option in options:
        key, value = _split("--set", option)
        if key in values:
            raise InputError(f"--set {option}: {key} is set twice")
        values[key] = toml_value(value)
    if iterations is not None:
        if "iterations" in values:
            raise InputError(f"--iterations {iterations}: iterations is set by --set too")
        values["iterations"] = iterations
    return values


def toml_value(text: str) -> Any:
    """Return the TOML value of `text`, or the text itself where it is none."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _split(name: str, option: str) -> tuple[str, str]:
    key, equals, value = option.partition("=")
    if not (equals and key.strip() and value.strip()):
        raise InputError(f"{name} {option}: give KEY=VALUE, such as {_EXAMPLES[name]}")
    return key.strip(), value.strip()


_EXAMPLES = {"--only": "unit=nmu", "--set": "learning_rate=1e-2"}
