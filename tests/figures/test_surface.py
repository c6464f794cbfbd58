import dataclasses
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from nalm.errors import InputError
from nalm.figures import figure_bytes, plot
from nalm.figures.style import PUBLISHED
from nalm.figures.surface import SurfaceFigure, data, draw, palette, surface_figure
from nalm.results.store import Store
from nalm.studies import expand, loads, to_toml
from support.fake_training import result_of

STUDY = """
title = "Surfaces"
seeds = "0:1"
[task]
kind = "single-module"
operation = "mul"
interpolation_range = [1, 2]
extrapolation_range = [2, 6]
[figure]
kind = "surface"
[[networks]]
unit = "nmu"
[[networks]]
unit = "linear"
"""
# y = x1 x2, and y = 3 x1 - 1
EXACT = {"weights.W": np.ones((1, 2), dtype=np.float32)}
LINEAR = {"W": np.array([[3.0, 0.0]], dtype=np.float32), "b": np.array([-1.0], dtype=np.float32)}


def store_of(folder: Path, text: str, seeds: tuple[int, ...] | None = None) -> Store:
    study = loads(text, "surfaces")
    runs = expand(study, seeds)
    states = {"nmu": EXACT, "linear": LINEAR}
    made_up = result_of(runs)
    errors = np.array([0.0 if run.label == "nmu" else 1.0 for run in runs])
    result = dataclasses.replace(
        made_up,
        metrics={**made_up.metrics, "interpolation_error": np.zeros(len(runs)), "extrapolation_error": errors},
        state={run.id: states[run.label] for run in runs},
    )
    store = Store.create_or_open(folder, to_toml(study))
    store.write(result)
    return store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return store_of(tmp_path / "store", STUDY)


@pytest.fixture
def figure(store: Store) -> SurfaceFigure:
    return data(store)


def test_panels_say_what_was_solved(figure: SurfaceFigure) -> None:
    assert [surface.title for surface in figure.surfaces] == ["Gold (TT)", "NMU (TT)", "linear (TF)"]
    assert (figure.limit, figure.interpolation, figure.extrapolation) == (6, ((1, 2),), ((2, 6),))


def test_networks_are_those_of_the_stored_weights(figure: SurfaceFigure) -> None:
    gold, nmu, linear = (surface.bins for surface in figure.surfaces)
    assert gold.shape == (121, 121)
    np.testing.assert_array_equal(nmu[::20, ::20], gold[::20, ::20])
    # products of -6 and 6: the lowest interval in two corners, the highest in the others
    assert [gold[0, 0], gold[0, -1], gold[-1, 0], gold[-1, -1]] == [19, 0, 0, 19]
    # 3 x1 - 1 at x1 = -6, 0 and 6, whatever x2 is: -19, -1 and 17 among twenty intervals of 3.6 from -36
    assert [set(linear[:, column]) for column in (0, 60, 120)] == [{4}, {9}, {14}]


def test_intervals_are_the_published_ones(figure: SurfaceFigure) -> None:
    assert figure.labels[:2] == ("(-36.1,-32.4]", "(-32.4,-28.8]")
    assert figure.labels[9:11] == ("(-3.6,0]", "(0,3.6]")
    assert figure.labels[-1] == "(32.4,36.1]"


def test_colours_are_the_published_ones() -> None:
    published = (
        "35978F 4CA49C 63B1AA 7ABEB7 91CBC5 A8D8D2 BFE5E0 C6DED1 C4CEB4 C3BD97 "
        "C2AD7A C19C5D BF8C40 B77A2A A16523 8B511C 753D15 5F280E 491407 330000"
    )
    for colour, expected in zip(palette(20), published.split(), strict=True):
        channels = [[int(text[k : k + 2], 16) for k in (0, 2, 4)] for text in (colour.removeprefix("#"), expected)]
        assert np.abs(np.subtract(*channels)).max() <= 1, (colour, expected)


def test_division_by_zero_has_no_colour(tmp_path: Path) -> None:
    drawn = data(store_of(tmp_path / "div", STUDY.replace('"mul"', '"div"')))
    gold = drawn.surfaces[0].bins
    assert set(gold[60, :]) == {-1}
    assert (np.delete(gold, 60, axis=0) >= 0).all()


def test_seeds_are_told_apart(tmp_path: Path) -> None:
    drawn = data(store_of(tmp_path / "seeds", STUDY.replace('"0:1"', '"3:5"')))
    assert [surface.title for surface in drawn.surfaces][1:3] == ["NMU, seed 3 (TT)", "NMU, seed 4 (TT)"]


def test_runs_of_a_sweep_have_a_panel_each(tmp_path: Path) -> None:
    swept = STUDY.replace("[figure]", "[grid]\nlearning_rate = [1e-3, 1e-2]\n[figure]")
    drawn = data(store_of(tmp_path / "sweep", swept))
    assert len(drawn.surfaces) == 1 + 2 * 2


def test_seeds_beyond_the_study_are_shown(tmp_path: Path) -> None:
    store = store_of(tmp_path / "other", STUDY, seeds=(7,))
    drawn = data(store)
    assert [surface.title for surface in drawn.surfaces] == ["Gold (TT)", "NMU (TT)", "linear (TF)"]


def test_without_a_threshold_nothing_counts_as_solved(store: Store) -> None:
    records = store.records().with_columns(threshold=pl.lit(None, dtype=pl.Float64))
    assert store.study is not None
    drawn = surface_figure(records, store.study, store.weights)
    assert [surface.title for surface in drawn.surfaces][1:] == ["NMU (FF)", "linear (FF)"]


def test_same_results_same_bytes(figure: SurfaceFigure, store: Store, tmp_path: Path) -> None:
    for suffix in (".svg", ".pdf", ".png"):
        assert plot(store, tmp_path / f"a{suffix}").read_bytes() == figure_bytes(draw(figure, PUBLISHED), suffix)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('"single-module"', '"arithmetic-dataset"'), "a surface is of the single module task with two inputs"),
        (
            ("[figure]", "[grid]\noperation = ['mul', 'add']\n[figure]"),
            "a surface is of one operation and range; choose with --only",
        ),
    ],
)
def test_other_tasks_have_no_surface(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    text = STUDY.replace(*change)
    store = store_of(tmp_path / "store", text)
    with pytest.raises(InputError, match=message):
        surface_figure(store.records(), loads(text, "surfaces"), store.weights)
