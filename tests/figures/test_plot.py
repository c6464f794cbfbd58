"""Figures: files of each type, the same bytes each time, nothing outside the page."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import BboxBase

from figures.summaries import make_group
from nalm.errors import InputError
from nalm.figures import plot
from nalm.figures.layouts.panels import PanelsFigure, draw_panels
from nalm.figures.ranges import ranges_figure
from nalm.figures.style import PUBLISHED
from nalm.figures.sweep import sweep_figure
from nalm.results.store import Store
from nalm.units import names
from results.samples import PAIRS, STUDY, make_batch, make_run

MAGIC = {".pdf": b"%PDF", ".svg": b"<?xml", ".png": b"\x89PNG"}
UNITS = ("nac_mul", "nalu", "nmu", "npu", "realnpu", "inalu", "gnalu", "snmu", "snmu_batch")


def figure_2() -> PanelsFigure:
    return ranges_figure([make_group(unit, pair) for unit in UNITS for pair in PAIRS])


FIGURES = {
    "figure 2": figure_2,
    "one model": lambda: ranges_figure([make_group()]),
    "unsolved": lambda: ranges_figure([make_group(solved_at=(), sparsity=())]),
    "many models": lambda: ranges_figure([make_group(unit, pair) for unit in names()[:25] for pair in PAIRS]),
    "sweep": lambda: sweep_figure([make_group(u, hidden_size=k) for u in ("nmu", "nalu") for k in (2, 4, 8)]),
    "logarithmic": lambda: sweep_figure([make_group(learning_rate=k) for k in (1e-4, 0.1)], logarithmic=True),
    "texts": lambda: sweep_figure([make_group(noise=k) for k in ("[0.01,0.05]", "batch")]),
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.create_or_open(tmp_path / "results", STUDY)
    store.write(make_batch([make_run(unit, pair, s) for unit in ("nmu", "nalu") for pair in PAIRS for s in (0, 1)]))
    return store


@pytest.mark.parametrize("suffix", [".pdf", ".svg", ".png", ".tex", ".PNG"])
def test_equal_results_give_equal_bytes(store: Store, tmp_path: Path, suffix: str) -> None:
    contents = set()
    for name in ("a", "b"):
        path = plot(Store.open(store.path), tmp_path / "deep" / f"{name}{suffix}")
        contents.add(path.read_bytes())
    (content,) = contents
    assert content.startswith(MAGIC.get(suffix.lower(), rb"\begin"))


def test_files_hold_no_dates(store: Store, tmp_path: Path) -> None:
    assert b"<dc:date>" not in plot(store, tmp_path / "a.svg").read_bytes()
    assert b"CreationDate" not in plot(store, tmp_path / "a.pdf").read_bytes()


def test_the_svg_is_well_formed(store: Store, tmp_path: Path) -> None:
    root = ElementTree.parse(plot(store, tmp_path / "a.svg")).getroot()
    assert root.tag.endswith("svg")


@pytest.mark.parametrize("name", ["figure.jpg", "figure", "figure.txt"])
def test_other_suffixes_are_refused(store: Store, tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"a figure is a \.pdf, \.svg or \.png file"):
        plot(store, tmp_path / name)


def test_an_unwritable_file_is_named(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"figure\.pdf: cannot be written"):
        plot(store, tmp_path / "file" / "figure.pdf")


def test_an_empty_store_is_refused(tmp_path: Path) -> None:
    empty = Store.create_or_open(tmp_path / "results", STUDY)
    with pytest.raises(InputError, match="no finished runs to show"):
        plot(empty, tmp_path / "a.pdf")


def shown_texts(figure: Figure) -> list[Text]:
    texts = [text for legend in figure.legends for text in legend.get_texts()]
    for axes in figure.axes:
        low, high = axes.get_ylim()
        ticks = zip(axes.get_yticks(), axes.get_yticklabels(), strict=True)
        texts += [*axes.texts, axes.xaxis.label, *(label for tick, label in ticks if low <= tick <= high)]
    return [text for text in texts if text.get_text()]


@pytest.mark.parametrize("name", FIGURES)
def test_texts_stay_on_the_page_and_apart(name: str) -> None:
    figure = draw_panels(FIGURES[name](), PUBLISHED)
    figure.draw_without_rendering()  # lays it out
    page = figure.bbox
    boxes: list[tuple[str, BboxBase]] = []
    for text in shown_texts(figure):
        box = text.get_window_extent()
        assert page.x0 <= box.x0, text.get_text()
        assert box.x1 <= page.x1, text.get_text()
        assert page.y0 <= box.y0, text.get_text()
        assert box.y1 <= page.y1, text.get_text()
        boxes.append((text.get_text(), box.padded(-1)))
    assert len(boxes) >= 9
    for index, (one, box) in enumerate(boxes):
        for other, second in boxes[:index]:
            assert not box.overlaps(second), (one, other)


def test_the_published_size() -> None:
    figure = draw_panels(figure_2(), PUBLISHED)
    assert tuple(figure.get_size_inches() * 2.54) == pytest.approx((19.56, 7.98))
