"""Tables on a screen: what names a row is not cut; what does not fit goes to a second line, or is named as left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

# a column of words is not made narrower than this
_NARROW = 18
_INTERVAL = " ["
# between columns
_GAP = 2


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: at its head.
        right: whether its cells are numbers, aligned on the right.
        key: whether it names the row: it is never cut, nor left out.
        words: whether its cells are words that may go on in the next line.
    """

    name: str
    right: bool = True
    key: bool = False
    words: bool = False


def fitted(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    width: int,
    *,
    ruled: bool = False,
    sections: bool = False,
) -> tuple[Table, list[str]]:
    """Return a table that is no wider than `width`, if its keys let it be, and the names of columns left out.

    Where there is too little room, heads go on in a second line, then intervals, then cells of words; then columns are
    left out, the last first.

    Args:
        columns: of the table.
        rows: their cells.
        width: of the screen.
        ruled: whether a line is drawn below the heads.
        sections: whether a line is left free where the first column changes.
    """
    shown = list(range(len(columns)))
    while True:
        widths, cells = _arranged([columns[i] for i in shown], [[row[i] for i in shown] for row in rows], width)
        droppable = [i for i in shown if not columns[i].key]
        if sum(widths) + _GAP * (len(widths) - 1) <= width or not droppable:
            break
        shown.remove(droppable[-1])
    table = Table(
        box=box.SIMPLE_HEAD if ruled else None,
        pad_edge=False,
        show_edge=False,
        padding=(0, 1, 0, 0) if ruled else (0, 1),
    )
    for i, own in zip(shown, widths, strict=True):
        column = columns[i]
        table.add_column(Text(column.name), justify="right" if column.right else "left", width=own, no_wrap=False)
    for number, row in enumerate(cells):
        if sections and number and rows[number][0] != rows[number - 1][0]:
            table.add_section()
        table.add_row(*map(Text, row))
    return table, [columns[i].name for i in range(len(columns)) if i not in shown]


def left_out(names: Sequence[str], where: str) -> str:
    """Return the line that names columns which did not fit, and where they are."""
    return f"left out for want of room: {', '.join(names)} ({where})"


def needed_width(table: Table) -> int:
    """Return how wide a table is that `fitted` made."""
    return sum(column.width or 0 for column in table.columns) + _GAP * (len(table.columns) - 1)


def _arranged(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int
) -> tuple[list[int], list[list[str]]]:
    """Widths and cells of the arrangement that takes the least of the means to fit."""
    cells = [list(row) for row in rows]
    widths = _widths(columns, cells, whole_heads=True)
    room = width - _GAP * (len(columns) - 1)
    if sum(widths) <= room:
        return widths, cells
    widths = _widths(columns, cells, whole_heads=False)
    if sum(widths) <= room:
        return widths, cells
    broken = [[_in_lines(cell) for cell in row] for row in cells]
    widths = _widths(columns, broken, whole_heads=False)
    return _with_words_narrowed(columns, broken, widths, room), broken


def _widths(columns: Sequence[Column], cells: Sequence[Sequence[str]], whole_heads: bool) -> list[int]:
    heads = [column.name if whole_heads else max(column.name.split(), key=cell_len) for column in columns]
    return [
        max([cell_len(head), *(cell_len(line) for row in cells for line in row[i].split("\n"))])
        for i, head in enumerate(heads)
    ]


def _in_lines(cell: str) -> str:
    mean, bracket, interval = cell.partition(_INTERVAL)
    return f"{mean}\n{_INTERVAL.strip()}{interval}" if bracket and mean else cell


def _with_words_narrowed(
    columns: Sequence[Column], cells: Sequence[Sequence[str]], widths: Sequence[int], room: int
) -> list[int]:
    """Take what is too much from the columns of words, the widest first; none is narrower than its longest word."""
    found = list(widths)
    least = [
        max([_NARROW, cell_len(column.name), *(cell_len(word) for row in cells for word in row[i].split())])
        if column.words
        else width
        for i, (column, width) in enumerate(zip(columns, widths, strict=True))
    ]
    while sum(found) > room:
        wide = [i for i in range(len(found)) if found[i] > least[i]]
        if not wide:
            break
        found[max(wide, key=lambda i: found[i])] -= 1
    return found
