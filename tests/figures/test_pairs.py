from pathlib import Path

import polars as pl
import pytest

from nalm.errors import InputError
from nalm.figures import FIGURES, figure_bytes
from nalm.figures.layouts.grid import GridFigure
from nalm.figures.pairs import draw, pairs_figure
from nalm.figures.style import PUBLISHED
from support.digit_results import STATIC, static_record, store_of


@pytest.fixture
def static(tmp_path: Path) -> GridFigure:
    results = {
        (unit, seed): [static_record(0, 9.0), static_record(1, 1.0 + seed)]
        for unit in ("solved", "snmu")
        for seed in range(3 if unit == "snmu" else 1)
    }
    data = FIGURES["pairs"].data(store_of(tmp_path / "static", STATIC, results))
    assert isinstance(data, GridFigure)
    return data


def test_static_figure_has_the_published_plots(static: GridFigure) -> None:
    titles = [[(plot.x_title, plot.y_title) for plot in row.plots] for row in static.rows]
    assert titles == [
        [("Model", "Loss"), ("Model", "Accuracy (%)"), ("Model", "Rounded Accuracy (%)")],
        [("Epoch", f"{what} Accuracy (%)") for what in ("Test", "Left Label", "Right Label")],
        [("Epoch", f"Rounded {what} Accuracy (%)") for what in ("Test", "Left Label", "Right Label")],
        [("Digit", "Success rate")] * 2,
    ]
    loss = static.rows[0].plots[0]
    assert loss.x_labels == ("mul", "sNMU")
    titles = static.rows[0].series
    assert titles == tuple(
        f"{what} ({part})" for what in ("output", "label 1", "label 2") for part in ("train", "valid", "test")
    )
    assert [curve.series for curve in loss.curves] == list(range(9))
    # the same colours where not all are shown
    accuracy = static.rows[0].plots[1]
    assert [titles[curve.series] for curve in accuracy.curves][:2] == ["output (train)", "output (test)"]


def test_bars_are_standard_errors_over_folds(static: GridFigure) -> None:
    curve = static.rows[0].plots[0].curves[0]
    # one fold of the first model, three of the second: 1, 2, 3
    assert curve.y == pytest.approx((1.0, 2.0))
    assert (curve.lower[0], curve.upper[0]) == (None, None)
    assert (curve.lower[1], curve.upper[1]) == pytest.approx((2 - 3**-0.5, 2 + 3**-0.5))
    # within 0.3 of each other around the model's position
    positions = [one.x[1] for one in static.rows[0].plots[0].curves]
    assert positions == sorted(positions)
    assert max(positions) - min(positions) == pytest.approx(0.3 * 8 / 9)
    assert sum(positions) / 9 == pytest.approx(1)


def test_epochs_are_lines_with_ribbons(static: GridFigure) -> None:
    plot = static.rows[2].plots[1]
    assert plot.lines
    model = plot.curves[1]
    assert (static.rows[2].series[model.series], model.x) == ("sNMU", (0.0, 1.0))
    assert model.y == pytest.approx((90.0, 20.0))
    assert model.upper[0] == pytest.approx(90)
    assert model.upper[1] == pytest.approx(20 + 10 / 3**0.5)


def test_digits_have_their_share_of_right_labels(static: GridFigure) -> None:
    whole, near = static.rows[3].plots
    assert whole.curves == near.curves
    assert near.y_limits is not None
    assert near.y_limits[0] > 0.9
    curve = whole.curves[1]
    # no test sample has a 9
    assert [round(x) for x in curve.x] == list(range(9))
    assert curve.y == pytest.approx([0.9] * 9)


def test_no_runs() -> None:
    with pytest.raises(InputError, match="figure: there are no finished runs to show"):
        pairs_figure(pl.DataFrame())


def test_same_data_same_bytes(static: GridFigure) -> None:
    for suffix in (".svg", ".pdf", ".png"):
        contents = {figure_bytes(draw(static, PUBLISHED), suffix) for _ in range(2)}
        assert len(contents) == 1
