"""A summary as a table: what stands in its cells, and that they stay apart."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from figures.pages import shown_outside
from figures.summaries import make_group
from nalm.errors import InputError
from nalm.figures import figure, plot
from nalm.figures.style import DEFAULT, Style, find_style
from nalm.figures.table import TableFigure, draw, table_figure
from nalm.results.store import Store
from results.samples import STUDY, make_batch, make_run


def comparison() -> TableFigure:
    """Four units on two operations, unit by unit as a study lists them."""
    groups = [
        make_group(unit, operation=operation, solved_at=solved_at, sparsity=sparsity)
        for unit, solved_at, sparsity in (
            ("nac_mul", (), ()),
            ("nmu", (1000, 2000, 3000), (1e-6, 2e-6)),
            ("nalu", (500,), (1e-3,)),
            ("gnalu", (9000, 9500, 9800), (1e-7, 2e-7)),
        )
        for operation in ("add", "mul")
    ]
    return table_figure(groups)


def test_rows_stand_operation_by_operation() -> None:
    table = comparison()
    assert table.columns == ("operation", "unit", "solved", "success rate, %", "solved at, step", "sparsity error")
    assert table.labels == 2
    assert [row[:3] for row in table.rows] == [
        ("Addition", r"$\mathrm{NAC}_{⦁}$", "0/4"),
        ("", "NMU", "3/4"),
        ("", "NALU", "1/4"),
        ("", "G-NALU", "3/4"),
        ("Multiplication", r"$\mathrm{NAC}_{⦁}$", "0/4"),
        ("", "NMU", "3/4"),
        ("", "NALU", "1/4"),
        ("", "G-NALU", "3/4"),
    ]
    assert table.rules == (4,)


def test_the_best_of_each_operation_are_bold() -> None:
    table = comparison()
    for first in (0, 4):
        nac, nmu, nalu, gnalu = table.bold[first : first + 4]
        assert not any(nac)
        assert nmu == (False, False, False, True, False, False)
        assert nalu == (False, False, False, False, True, False)
        assert gnalu == (False, False, False, True, False, True)


def test_no_success_is_not_the_best_of_anything() -> None:
    table = table_figure([make_group(unit, solved_at=(), sparsity=()) for unit in ("nmu", "nalu")])
    assert not any(map(any, table.bold))


def test_what_is_the_same_in_all_rows_is_left_out() -> None:
    assert table_figure([make_group()]).columns[0] == "unit"
    ranges = table_figure([make_group(interpolation_range=pair) for pair in ("[1,2]", "[-2,-1]")])
    assert ranges.columns[:2] == ("unit", "interpolation range")


@pytest.mark.parametrize("style", [DEFAULT, find_style("default", "3.3in"), find_style("default", "12in")])
def test_cells_stay_on_the_page_and_apart(style: Style) -> None:
    drawn = draw(comparison(), style)
    assert not shown_outside(drawn)
    assert style.width is None or drawn.get_size_inches()[0] == style.width
    texts = [text for text in drawn.axes[0].texts if text.get_text()]
    by_line: dict[float, list[tuple[float, float]]] = {}
    for text in texts:
        box = text.get_window_extent()
        by_line.setdefault(text.get_position()[1], []).append((box.x0, box.x1))
    assert len(by_line) == 1 + 8
    for line in by_line.values():
        assert all(one[1] < other[0] for one, other in pairwise(sorted(line)))


def test_a_study_asks_for_a_table(tmp_path: Path) -> None:
    study = STUDY.replace("[[networks]]", '[figure]\nkind = "table"\n[[networks]]', 1)
    store = Store.create_or_open(tmp_path / "store", study)
    store.write(make_batch([make_run("nmu", "[1,2]", 0), make_run("nalu", "[1,2]", 0)]))
    assert [text.get_text() for text in figure(store).axes[0].texts][:3] == ["unit", "NMU", "NALU"]
    assert plot(store, tmp_path / "a.tex", "table").read_bytes() == plot(store, tmp_path / "b.tex").read_bytes()


def test_nothing_to_show_is_refused() -> None:
    with pytest.raises(InputError, match="no finished runs to show"):
        table_figure([])
