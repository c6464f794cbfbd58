"""Writes the table of units in `choosing.md` from the registry: python docs/capabilities.py."""

from pathlib import Path

from nalm.tasks import OPERATIONS
from nalm.units import UNITS, UnitInfo

PAGE = Path(__file__).with_name("choosing.md")
BEGIN, END = "<!-- begin of the table, made by docs/capabilities.py -->\n", "<!-- end of the table -->\n"
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


def with_table(text: str) -> str:
    """Return the page `text` with the present table in its place."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text()))
