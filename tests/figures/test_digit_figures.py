from pathlib import Path

import polars as pl
import pytest

from nalm.errors import InputError
from nalm.figures import GridFigure, PanelsFigure, digit_figure_data, draw, picture_bytes
from nalm.figures._digit_figures import lengths_figure, pairs_figure
from support.digit_results import SEQUENTIAL, STATIC, sequential_record, static_record, store_of


@pytest.fixture
def static(tmp_path: Path) -> GridFigure:
    results = {
        (unit, seed): [static_record(0, 9.0), static_record(1, 1.0 + seed)]
        for unit in ("solved", "snmu")
        for seed in range(3 if unit == "snmu" else 1)
    }
    data = digit_figure_data(store_of(tmp_path / "static", STATIC, results))
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
    assert [curve.title for curve in loss.curves] == [
        f"{what} ({part})" for what in ("output", "label 1", "label 2") for part in ("train", "valid", "test")
    ]
    accuracy = static.rows[0].plots[1]
    assert [curve.title for curve in accuracy.curves][:2] == ["output (train)", "output (test)"]
    colours = {curve.title: curve.colour for curve in loss.curves}
    assert len(set(colours.values())) == 9
    assert all(curve.colour == colours[curve.title] for curve in accuracy.curves)


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
    assert (model.title, model.x) == ("sNMU", (0.0, 1.0))
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


def sequential(folder: Path, references: int) -> GridFigure | PanelsFigure | None:
    results = {
        ("solved", seed): [sequential_record(0, 12.0, (1.0 + seed, 2.0 + seed, 3.0 + seed))]
        for seed in range(references)
    }
    results |= {
        ("nmu", seed): [sequential_record(0, 50.0, (9, 9, 9), 0.5), sequential_record(5, 10.0, (1, 2, 900), 1.0)]
        for seed in range(2)
    }
    return digit_figure_data(store_of(folder, SEQUENTIAL, results))


def test_lengths_show_the_three_measures_without_the_reference(tmp_path: Path) -> None:
    data = sequential(tmp_path / "store", references=3)
    assert isinstance(data, PanelsFigure)
    assert data.x_title == "Extrapolation length"
    assert data.x_labels == ("1", "2")
    assert [panel.title for panel in data.panels] == ["Success rate", "Solved at iteration step", "Sparsity error"]
    (nmu,) = data.panels[0].series
    assert (nmu.title, nmu.x, nmu.mean) == ("NMU", (1, 2, 3), (1, 1, 0))
    assert data.panels[1].series[0].mean == (50, 50)


def test_long_lengths_stand_at_equal_distances(tmp_path: Path) -> None:
    results = {("solved", seed): [sequential_record(0, 12.0, (1.0 + seed, 2.0, 3.0))] for seed in range(3)}
    results["nmu", 0] = [sequential_record(0, 12.0, (1, 2, 900), 0.5)]
    store = store_of(tmp_path / "store", SEQUENTIAL, results)
    lengths = {1: 1, 2: 10, 3: 100}
    groups = [{**group, "length": lengths[group["length"]]} for group in store.groups()]
    data = lengths_figure(groups, store.records())
    assert isinstance(data, PanelsFigure)
    assert (data.x_ticks, data.x_labels) == ((0, 1), ("1", "10"))
    assert data.panels[0].series[0].x == (0, 1, 2)


def test_without_thresholds_learning_curves_are_shown(tmp_path: Path) -> None:
    data = sequential(tmp_path / "store", references=1)
    assert isinstance(data, GridFigure)
    error, accuracy, lengths = data.rows[0].plots
    assert [curve.title for curve in error.curves] == ["reference", "NMU"]
    assert (error.curves[1].x, error.curves[1].y) == ((0, 5), (50, 10))
    assert accuracy.curves[1].y == (50, 50)
    assert (lengths.curves[1].x, lengths.curves[1].y) == ((1, 2, 3), (1, 2, 900))
    assert error.log_y
    assert lengths.log_y


def test_same_data_same_bytes(static: GridFigure) -> None:
    for suffix in (".svg", ".pdf", ".png"):
        assert picture_bytes(draw(static), suffix) == picture_bytes(draw(static), suffix)
