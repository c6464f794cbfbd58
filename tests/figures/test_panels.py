"""The data of figures: what stands where, in which order, with which ends."""

from __future__ import annotations

import pytest

from figures.summaries import make_group
from nalm.errors import InputError
from nalm.figures import figure_data, ranges_figure, sweep_figure
from nalm.studies import FigureTable
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
    assert [one.colour for one in series] == [
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


class TestSweep:
    def test_numbers_stand_where_they_belong(self) -> None:
        groups = [make_group(hidden_size=size) for size in (10, 2, 6)]
        figure = sweep_figure(groups)
        assert figure.x_title == "Hidden size"
        assert figure.x_ticks == (2.0, 6.0, 10.0)
        assert figure.x_labels == ("2", "6", "10")
        assert figure.lines
        assert figure.panels[0].title == "Success rate"
        assert figure.panels[0].series[0].x == (2.0, 6.0, 10.0)

    def test_the_success_panel_reaches_one(self) -> None:
        panel = sweep_figure([make_group(solved_at=(), sparsity=(), hidden_size=2)]).panels[0]
        assert panel.y_limits == pytest.approx((-0.05, 1.05))

    def test_our_units_are_triangles(self) -> None:
        groups = [make_group(unit, hidden_size=2) for unit in ("nmu", "nau", "nalu")]
        assert {one.title: one.triangle for one in sweep_figure(groups).panels[0].series} == {
            "NMU": True,
            "NAU": True,
            "NALU": False,
        }

    def test_texts_stand_side_by_side(self) -> None:
        groups = [make_group(noise=noise) for noise in ("batch", "[1,5]", "[1,2]")]
        figure = sweep_figure(groups, "noise")
        assert figure.x_labels == ("[1,2]", "[1,5]", "batch")
        assert figure.x_ticks == (0.0, 1.0, 2.0)
        assert figure.rotated_labels

    def test_what_else_varies_tells_series_apart(self) -> None:
        groups = [make_group(hidden_size=size, learning_rate=rate) for size in (2, 4) for rate in (1e-3, 1e-2)]
        figure = sweep_figure(groups, "hidden_size")
        assert [one.title for one in figure.panels[0].series] == [
            "NMU learning rate 0.001",
            "NMU learning rate 0.01",
        ]

    def test_a_logarithmic_axis(self) -> None:
        figure = sweep_figure([make_group(learning_rate=rate) for rate in (1e-4, 1e-2)], logarithmic=True)
        assert figure.log_x
        assert 0 < figure.x_limits[0] < 1e-4
        with pytest.raises(InputError, match="a logarithmic axis needs positive numbers, got hidden_size = 0"):
            sweep_figure([make_group(hidden_size=0)], logarithmic=True)

    def test_what_was_not_swept_is_refused(self) -> None:
        with pytest.raises(InputError, match="sweeps no parameter"):
            sweep_figure([make_group()])
        with pytest.raises(InputError, match="no parameter 'hidden'; did you mean 'hidden_size'"):
            sweep_figure([make_group(hidden_size=2)], "hidden")


def test_nothing_to_show_is_refused() -> None:
    for function in (ranges_figure, sweep_figure):
        with pytest.raises(InputError, match="no finished runs to show; nalm run trains them"):
            function([])


def test_the_study_chooses_the_figure() -> None:
    groups = [make_group(hidden_size=size) for size in (2, 4)]
    assert figure_data(groups, FigureTable(kind="sweep", x="hidden_size")).lines
    assert not figure_data(groups, FigureTable(kind="table")).lines
    assert not figure_data(groups).lines
