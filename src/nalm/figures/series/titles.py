"""How series are called in figures, and in which order they stand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from nalm.results.collation import collation_key
from nalm.results.titles import math_title, unit_title

Row = TypeVar("Row")

_NUMBER = re.compile(r"(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)")
# noise that a unit has by itself, which shows beside series with another noise
_OWN_NOISE = {"sNMU": "sNMU [1,5]", "sNMU (batch)": "sNMU [1,1+1/sd(x)]"}


def model_title(model: str) -> str:
    """Return how a unit is called, as a formula where it has a subscript."""
    title = unit_title(model)
    return math_title(title) or title


def unit_titles(labels: Iterable[str]) -> dict[str, str]:
    """Return the titles of units by label; where some carry their noise, the others of this unit carry it, too."""
    titles = {label: unit_title(label) for label in labels}
    with_noise = {title.partition(" [")[0] for title in titles.values() if " [" in title}
    return {label: _with_noise(title) if _stem(title) in with_noise else title for label, title in titles.items()}


def order_key(title: str) -> tuple[Any, ...]:
    """Return a sort key of titles of series: that of the published legends, but numbers by value."""
    parts = _NUMBER.split(title)
    return tuple(float(part) if index % 2 else collation_key(part) for index, part in enumerate(parts))


def detail_text(key: str, value: Any) -> str:
    """Return the value of a swept key with the key's name: `learning rate 0.001`."""
    return f"{key.replace('_', ' ')} {f'{value:g}' if isinstance(value, float) else value}"


def varying(keys: Sequence[str], rows: Sequence[Row], value_of: Callable[[Row, str], Any]) -> list[str]:
    """Return the keys of which not all rows have the same value."""
    return [key for key in keys if len({repr(value_of(row, key)) for row in rows}) > 1]


def _stem(title: str) -> str:
    return title.removesuffix(" (batch)")


def _with_noise(title: str) -> str:
    first, dash, last = title.rpartition("-")
    return f"{first}{dash}{_OWN_NOISE.get(last, last)}"
