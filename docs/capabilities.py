"""Sphinx extension: the table of units takes the place of a comment in `choosing.md`."""

from typing import Any

from nalm.tasks import OPERATIONS
from nalm.units import UNITS, UnitInfo

MARK = "<!-- table of units -->\n"
_SIGNS = {"full": "", "magnitude": "&#124;x&#124;", "positive": "x > 0"}
_COLUMNS = tuple(OPERATIONS)


def _mark(info: UnitInfo, operation: str) -> str:
    """How a unit expresses an operation; of several ways the exact one is first in the registry's tuples."""
    for capability in info.capabilities:
        if operation in capability.operations:
            return " ".join(filter(None, ["exact" if capability.exact else "near", _SIGNS[capability.signs]]))
    return ""


def table() -> str:
    """Return the table in Markdown; units that only approximate are left out."""
    rows = [["unit", "name in papers", *_COLUMNS, "year"], ["---"] * (len(_COLUMNS) + 3)]
    rows += [
        [f"`{info.name}`", info.title, *(_mark(info, operation) for operation in _COLUMNS), str(info.year or "")]
        for info in UNITS
        if info.capabilities
    ]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _insert(app: Any, page: str, source: list[str]) -> None:
    source[0] = source[0].replace(MARK, table())


def setup(app: Any) -> dict[str, bool]:
    """Insert the table when the page is read."""
    app.connect("source-read", _insert)
    return {"parallel_read_safe": True}
