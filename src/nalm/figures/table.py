"""The summary as a table, a row for each group (Madsen & Johansen 2020, tables 1, 2 and 6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nalm.figures._contract import Caption, Results
from nalm.figures._records import check_not_empty
from nalm.figures.series.titles import model_title
from nalm.figures.style import Style
from nalm.figures.style.axes import GREY10, RC, TEXT, shown
from nalm.results.output.formats import table_cells
from nalm.results.summaries import summary_of
from nalm.results.summary import Group
from nalm.results.titles import operation_title

CAPTION = Caption(
    "Success rate, solved-at step and sparsity error of each model as a table",
    "Means with 95\N{NO-BREAK SPACE}% intervals. Bold is the best of each operation: the largest success rate, the "
    "smallest step and error.",
)

_BEST: tuple[tuple[str, Callable[[Sequence[float]], float]], ...] = (
    ("success_rate", max),
    ("solved_at", min),
    ("sparsity_error", min),
)
_ROW_IN, _MARGIN_IN = 0.19, 0.12
_CHARACTER_IN, _GAP_IN = 0.068, 0.22  # of the text's size; between columns


@dataclass(frozen=True)
class TableFigure:
    """A table.

    Attributes:
        columns: Their titles.
        labels: How many of the columns, from the left, are texts; the others are numbers.
        rows: Texts of all cells.
        bold: Which cells are the best of their operation.
        rules: Numbers of the rows above which there is a line.
    """

    columns: tuple[str, ...]
    labels: int
    rows: tuple[tuple[str, ...], ...]
    bold: tuple[tuple[bool, ...], ...]
    rules: tuple[int, ...]


def data(results: Results) -> TableFigure:
    """Return the table of all groups.

    Raises:
        InputError: there are no results.
    """
    return table_figure(summary_of(results))


def table_figure(groups: Sequence[Group]) -> TableFigure:
    """Return the table of a summary, operation by operation.

    Args:
        groups: The summary.

    Raises:
        InputError: it is empty.
    """
    check_not_empty(groups)
    operations = list(dict.fromkeys(group.operation for group in groups))
    ordered = sorted(groups, key=lambda group: operations.index(group.operation))
    count, columns, rows = table_cells(ordered)
    # what is the same in all rows says nothing; the operation comes first, as published
    labels = [k for k in range(count) if columns[k] == "unit" or len({row[k] for row in rows}) > 1]
    labels.sort(key=lambda k: columns[k] != "operation")
    shown_columns = [*labels, *range(count, len(columns))]
    names = tuple(columns[k] for k in shown_columns)
    starts = tuple(k for k in range(1, len(ordered)) if ordered[k].operation != ordered[k - 1].operation)
    return TableFigure(
        names,
        len(labels),
        tuple(
            tuple(_text(columns[k], row[k], index in (0, *starts)) for k in shown_columns)
            for index, row in enumerate(rows)
        ),
        tuple(_bold(names, ordered, group) for group in ordered),
        starts,
    )


def _text(column: str, cell: str, first: bool) -> str:
    """How a cell is written; the operation in its first row alone."""
    if column == "operation":
        return operation_title(cell) if first else ""
    return shown(model_title(cell)) if column == "unit" else cell


def _bold(columns: Sequence[str], groups: Sequence[Group], group: Group) -> tuple[bool, ...]:
    """Which cells of a group are the best of its operation; no success is not the best of anything."""
    titles = {"success_rate": "success rate", "solved_at": "solved at", "sparsity_error": "sparsity error"}
    best = set()
    for key, choose in _BEST:
        means = [
            mean
            for other in groups
            if other.operation == group.operation and other.solved and (mean := getattr(other, key).mean) is not None
        ]
        if group.solved and means and getattr(group, key).mean == choose(means):
            best.add(titles[key])
    return tuple(any(column.startswith(title) for title in best) for column in columns)


def draw(data: TableFigure, style: Style) -> Figure:
    """Return the figure of `data`, by default as wide as its texts; on a narrow page, letters are smaller."""
    texts = [data.columns, *data.rows]
    widths = [_CHARACTER_IN * max(len(row[k].replace("$", "")) for row in texts) for k in range(len(data.columns))]
    natural = sum(widths) + _GAP_IN * (len(widths) - 1)
    width = style.width or natural + 2 * _MARGIN_IN
    scale = min(1.0, (width - 2 * _MARGIN_IN) / natural)
    height = _ROW_IN * scale * (len(texts) + 0.5) + 2 * _MARGIN_IN
    with mpl.rc_context(RC):
        figure = Figure(figsize=(width, height))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, width), ylim=(height, 0))
        axes.set_axis_off()
        _draw_cells(axes, data, widths, scale)
        return figure


def _draw_cells(axes: Axes, data: TableFigure, widths: Sequence[float], scale: float) -> None:
    row_in = _ROW_IN * scale
    top = _MARGIN_IN + 1.5 * row_in
    left = _MARGIN_IN
    for column, width in enumerate(widths):
        number = column >= data.labels
        x, side = (left + width * scale, "right") if number else (left, "left")
        heights = [_MARGIN_IN + 0.5 * row_in, *(top + (k + 0.5) * row_in for k in range(len(data.rows)))]
        cells = [data.columns[column], *(row[column] for row in data.rows)]
        weights = [True, *(row[column] for row in data.bold)]
        for y, cell, bold in zip(heights, cells, weights, strict=True):
            weight = "bold" if bold else "normal"
            axes.text(x, y, cell, ha=side, va="center", fontsize=TEXT * scale, weight=weight, color=GREY10)
        left += (width + _GAP_IN) * scale
    ends = (_MARGIN_IN, left - _GAP_IN * scale)
    lines = [(_MARGIN_IN - 0.2 * row_in, 1.0), (top - 0.25 * row_in, 0.6), (top + (len(data.rows) + 0.2) * row_in, 1.0)]
    for y, width in [*lines, *((top + k * row_in, 0.3) for k in data.rules)]:
        axes.plot(ends, (y, y), color=GREY10, linewidth=width)
