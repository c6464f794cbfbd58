"""Shares of right labels by digit, as bars."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from matplotlib.patches import Rectangle

from nalm.errors import InputError
from nalm.figures import FIGURES
from nalm.figures.classes import class_row, draw
from nalm.figures.layouts.grid import GridFigure
from nalm.figures.style import DEFAULT, PUBLISHED
from support.digit_results import STATIC, static_record, store_of


@pytest.fixture
def figure(tmp_path: Path) -> GridFigure:
    results = {(unit, 0): [static_record(1, 1.0)] for unit in ("solved", "snmu")}
    data = FIGURES["classes"].data(store_of(tmp_path / "store", STATIC, results))
    assert isinstance(data, GridFigure)
    return data


def test_models_stand_side_by_side_at_each_digit(figure: GridFigure) -> None:
    (row,) = figure.rows
    assert row.series == ("mul", "sNMU")
    whole, near = row.plots
    assert (whole.x_title, whole.y_title, whole.bar_width) == ("Digit", "Success rate", 0.3)
    # no test sample has a 9
    assert whole.curves[0].x == pytest.approx([digit - 0.15 for digit in range(9)])
    assert whole.curves[1].x == pytest.approx([digit + 0.15 for digit in range(9)])
    assert whole.curves[0].y == pytest.approx([0.9] * 9)
    assert whole.curves == near.curves
    assert near.y_limits == (0.958, 1.002)


def test_bars_reach_from_zero_to_the_share(figure: GridFigure) -> None:
    for style in (DEFAULT, PUBLISHED):
        axes = draw(figure, style).axes[0]
        rectangles = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
        bars = [patch for patch in rectangles if patch.get_width() == pytest.approx(0.3)]
        assert len(bars) == 18
        assert {(bar.get_y(), round(bar.get_height(), 6)) for bar in bars} == {(0, 0.9)}


def test_results_without_shares_are_refused(tmp_path: Path) -> None:
    store = store_of(tmp_path / "store", STATIC, {("snmu", 0): [static_record(1, 1.0)]})
    records = store.records().select(pl.exclude("^test_digit_.*$"))
    assert class_row(records, bars=True) is None
    with pytest.raises(InputError, match="no finished runs to show"):
        FIGURES["classes"].data(store_of(tmp_path / "empty", STATIC, {}))
