"""Confusion matrices and paths of weights of the static digit task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import inf, nan
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from matplotlib.collections import LineCollection, QuadMesh
from matplotlib.figure import Figure

import nalm
from nalm.errors import InputError
from nalm.figures import (
    ConfusionFigure,
    WeightsFigure,
    confusion_figure,
    draw,
    picture_bytes,
    plot,
    stage_figure_data,
    weights_figure,
)
from nalm.results.store import Store
from results.samples import STUDY, make_batch, make_run
from support.command import Command
from support.digit_results import SEQUENTIAL, STATIC, sequential_record, static_record, store_of

Weights = Sequence[tuple[float | None, float | None]]

CORNERS = {
    "one epoch": {("nmu", 0): [(0.4, 0.7)]},
    "many epochs": {("nmu", 0): [(k / 1000, 1 - k / 1000) for k in range(1001)]},
    "five models": {(unit, 0): [(0.5, 0.5), (1.0, 1.0)] for unit in ("fc", "nmu", "snmu", "snmu_batch", "nau")},
}


def long_table(paths: dict[tuple[str, int], Weights], failed: Sequence[tuple[str, int]] = ()) -> pl.DataFrame:
    """The columns of a long table that matter here, of runs by unit and seed."""
    rows = [
        {
            "run": f"{unit}-{seed}",
            "task": "static-digits",
            "unit": unit,
            "operation": "mul",
            "seed": seed,
            "epoch": epoch,
            "w0": w0,
            "w1": w1,
            "status": "failed" if (unit, seed) in failed else "finished",
        }
        for (unit, seed), path in paths.items()
        for epoch, (w0, w1) in enumerate(path)
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def static_store(folder: Path) -> Store:
    """Three folds of an sNMU and one of the product itself, which has no weights."""
    snmu = {
        ("snmu", seed): [
            replace(static_record(epoch, 9.0), weights=(0.4 + 0.5 * epoch, 0.6 + 0.1 * seed)) for epoch in (0, 1)
        ]
        for seed in range(3)
    }
    return store_of(folder, STATIC, {("solved", 0): [static_record(0, 9.0), static_record(1, 1.0)], **snmu})


def test_confusion_is_summed_over_folds(tmp_path: Path) -> None:
    data = stage_figure_data(static_store(tmp_path / "store"), "confusion")
    assert isinstance(data, ConfusionFigure)
    assert [matrix.title for matrix in data.matrices] == ["mul", "sNMU"]
    product, snmu = data.matrices
    assert product.counts[0] == (9, 0, 0, 0, 0, 0, 0, 0, 0, 1)
    assert snmu.counts[0] == (27, 0, 0, 0, 0, 0, 0, 0, 0, 3)
    assert snmu.shares[0] == (0.9, 0, 0, 0, 0, 0, 0, 0, 0, 0.1)


def test_a_digit_that_does_not_occur_has_no_shares(tmp_path: Path) -> None:
    data = stage_figure_data(static_store(tmp_path / "store"), "confusion")
    assert isinstance(data, ConfusionFigure)
    assert data.matrices[0].counts[9] == (0,) * 10
    assert data.matrices[0].shares[9] == (None,) * 10
    figure = draw(data)
    (axes, *_) = figure.axes
    assert len(axes.texts) == 1 + 90  # the title and nine rows
    (mesh,) = [artist for artist in axes.collections if isinstance(artist, QuadMesh)]
    assert np.ma.getmaskarray(mesh.get_array())[9].all()


def test_rows_of_the_matrix_are_true_digits_from_the_top(tmp_path: Path) -> None:
    (axes, *_) = draw(stage_figure_data(static_store(tmp_path / "store"), "confusion")).axes
    (wrong,) = [text for text in axes.texts if text.get_position() == (9.5, 0.5)]
    assert wrong.get_text() == "1"  # a zero that was taken for a nine
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Predicted digit", "True digit")
    assert axes.yaxis_inverted()
    assert not axes.xaxis_inverted()


def test_runs_without_counts_are_left_out_of_the_confusion() -> None:
    records = long_table({("nmu", 0): [(0.5, 0.5)], ("nmu", 1): [(0.5, 0.5)], ("snmu", 0): [(0.5, 0.5)]})
    data = confusion_figure(records, {"nmu-1": np.eye(10, dtype=np.int64)})
    assert [(matrix.title, matrix.counts[3][3]) for matrix in data.matrices] == [("NMU", 1)]


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
    data = stage_figure_data(static_store(tmp_path / "store"), "weights")
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
    axes = draw(data).axes[0]
    assert (axes.get_xlim(), axes.get_ylim()) == ((0, 1.5), (0, 1.5))
    assert data.panels[0].note in [text.get_text() for text in axes.texts]


def test_paths_go_from_blue_to_red_through_all_points() -> None:
    figure = draw(weights_figure(long_table(CORNERS["many epochs"])))
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


def shown_outside(figure: Figure) -> list[str]:
    """Texts that are not on the page as a whole."""
    figure.draw_without_rendering()
    legend = [text for one in figure.legends for text in one.get_texts()]
    texts = [*legend, *(text for axes in figure.axes for text in (*axes.texts, axes.xaxis.label, axes.yaxis.label))]
    page = figure.bbox
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts if text.get_text()]
    assert boxes
    return [
        text
        for text, box in boxes
        if not (page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1)
    ]


@pytest.mark.parametrize("name", CORNERS)
def test_texts_stay_on_the_page(name: str) -> None:
    records = long_table(CORNERS[name])
    assert not shown_outside(draw(weights_figure(records)))
    counts = {run: np.full((10, 10), 20_000) for run in records["run"].unique()}
    assert not shown_outside(draw(confusion_figure(records, counts)))


@pytest.mark.parametrize("what", ["confusion", "weights"])
@pytest.mark.parametrize("suffix", [".svg", ".pdf", ".png"])
def test_equal_results_give_equal_bytes(what: str, suffix: str, tmp_path: Path) -> None:
    contents = {
        plot(static_store(tmp_path / name), tmp_path / f"{name}{suffix}", what).read_bytes() for name in ("a", "b")
    }
    assert len(contents) == 1


def test_pictures_have_no_images_that_viewers_blur(tmp_path: Path) -> None:
    store = static_store(tmp_path / "store")
    for what in ("confusion", "weights"):
        assert b"<image" not in picture_bytes(draw(stage_figure_data(store, what)), ".svg")


@pytest.mark.parametrize("what", ["confusion", "weights"])
def test_results_of_other_tasks_are_refused(what: str, tmp_path: Path) -> None:
    sequences = store_of(tmp_path / "sequences", SEQUENTIAL, {("nmu", 0): [sequential_record(0, 1.0, (1, 2, 3), 0.5)]})
    with pytest.raises(InputError, match=f"^{what}: .*'static-digits' alone; these results are of 'sequential-digits'"):
        plot(sequences, tmp_path / "a.pdf", what)
    numbers = Store.create_or_open(tmp_path / "numbers", STUDY)
    numbers.write(make_batch([make_run("nmu", "[1,2]", 0)]))
    with pytest.raises(InputError, match=f"^{what}: .*these results are of 'single-module'"):
        plot(numbers, tmp_path / "a.pdf", what)
    assert not (tmp_path / "a.pdf").exists()


@pytest.mark.parametrize("what", ["confusion", "weights"])
def test_an_empty_folder_is_refused(what: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no finished runs to show"):
        plot(store_of(tmp_path / "store", STATIC, {}), tmp_path / "a.pdf", what)


def test_nothing_to_show_is_said(tmp_path: Path) -> None:
    solved = store_of(tmp_path / "store", STATIC, {("solved", 0): [static_record(0, 9.0)]})
    with pytest.raises(InputError, match=r"weights: shown of models with two weights, such as nmu; .* are of mul$"):
        stage_figure_data(solved, "weights")
    with pytest.raises(InputError, match="confusion: these results hold no counts"):
        confusion_figure(solved.records(), {})


def test_wrong_pictures_and_files_are_refused(tmp_path: Path) -> None:
    store = static_store(tmp_path / "store")
    with pytest.raises(InputError, match=r"unknown picture 'weight'; did you mean 'weights'\?"):
        plot(store, tmp_path / "a.pdf", "weight")
    with pytest.raises(InputError, match=r"a\.tex: confusion is a picture: give a \.pdf, \.svg or \.png file"):
        plot(store, tmp_path / "a.tex", "confusion")


def test_pictures_of_a_real_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    small = {"dataset": "digits", "samples_per_pair": 1, "epochs": 1}
    results = nalm.run(
        "snmu-2022/figure-8", only={"unit": "nmu"}, seeds="0:1", settings=small, out="here", workers=1, progress=False
    )
    command = Command(monkeypatch, capsys)
    for what in ("figure", "confusion", "weights"):
        assert command("plot", "here", "--what", what).output == f"here/{what}.pdf\n"
        assert Path(f"here/{what}.pdf").read_bytes().startswith(b"%PDF")
        assert results.plot(f"{what}.pdf", what).read_bytes() == Path(f"here/{what}.pdf").read_bytes()
    data = stage_figure_data(Store.open("here"), "confusion")
    assert isinstance(data, ConfusionFigure)
    # ten pairs of digits are tested, with one sample each
    assert np.sum(data.matrices[0].counts) == 2 * 10
    outcome = command("plot", "here", "--what", "weight")
    assert outcome.status == 2
    assert "'confusion'" in outcome.errors
