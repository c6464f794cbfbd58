"""Measures over a swept parameter: what stands where, in which order."""

from __future__ import annotations

import pytest

from figures.summaries import make_group
from nalm.errors import InputError
from nalm.figures.sweep import sweep_figure


def test_numbers_stand_where_they_belong() -> None:
    groups = [make_group(hidden_size=size) for size in (10, 2, 6)]
    figure = sweep_figure(groups)
    assert figure.x_title == "Hidden size"
    assert figure.x_ticks == (2.0, 6.0, 10.0)
    assert figure.x_labels == ("2", "6", "10")
    assert figure.lines
    assert figure.panels[0].title == "Success rate"
    assert figure.panels[0].series[0].x == (2.0, 6.0, 10.0)


def test_the_success_panel_reaches_one() -> None:
    panel = sweep_figure([make_group(solved_at=(), sparsity=(), hidden_size=2)]).panels[0]
    assert panel.y_limits == pytest.approx((-0.05, 1.05))


def test_our_units_are_told_from_others() -> None:
    groups = [make_group(unit, hidden_size=2) for unit in ("nmu", "nau", "nalu")]
    assert {one.title: one.ours for one in sweep_figure(groups).panels[0].series} == {
        "NMU": True,
        "NAU": True,
        "NALU": False,
    }


def test_texts_stand_side_by_side() -> None:
    groups = [make_group(noise=noise) for noise in ("batch", "[1,5]", "[1,2]")]
    figure = sweep_figure(groups, "noise")
    assert figure.x_labels == ("[1,2]", "[1,5]", "batch")
    assert figure.x_ticks == (0.0, 1.0, 2.0)
    assert figure.rotated_labels


def test_what_else_varies_tells_series_apart() -> None:
    groups = [make_group(hidden_size=size, learning_rate=rate) for size in (2, 4) for rate in (1e-3, 1e-2)]
    figure = sweep_figure(groups, "hidden_size")
    assert [one.title for one in figure.panels[0].series] == [
        "NMU learning rate 0.001",
        "NMU learning rate 0.01",
    ]


def test_a_logarithmic_axis() -> None:
    figure = sweep_figure([make_group(learning_rate=rate) for rate in (1e-4, 1e-2)], logarithmic=True)
    assert figure.log_x
    assert 0 < figure.x_limits[0] < 1e-4
    with pytest.raises(InputError, match="a logarithmic axis needs positive numbers, got hidden_size = 0"):
        sweep_figure([make_group(hidden_size=0)], logarithmic=True)


def test_what_was_not_swept_is_refused() -> None:
    with pytest.raises(InputError, match="sweeps no parameter"):
        sweep_figure([make_group()])
    with pytest.raises(InputError, match="no parameter 'hidden'; did you mean 'hidden_size'"):
        sweep_figure([make_group(hidden_size=2)], "hidden")


def test_nothing_to_show_is_refused() -> None:
    with pytest.raises(InputError, match="no finished runs to show; nalm run trains them"):
        sweep_figure([])
