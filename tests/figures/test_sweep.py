"""Measures over a swept parameter: what stands where, in which order."""

from __future__ import annotations

import numpy as np
import pytest

from figures.summaries import make_group
from nalm.errors import InputError
from nalm.figures.style import DEFAULT
from nalm.figures.sweep import draw, sweep_figure


def test_numbers_stand_where_they_belong() -> None:
    groups = [make_group(hidden_size=size) for size in (10, 2, 6)]
    figure = sweep_figure(groups)
    assert figure.x_title == "Hidden size"
    assert figure.x_ticks == (2.0, 6.0, 10.0)
    assert figure.x_labels == ("2", "6", "10")
    assert figure.lines
    assert figure.rows[0].panels[0].title == "Success rate"
    assert figure.rows[0].panels[0].series[0].x == (2.0, 6.0, 10.0)


def test_the_success_panel_reaches_one() -> None:
    panel = sweep_figure([make_group(solved_at=(), sparsity=(), hidden_size=2)]).rows[0].panels[0]
    assert panel.y_limits == pytest.approx((-0.05, 1.05))


def test_our_units_are_told_from_others() -> None:
    groups = [make_group(unit, hidden_size=2) for unit in ("nmu", "nau", "nalu")]
    assert {model.title: model.ours for model in sweep_figure(groups).models} == {
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
    assert [model.title for model in figure.models] == ["NMU learning rate 0.001", "NMU learning rate 0.01"]
    assert figure.variants == ()


def test_optimizers_are_line_types_and_operations_rows() -> None:
    optimizers = [{"optimizer": "adam", "momentum": 0.0}, {"optimizer": "sgd", "momentum": 0.0}]
    optimizers.append({"optimizer": "sgd", "momentum": 0.9})
    groups = [
        make_group(unit, operation=operation, learning_rate=rate, **optimizer)
        for operation in ("add", "mul")
        for unit in ("nac", "nalu")
        for optimizer in optimizers
        for rate in (1e-3, 1e-2)
    ]
    figure = sweep_figure(groups, "learning_rate")
    assert [model.title for model in figure.models] == [r"$\mathrm{NAC}_{+}$", "NALU"]
    assert (figure.variant_title, figure.variants) == ("optimizer", ("Adam", "SGD, momentum 0", "SGD, momentum 0.9"))
    assert [row.title for row in figure.rows] == ["Addition", "Multiplication"]
    for row in figure.rows:
        for panel in row.panels:
            assert [(series.model, series.variant) for series in panel.series] == [
                (model, variant) for model in (0, 1) for variant in (0, 1, 2)
            ]


def test_more_variants_than_line_types_are_titles() -> None:
    groups = [make_group(unit, hidden_size=2, batch_size=k) for unit in ("nmu", "nalu") for k in range(5)]
    figure = sweep_figure(groups, "hidden_size")
    assert len(figure.models) == 10
    assert figure.models[0].title == "NALU batch size 0"
    assert figure.variants == ()


def test_lines_have_gaps_where_nothing_was_solved() -> None:
    unsolved = make_group(hidden_size=4, solved_at=(), sparsity=())
    groups = [make_group(hidden_size=2), unsolved, make_group(hidden_size=6)]
    figure = sweep_figure(groups)
    success, solved_at, _ = figure.rows[0].panels
    assert success.series[0].mean == (0.75, 0.0, 0.75)
    assert solved_at.series[0].x == (2.0, 4.0, 6.0)
    assert solved_at.series[0].mean == (22_000, None, 22_000)
    lines = [line for line in draw(figure, DEFAULT).axes[1].lines if line.get_linestyle() == "-"]
    assert any(list(np.isnan(np.asarray(line.get_ydata(), dtype=float))) == [False, True, False] for line in lines)


def test_labels_that_would_overlap_are_left_out() -> None:
    figure = sweep_figure([make_group(input_size=size) for size in (4, 10, 25, 150, 300)], "input_size")
    assert figure.x_ticks == (4, 10, 25, 150, 300)
    assert figure.x_labels == ("4", "", "25", "150", "300")


def test_factors_of_the_penalty_stand_at_equal_distances_as_published() -> None:
    figure = sweep_figure([make_group(sparsity_penalty=factor) for factor in (0, 0.01, 0.1, 1, 10, 100)])
    assert figure.x_ticks == (0, 1, 2, 3, 4, 5)
    assert figure.x_labels == ("0", "0.01", "0.1", "1", "10", "100")


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
