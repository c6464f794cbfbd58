"""Confusion matrices and paths of weights: the page, the file, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import nalm
from figures.pages import shown_outside
from figures.static_results import Weights, long_table, static_store
from nalm.errors import InputError
from nalm.figures import FIGURES, figure, figure_bytes, plot
from nalm.figures.confusion import ConfusionFigure, confusion_figure
from nalm.figures.style import PUBLISHED
from nalm.figures.weights import weights_figure
from nalm.results.store import Store
from results.samples import STUDY, make_batch, make_run
from support.command import Command
from support.digit_results import SEQUENTIAL, STATIC, sequential_record, store_of

CORNERS: dict[str, dict[tuple[str, int], Weights]] = {
    "one epoch": {("nmu", 0): [(0.4, 0.7)]},
    "many epochs": {("nmu", 0): [(k / 1000, 1 - k / 1000) for k in range(1001)]},
    "five models": {(unit, 0): [(0.5, 0.5), (1.0, 1.0)] for unit in ("fc", "nmu", "snmu", "snmu_batch", "nau")},
}


@pytest.mark.parametrize("name", CORNERS)
def test_texts_stay_on_the_page(name: str) -> None:
    records = long_table(CORNERS[name])
    assert not shown_outside(FIGURES["weights"].draw(weights_figure(records), PUBLISHED))
    counts = {run: np.full((10, 10), 20_000) for run in records["run"].unique()}
    assert not shown_outside(FIGURES["confusion"].draw(confusion_figure(records, counts), PUBLISHED))


@pytest.mark.parametrize("what", ["confusion", "weights"])
@pytest.mark.parametrize("suffix", [".svg", ".pdf", ".png"])
def test_equal_results_give_equal_bytes(what: str, suffix: str, tmp_path: Path) -> None:
    contents = {
        plot(static_store(tmp_path / name), tmp_path / f"{name}{suffix}", what).read_bytes() for name in ("a", "b")
    }
    assert len(contents) == 1


def test_figures_have_no_images_that_viewers_blur(tmp_path: Path) -> None:
    store = static_store(tmp_path / "store")
    for what in ("confusion", "weights"):
        assert b"<image" not in figure_bytes(figure(store, what), ".svg")


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


def test_wrong_kinds_and_files_are_refused(tmp_path: Path) -> None:
    store = static_store(tmp_path / "store")
    with pytest.raises(InputError, match=r"unknown figure 'weight'; did you mean 'weights'\?"):
        plot(store, tmp_path / "a.pdf", "weight")
    with pytest.raises(InputError, match=r"a\.tex: confusion has no LaTeX table: give a \.pdf, \.svg or \.png file"):
        plot(store, tmp_path / "a.tex", "confusion")


def test_figures_of_a_real_run(
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
    data = FIGURES["confusion"].data(Store.open("here"))
    assert isinstance(data, ConfusionFigure)
    # ten pairs of digits are tested, with one sample each
    assert np.sum(data.matrices[0].counts) == 2 * 10
    outcome = command("plot", "here", "--what", "weight")
    assert outcome.status == 2
    assert outcome.errors.startswith("nalm: unknown figure 'weight'; did you mean 'weights'? (figure, ranges, ")
