"""The table of kinds of figures, and that a kind is one file and one word."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import nalm.figures
from nalm import figure_kinds
from nalm.errors import InputError, StudyError
from nalm.figures import FIGURES, figure
from nalm.report import section
from nalm.results.store import Store
from nalm.studies import loads
from results.samples import STUDY, make_batch, make_run
from support.command import Command, python

RUNS = '''
"""How many runs each model has."""

from matplotlib.figure import Figure

from nalm.figures import Caption
from nalm.results import summary_of

CAPTION = Caption("Numbers of runs", "One column per model.", beside=("ranges",))


def data(results):
    return {group["unit"]: group["runs"] for group in summary_of(results)}


def draw(data, style):
    figure = Figure()
    figure.subplots().bar(list(data), list(data.values()), color=style.marks(1)[0].colour)
    return figure
'''


@pytest.fixture
def runs_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A kind of figure that this test adds: one file, one word."""
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "number_of_runs.py").write_text(RUNS)
    monkeypatch.setattr(nalm.figures, "__path__", [*nalm.figures.__path__, str(folder)])
    monkeypatch.setattr(figure_kinds, "FIGURE_KINDS", (*figure_kinds.FIGURE_KINDS, "number_of_runs"))
    yield "number_of_runs"
    sys.modules.pop("nalm.figures.number_of_runs", None)


def store_of(folder: Path, figure: str = "") -> Store:
    store = Store.create_or_open(folder, STUDY.replace("[[networks]]", f"{figure}\n[[networks]]", 1))
    store.write(make_batch([make_run("nmu", "[1,2]", 0), make_run("nalu", "[1,2]", 0)]))
    return store


@pytest.mark.parametrize("kind", FIGURES)
def test_every_kind_keeps_the_contract(kind: str) -> None:
    module = FIGURES[kind]
    assert module.__doc__
    assert callable(module.data)
    assert callable(module.draw)
    assert module.CAPTION.label
    assert module.CAPTION.text.endswith(".")
    assert set(module.CAPTION.beside) <= set(FIGURES)


def test_a_new_kind_is_drawn_and_reported(
    runs_kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = store_of(tmp_path / "results", f'[figure]\nkind = "{runs_kind}"')
    (axes,) = figure(store).axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["nmu", "nalu"]
    outcome = Command(monkeypatch, capsys)("plot", store.path, "--to", tmp_path / "runs.svg")
    assert (outcome.status, outcome.output) == (0, f"{tmp_path / 'runs.svg'}\n")
    assert b"<svg" in (tmp_path / "runs.svg").read_bytes()
    assert [shown.label for shown in section(store, 1).figures] == ["Numbers of runs"]


def test_a_new_kind_is_drawn_of_results_whose_figure_is_another(
    runs_kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = store_of(tmp_path / "results")
    outcome = Command(monkeypatch, capsys)("plot", store.path, "--what", runs_kind)
    assert outcome.output == f"{store.path / 'number_of_runs.pdf'}\n"
    labels = [shown.label for shown in section(store, 1).figures]
    assert labels == [FIGURES["ranges"].CAPTION.label, "Numbers of runs"]


def test_a_kind_without_a_word_is_unknown(tmp_path: Path) -> None:
    store = store_of(tmp_path / "results")
    with pytest.raises(InputError, match="unknown figure 'range'; did you mean 'ranges'"):
        figure(store, "range")
    with pytest.raises(KeyError):
        FIGURES["_records"]
    with pytest.raises(StudyError, match=r"figure\.kind: must be 'ranges', .* or 'gates', got 'range'; did you mean"):
        loads(STUDY.replace("[[networks]]", '[figure]\nkind = "range"\n[[networks]]', 1), "study")


@pytest.mark.parametrize("module", ["nalm.figure_kinds", "nalm.figures", "nalm.studies", "nalm.cli"])
def test_words_are_known_without_matplotlib(module: str) -> None:
    loaded = python("-c", f"import sys, {module}; print('matplotlib' in sys.modules)").communicate()[0]
    assert loaded == "False\n"
