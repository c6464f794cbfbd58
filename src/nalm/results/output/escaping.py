"""Names that studies, networks and imported files give, made harmless for what shows them."""

from __future__ import annotations

from math import isfinite, isnan
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

# a spreadsheet takes a cell that begins so for a formula, and computes or opens what it says
_FORMULA = r"^[=+\-@\t\r]"


def printable(text: str) -> str:
    """Return `text` with a mark for each character that a terminal or LaTeX would not print but obey."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def csv_text(table: pl.DataFrame) -> str:
    """Return a table as CSV: an apostrophe stands before texts that a spreadsheet would take for formulas."""
    import polars as pl

    texts = pl.col(pl.String)
    safe = pl.when(texts.str.contains(_FORMULA)).then("'" + texts).otherwise(texts).name.keep()
    return table.with_columns(safe).write_csv()


def json_value(value: Any) -> Any:
    """Return a value as JSON can hold it: infinity as text, what is not a number as null."""
    if isinstance(value, dict):
        return {key: json_value(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(entry) for entry in value]
    if isinstance(value, float) and not isfinite(value):
        return None if isnan(value) else str(value)
    return value
