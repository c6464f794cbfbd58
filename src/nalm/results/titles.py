"""How units and operations are written in tables and figures."""

from __future__ import annotations

from nalm.errors import InputError
from nalm.tasks import OPERATIONS
from nalm.units import resolve

_SUBSCRIPTS = {"•": r"\bullet", "+": "+", "•,σ": r"\bullet,\sigma", "•,NMU": r"\bullet,\mathrm{NMU}"}


def unit_title(label: str) -> str:
    """Return the papers' name of a unit, `NAU-NMU` for a network of two, or the label itself for an unknown
    one; words behind the name stay."""
    title = _known_title(label)
    if title is not None:
        return title
    name, space, details = label.partition(" ")
    if space:
        return f"{unit_title(name)} {details}"
    words = label.split("_")
    for cut in range(1, len(words)):
        parts = [_known_title("_".join(part)) for part in (words[:cut], words[cut:])]
        if parts[0] is not None and parts[1] is not None:
            return f"{parts[0]}-{parts[1]}"
    return label


def operation_title(name: str) -> str:
    """Return how an operation is called, or the name itself of an unknown one."""
    return OPERATIONS[name].title if name in OPERATIONS else name


def math_title(title: str) -> str | None:
    """Return the formula for a title with a subscript (NAC•, NAC+), which LaTeX and matplotlib understand,
    else None."""
    for subscript, formula in _SUBSCRIPTS.items():
        if title.endswith(subscript) and title[: -len(subscript)].isalpha():
            return rf"$\mathrm{{{title[: -len(subscript)]}}}_{{{formula}}}$"
    return None


def _known_title(label: str) -> str | None:
    try:
        return resolve(label).title
    except InputError:
        return None
