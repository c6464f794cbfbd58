"""Paths of weights of the static digit task."""

from __future__ import annotations

from itertools import pairwise
from math import inf, nan
from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import LineCollection

from figures.static_results import Weights, long_table, static_store
from nalm.errors import InputError
from nalm.figures import FIGURES
from nalm.figures.style import PUBLISHED
from nalm.figures.weights import WeightsFigure, draw, weights_figure
from support.digit_results import STATIC, static_record, store_of


def test_paths_are_those_of_the_folds_in_order_of_epochs() -> None:
    paths: dict[tuple[str, int], Weights] = {("fc", 1): [(0.1, 0.2), (0.3, 0.4)], ("fc", 0): [(0.5, 0.6), (0.7, 0.8)]}
    shuffled = long_table(paths).reverse()
    data = weights_figure(shuffled)
    (panel,) = data.panels
    assert (panel.title, panel.note) == ("fc", "")
    assert [(path.epochs, path.weight_0, path.weight_1) for path in panel.paths] == [
        ((0, 1), (0.5, 0.7), (0.6, 0.8)),
        ((0, 1), (0.1, 0.3), (0.2, 0.4)),
    ]
    assert (data.epochs, data.limits) == ((0, 1), (0.0, 1.5))


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
    assert [path.epochs for path in panel.paths] == [(0, 1), (0, 1, 2)]
    assert panel.note == "1 of 2 folds diverged"


def test_folds_that_end_outside_the_panel_are_counted() -> None:
    ends = [(1.0, 1.6), (-0.1, 1.0), (1.5, 0.0), (1.0, 1.0)]
    paths: dict[tuple[str, int], Weights] = {("nmu", seed): [(0.5, 2.0), end] for seed, end in enumerate(ends)}
    data = weights_figure(long_table(paths, failed=[("nmu", 0)]))
    assert data.panels[0].note == "1 of 4 folds diverged\n2 of 4 folds end outside"
    axes = draw(data, PUBLISHED).axes[0]
    assert (axes.get_xlim(), axes.get_ylim()) == ((0, 1.5), (0, 1.5))
    assert data.panels[0].note in [text.get_text() for text in axes.texts]


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
