"""Paths of the two weights of units."""

from __future__ import annotations

from itertools import pairwise
from math import inf, nan
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from matplotlib.collections import LineCollection

from figures.static_results import Weights, long_table, static_store
from nalm.errors import InputError
from nalm.figures import FIGURES
from nalm.figures.style import DEFAULT, PUBLISHED
from nalm.figures.weights import WeightsFigure, draw, weights_figure
from nalm.results.store import Store
from results.samples import PAIRS, STUDY, make_batch, make_run
from support.digit_results import SEQUENTIAL, STATIC, sequential_record, static_record, store_of


def test_paths_are_those_of_the_folds_in_order_of_epochs() -> None:
    paths: dict[tuple[str, int], Weights] = {("fc", 1): [(0.1, 0.2), (0.3, 0.4)], ("fc", 0): [(0.5, 0.6), (0.7, 0.8)]}
    shuffled = long_table(paths).reverse()
    data = weights_figure(shuffled)
    (panel,) = data.panels
    assert (panel.title, panel.note) == ("fc", "")
    assert [(path.times, path.weight_0, path.weight_1) for path in panel.paths] == [
        ((0, 1), (0.5, 0.7), (0.6, 0.8)),
        ((0, 1), (0.1, 0.3), (0.2, 0.4)),
    ]
    assert (data.time, data.ends) == ("epoch", (0, 1))
    assert panel.limits == (0.0, 1.5)


def test_models_without_weights_have_no_panel(tmp_path: Path) -> None:
    data = FIGURES["weights"].data(static_store(tmp_path / "store"))
    assert isinstance(data, WeightsFigure)
    (panel,) = data.panels
    assert panel.title == "sNMU"
    assert [path.weight_0 for path in panel.paths] == [(0.4, 0.9)] * 3
    assert [path.weight_1[0] for path in panel.paths] == pytest.approx([0.6, 0.7, 0.8])


@pytest.mark.parametrize("bad", [nan, inf, -inf, None])
def test_a_path_ends_where_the_run_diverged(bad: float | None) -> None:
    paths: dict[tuple[str, int], Weights] = {
        ("nmu", 0): [(0.5, 0.5), (0.6, 0.6), (0.7, bad)],
        ("nmu", 1): [(0.5, 0.5), (0.6, 0.6), (0.7, 0.7)],
    }
    (panel,) = weights_figure(long_table(paths, failed=[("nmu", 0)])).panels
    assert [path.times for path in panel.paths] == [(0, 1), (0, 1, 2)]
    assert panel.note == "1 of 2 folds diverged"


def test_axes_are_fitted_to_the_paths_of_each_panel() -> None:
    paths: dict[tuple[str, int], Weights] = {
        ("nmu", 0): [(0.5, 0.5), (1.0, 1.0)],
        ("nau", 0): [(0.0, 0.2), (1.0, -1.0)],
        ("realnpu", 0): [(0.5, 0.5), (3.0, -2.0)],
    }
    figure = weights_figure(long_table(paths))
    limits = {panel.title: panel.limits for panel in figure.panels}
    assert limits["NMU"] == (0.0, 1.5)
    assert limits["NAU"] == pytest.approx((-1 - 0.05 * 2.5, 1.5))
    assert limits["Real NPU"] == pytest.approx((-2 - 0.05 * 5, 3 + 0.05 * 5))
    assert not any(panel.note for panel in figure.panels)
    for axes, panel in zip(draw(figure, DEFAULT).axes, figure.panels, strict=False):
        assert axes.get_xlim() == axes.get_ylim() == pytest.approx(panel.limits)


def test_runs_that_end_far_outside_are_counted_and_do_not_squash_the_others() -> None:
    ends = [(1.0, 1e6), (-40.0, 1.0), (1.5, 0.0), (1.0, 1.0)]
    paths: dict[tuple[str, int], Weights] = {("nmu", seed): [(0.5, 0.5), end] for seed, end in enumerate(ends)}
    figure = weights_figure(long_table(paths, failed=[("nmu", 0)]))
    assert figure.panels[0].note == "1 of 4 folds diverged\n2 of 4 folds end outside"
    assert figure.panels[0].limits == (0.0, 1.5)
    assert figure.panels[0].note in [text.get_text() for text in draw(figure, PUBLISHED).axes[0].texts]


def test_models_with_more_weights_are_left_out() -> None:
    records = long_table({("nmu", 0): [(0.5, 0.5)], ("relu_1", 0): [(0.1, 0.2)]}).with_columns(
        w2=pl.when(unit="relu_1").then(0.3)
    )
    assert [panel.title for panel in weights_figure(records).panels] == ["NMU"]


def test_single_modules_have_paths_by_iteration_for_each_range(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "store", STUDY)
    store.write(make_batch([make_run(unit, pair, s) for unit in ("nmu", "nalu") for pair in PAIRS for s in (0, 1)]))
    figure = FIGURES["weights"].data(store)
    assert isinstance(figure, WeightsFigure)
    assert figure.time == "iteration"
    assert [panel.title for panel in figure.panels][:2] == ["NALU, U[-20,-10)", "NALU, U[-2,-1)"]
    assert len(figure.panels) == 2 * len(PAIRS)
    assert [len(panel.paths) for panel in figure.panels] == [2] * len(figure.panels)
    legend = [text.get_text() for text in draw(figure, DEFAULT).legends[0].get_texts()]
    assert legend == ["first iteration", "last iteration"]


def test_sequential_cells_have_paths_by_epoch(tmp_path: Path) -> None:
    records = [sequential_record(epoch, 9.0, (1, 2, 3), 0.2 * epoch) for epoch in range(3)]
    figure = FIGURES["weights"].data(store_of(tmp_path / "store", SEQUENTIAL, {("nmu", 0): records}))
    assert isinstance(figure, WeightsFigure)
    assert (figure.time, figure.ends) == ("epoch", (0, 2))
    assert figure.panels[0].paths[0].weight_0 == pytest.approx((0, 0.2, 0.4))


def test_paths_go_from_blue_to_red_through_all_points() -> None:
    figure = draw(weights_figure(long_table({("nmu", 0): [(k / 1000, 1 - k / 1000) for k in range(1001)]})), PUBLISHED)
    axes = figure.axes[0]
    (lines,) = [artist for artist in axes.collections if isinstance(artist, LineCollection)]
    pieces = lines.get_segments()
    assert pieces[0][0] == pytest.approx((0, 1))
    assert pieces[-1][-1] == pytest.approx((1, 0))
    for piece, following in pairwise(pieces):
        assert piece[-1] == pytest.approx(following[0])
    assert sum(len(piece) - 1 for piece in pieces) == 1000
    red, _, blue, _ = np.array(lines.get_colors()).T
    assert (np.diff(red) > 0).all()
    assert (np.diff(blue) < 0).all()
    stars = {line.get_color(): (line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines}  # type: ignore[index]
    assert stars == {"#0000FF": (0, 1), "#FF0000": (1, 0)}


def test_models_without_weights_are_named(tmp_path: Path) -> None:
    solved = store_of(tmp_path / "store", STATIC, {("solved", 0): [static_record(0, 9.0)]})
    with pytest.raises(InputError, match=r"weights: shown of models with two weights, such as nmu; .* are of mul$"):
        FIGURES["weights"].data(solved)
