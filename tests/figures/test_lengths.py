from dataclasses import replace
from pathlib import Path

from nalm.figures import FIGURES
from nalm.figures.layouts.grid import GridFigure
from nalm.figures.layouts.panels import PanelsFigure
from nalm.figures.lengths import lengths_figure
from nalm.results import summary_of
from support.digit_results import SEQUENTIAL, sequential_record, store_of


def sequential(folder: Path, references: int) -> GridFigure | PanelsFigure:
    results = {
        ("solved", seed): [sequential_record(0, 12.0, (1.0 + seed, 2.0 + seed, 3.0 + seed))]
        for seed in range(references)
    }
    results |= {
        ("nmu", seed): [sequential_record(0, 50.0, (9, 9, 9), 0.5), sequential_record(5, 10.0, (1, 2, 900), 1.0)]
        for seed in range(2)
    }
    data = FIGURES["lengths"].data(store_of(folder, SEQUENTIAL, results))
    assert isinstance(data, GridFigure | PanelsFigure)
    return data


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
    groups = [replace(group, parameters={"length": lengths[group["length"]]}) for group in summary_of(store)]
    data = lengths_figure(groups, store.records())
    assert isinstance(data, PanelsFigure)
    assert (data.x_ticks, data.x_labels) == ((0, 1), ("1", "10"))
    assert data.panels[0].series[0].x == (0, 1, 2)


def test_without_thresholds_learning_curves_are_shown(tmp_path: Path) -> None:
    data = sequential(tmp_path / "store", references=1)
    assert isinstance(data, GridFigure)
    error, accuracy, lengths = data.rows[0].plots
    assert data.rows[0].series == ("reference", "NMU")
    assert (error.curves[1].x, error.curves[1].y) == ((0, 5), (50, 10))
    assert accuracy.curves[1].y == (50, 50)
    assert (lengths.curves[1].x, lengths.curves[1].y) == ((1, 2, 3), (1, 2, 900))
    assert error.log_y
    assert lengths.log_y
