"""Learning curves of the digit tasks by epoch."""

from __future__ import annotations

from pathlib import Path

import pytest

from nalm.errors import InputError
from nalm.figures import FIGURES
from nalm.figures.layouts.grid import Curve, GridFigure
from nalm.figures.series.means import share_limits
from nalm.figures.style import STYLES
from nalm.results.store import Store
from results.samples import STUDY, make_batch, make_run
from support.digit_results import SEQUENTIAL, STATIC, sequential_record, static_record, store_of


def test_labels_of_the_static_task_are_drawn_alone(tmp_path: Path) -> None:
    results = {(unit, 0): [static_record(0, 2.0), static_record(1, 8.0)] for unit in ("solved", "snmu")}
    store = store_of(tmp_path / "store", STATIC, results)
    data = FIGURES["epochs"].data(store)
    assert isinstance(data, GridFigure)
    titles = [[plot.y_title for plot in row.plots] for row in data.rows]
    assert titles[0] == ["Test Accuracy (%)", "Left Label Accuracy (%)", "Right Label Accuracy (%)"]
    assert titles[1] == [f"Rounded {title}" for title in titles[0]]
    assert [row.series for row in data.rows] == [("mul", "sNMU")] * 2
    assert data.rows[1].plots[2].curves[1].y == pytest.approx((20, 80))
    # the same rows as in the whole figure
    whole = FIGURES["pairs"].data(store)
    assert isinstance(whole, GridFigure)
    assert whole.rows[1:3] == data.rows


def test_sequences_have_error_and_accuracy(tmp_path: Path) -> None:
    records = [sequential_record(epoch, 9.0 - epoch, (1, 2, 3), 0.5) for epoch in range(3)]
    data = FIGURES["epochs"].data(store_of(tmp_path / "store", SEQUENTIAL, {("nmu", 0): records}))
    assert isinstance(data, GridFigure)
    (row,) = data.rows
    assert [plot.y_title for plot in row.plots] == ["Validation error", "Accuracy of the last output (%)"]
    assert row.plots[0].curves[0].y == (9, 8, 7)


def test_other_tasks_are_refused(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "store", STUDY)
    store.write(make_batch([make_run("nmu", "[1,2]", 0)]))
    with pytest.raises(InputError, match=r"^epochs: shown of .*; these results are of 'single-module'; --what curves"):
        FIGURES["epochs"].data(store)


def test_shares_that_are_all_equal_have_no_negative_axis() -> None:
    def curve(*y: float) -> Curve:
        return Curve(0, tuple(map(float, range(len(y)))), y, (None,) * len(y), (None,) * len(y))

    assert share_limits([curve(0, 0), curve(0)], 100.0) == (-4, 104)
    assert share_limits([curve(100)], 100.0) == (-4, 104)
    assert share_limits([], 1.0) == (-0.04, 1.04)
    assert share_limits([curve(0, 1)], 100.0) is None


def test_no_axis_of_a_share_has_a_negative_label(tmp_path: Path) -> None:
    results = {(unit, 0): [static_record(0, 0.0), static_record(1, 0.0)] for unit in ("solved", "snmu")}
    store = store_of(tmp_path / "store", STATIC, results)
    for kind in ("epochs", "pairs"):
        module = FIGURES[kind]
        for style in STYLES.values():
            drawn = module.draw(module.data(store), style)
            for axes in drawn.axes:
                low, high = axes.get_ylim()
                shown = [tick for tick in axes.get_yticks() if low <= tick <= high]
                assert min(shown) >= 0 or "Accuracy" not in axes.get_ylabel()
