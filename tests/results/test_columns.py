"""The table of columns."""

from __future__ import annotations

from pathlib import Path

from nalm.results.columns import COLUMNS, column_of

PAGE = Path(__file__).parents[2] / "docs" / "files.md"


def test_the_page_on_files_names_every_column() -> None:
    text = PAGE.read_text()
    names = [part for column in COLUMNS for part in column.name.split(", ") if part != "…"]
    assert [name for name in names if f"`{name}`" not in text] == []


def test_no_row_hides_another() -> None:
    for column in COLUMNS:
        assert column_of("w7" if column.role == "weight" else column.name.replace("…", "test")) is column
