"""Confusion matrices of the static digit task."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import QuadMesh

from figures.static_results import long_table, static_store
from nalm.errors import InputError
from nalm.figures import FIGURES
from nalm.figures.confusion import ConfusionFigure, confusion_figure, draw
from nalm.figures.style import PUBLISHED


def test_confusion_is_summed_over_folds(tmp_path: Path) -> None:
    data = FIGURES["confusion"].data(static_store(tmp_path / "store"))
    assert isinstance(data, ConfusionFigure)
    assert [matrix.title for matrix in data.matrices] == ["mul", "sNMU"]
    product, snmu = data.matrices
    assert product.counts[0] == (9, 0, 0, 0, 0, 0, 0, 0, 0, 1)
    assert snmu.counts[0] == (27, 0, 0, 0, 0, 0, 0, 0, 0, 3)
    assert snmu.shares[0] == (0.9, 0, 0, 0, 0, 0, 0, 0, 0, 0.1)


def test_a_digit_that_does_not_occur_has_no_shares(tmp_path: Path) -> None:
    data = FIGURES["confusion"].data(static_store(tmp_path / "store"))
    assert isinstance(data, ConfusionFigure)
    assert data.matrices[0].counts[9] == (0,) * 10
    assert data.matrices[0].shares[9] == (None,) * 10
    figure = draw(data, PUBLISHED)
    (axes, *_) = figure.axes
    assert len(axes.texts) == 1 + 90  # the title and nine rows
    (mesh,) = [artist for artist in axes.collections if isinstance(artist, QuadMesh)]
    assert np.ma.getmaskarray(mesh.get_array())[9].all()


def test_rows_of_the_matrix_are_true_digits_from_the_top(tmp_path: Path) -> None:
    (axes, *_) = draw(FIGURES["confusion"].data(static_store(tmp_path / "store")), PUBLISHED).axes
    (wrong,) = [text for text in axes.texts if text.get_position() == (9.5, 0.5)]
    assert wrong.get_text() == "1"  # a zero that was taken for a nine
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Predicted digit", "True digit")
    assert axes.yaxis_inverted()
    assert not axes.xaxis_inverted()


def test_runs_without_counts_are_left_out_of_the_confusion() -> None:
    records = long_table({("nmu", 0): [(0.5, 0.5)], ("nmu", 1): [(0.5, 0.5)], ("snmu", 0): [(0.5, 0.5)]})
    data = confusion_figure(records, {"nmu-1": np.eye(10, dtype=np.int64)})
    assert [(matrix.title, matrix.counts[3][3]) for matrix in data.matrices] == [("NMU", 1)]


def test_results_without_counts_are_refused() -> None:
    with pytest.raises(InputError, match="confusion: these results hold no counts"):
        confusion_figure(long_table({("nmu", 0): [(0.5, 0.5)]}), {})
