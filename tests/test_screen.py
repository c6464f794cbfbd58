"""Tables on screens of any width: keys whole, nothing cut, what is left out named."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from nalm._screen import Column, fitted, left_out, needed_width

SUMMARY = (
    Column("unit", right=False, key=True),
    Column("interpolation range", right=False, key=True),
    Column("solved", key=True),
    *map(Column, ("success rate, %", "solved at, step", "sparsity error")),
)
ROWS = (
    ("nmu", "[-20,-10]", "10/10", "100 [72, 100]", "2,500 [2,185, 2,878]", "1.0e-16 [1.0e-16, 1.0e-16]"),
    ("snmu_batch", "[[-6,-2],[2,6]]", "2/2", "70 [40, 89]", "21,000 [21,000, 21,000]", "-"),
)


def printed(width: int, columns=SUMMARY, rows=ROWS) -> tuple[list[str], list[str]]:
    table, missing = fitted(columns, rows, width, ruled=True, sections=True)
    screen = Console(file=io.StringIO(), width=max(width, needed_width(table)), color_system=None)
    screen.print(table)
    return screen.file.getvalue().splitlines(), missing


@pytest.mark.parametrize("width", [*range(50, 90), 100, 120, 400])
def test_lines_fit_and_hold_whole_keys(width: int) -> None:
    lines, missing = printed(width)
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert "…" not in text
    for row in ROWS:
        assert any(all(key in line for key in row[:3]) for line in lines)
    for index, column in enumerate(SUMMARY):
        words = [word for row in ROWS for word in row[index].split()]
        assert (column.name in missing) or all(word in text for word in words)


def test_all_columns_are_there_at_84_and_heads_are_whole_at_120() -> None:
    assert printed(84)[1] == []
    lines, missing = printed(120)
    assert missing == []
    assert lines[0].split("  ")[0] == "unit"
    assert "interpolation range" in lines[0]


def test_what_does_not_fit_is_left_out_from_the_last_and_named() -> None:
    _, missing = printed(70)
    assert missing == ["sparsity error"]
    assert left_out(missing, "--format csv has all") == (
        "left out for want of room: sparsity error (--format csv has all)"
    )


def test_keys_alone_may_be_wider_than_the_screen() -> None:
    lines, missing = printed(20)
    assert missing == [column.name for column in SUMMARY if not column.key]
    assert any("snmu_batch" in line and "[[-6,-2],[2,6]]" in line and "2/2" in line for line in lines)


def test_words_go_on_in_the_next_line_between_words() -> None:
    columns = (Column("study", right=False, key=True), Column("title", right=False, words=True), Column("runs"))
    rows = [("nau-nmu-2020/hidden-size-ablation", "What sparsity penalty and clamping do for the NMU", "1,800")]
    lines, missing = printed(64, columns, rows)
    assert missing == []
    assert any("nau-nmu-2020/hidden-size-ablation" in line for line in lines)
    for word in rows[0][1].split():
        assert any(word in line.split() for line in lines)
