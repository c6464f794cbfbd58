"""Measures over ranges: what stands where, in which order, with which ends."""

from __future__ import annotations

import pytest

from figures.summaries import make_group
from nalm.errors import InputError
from nalm.figures.ranges import ranges_figure
from nalm.figures.style import PUBLISHED
from results.samples import PAIRS


def test_ranges_stand_in_the_published_order() -> None:
    figure = ranges_figure([make_group(interpolation_range=pair) for pair in PAIRS])
    assert figure.x_labels == (
        "U[-0.2,-0.1)",
        "U[-1.2,-1.1)",
        "U[-2,-1)",
        "U[-2,2)",
        "U[-20,-10)",
        "U[0.1,0.2)",
        "U[1,2)",
        "U[1.1,1.2)",
        "U[10,20)",
    )
    assert figure.x_ticks == tuple(range(9))
    assert [panel.title for panel in figure.panels] == [
        "Extrapolation range success rate",
        "Solved at iteration step",
        "Sparsity error",
    ]


def test_models_stand_in_the_published_order_with_its_colours() -> None:
    units = ("nmu", "realnpu", "nalu", "npu", "inalu", "gnalu", "nac_mul")
    series = ranges_figure([make_group(unit) for unit in units]).panels[0].series
    assert [one.title for one in series] == [
        r"$\mathrm{NAC}_{\bullet}$",
        "G-NALU",
        "iNALU",
        "NALU",
        "NMU",
        "NPU",
        "Real NPU",
    ]
    assert [mark.colour for mark in PUBLISHED.marks(len(series))] == [
        "#F8766D",
        "#C49A00",
        "#53B400",
        "#00C094",
        "#00B6EB",
        "#A58AFF",
        "#FB61D7",
    ]


def test_points_are_dodged_around_their_range() -> None:
    groups = [make_group(unit, pair) for unit in ("nmu", "snmu") for pair in ("[1,2]", "[-2,-1]")]
    nmu, snmu = ranges_figure(groups).panels[0].series
    assert nmu.x == pytest.approx((-0.075, 0.925))
    assert snmu.x == pytest.approx((0.075, 1.075))
    (wide, _) = ranges_figure(groups, dodge=0.8).panels[0].series
    assert wide.x == pytest.approx((-0.2, 0.8))


def test_means_and_ends_are_those_of_the_summary() -> None:
    group = make_group()
    panels = ranges_figure([group]).panels
    for panel, key in zip(panels, ("success_rate", "solved_at", "sparsity_error"), strict=True):
        (series,) = panel.series
        assert (series.mean, series.lower, series.upper) == tuple(
            (group[key][part],) for part in ("mean", "lower", "upper")
        )


def test_axes_start_at_zero_and_end_at_the_highest_bar() -> None:
    group = make_group()
    success, solved_at, _ = ranges_figure([group]).panels
    top = group["success_rate"]["upper"]
    assert success.y_limits == pytest.approx((-0.05 * top, 1.05 * top))
    top = group["solved_at"]["upper"]
    assert solved_at.y_limits == pytest.approx((-0.05 * top, 1.05 * top))


def test_a_bar_from_two_runs_does_not_squash_the_panel() -> None:
    wide = make_group("nalu", solved_at=(1000, 40_000))
    assert wide["solved_at"]["upper"] > 1e6
    panel = ranges_figure([wide, make_group()]).panels[1]
    assert panel.y_limits[1] == pytest.approx(1.05 * 2 * 22_000)
    assert panel.series[0].upper == (wide["solved_at"]["upper"],)


def test_cells_without_a_solved_run_have_no_point() -> None:
    groups = [make_group("nmu"), make_group("nalu", solved_at=(), sparsity=())]
    success, solved_at, sparsity = ranges_figure(groups).panels
    assert [len(series.x) for series in success.series] == [1, 1]
    assert [len(series.x) for series in solved_at.series] == [0, 1]
    assert solved_at.note is None
    assert [len(series.x) for series in sparsity.series] == [0, 1]


def test_empty_panels_say_why() -> None:
    unsolved = ranges_figure([make_group(solved_at=(), sparsity=())]).panels
    assert [panel.note for panel in unsolved] == [None, "no run solved the task", "no run solved the task"]
    without_sparsity = ranges_figure([make_group(sparsity=())]).panels
    assert without_sparsity[2].note == "not defined for these models"


def test_one_solved_run_has_a_point_without_bar() -> None:
    panel = ranges_figure([make_group(solved_at=(5000,))]).panels[1]
    assert panel.series[0].mean == (5000.0,)
    assert panel.series[0].upper == (None,)


def test_operations_tell_series_apart() -> None:
    figure = ranges_figure([make_group(operation="add"), make_group(operation="sub")])
    assert [series.title for series in figure.panels[0].series] == ["NMU add", "NMU sub"]


def test_unknown_units_keep_their_label_and_pairs_are_joined() -> None:
    figure = ranges_figure([make_group("nau_snmu_batch"), make_group("MyUnit")])
    assert [series.title for series in figure.panels[0].series] == ["MyUnit", "NAU-sNMU (batch)"]


def test_nothing_to_show_is_refused() -> None:
    with pytest.raises(InputError, match="no finished runs to show; nalm run trains them"):
        ranges_figure([])
