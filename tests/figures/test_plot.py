"""Figures: files of each type, the same bytes each time, nothing outside the page."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import BboxBase

import nalm
from figures.summaries import make_group
from nalm.errors import InputError
from nalm.figures import figure, plot
from nalm.figures.layouts.panels import PanelsFigure, draw_panels
from nalm.figures.ranges import ranges_figure
from nalm.figures.style import DEFAULT, PUBLISHED, Style, find_style
from nalm.figures.sweep import sweep_figure
from nalm.results.store import Store
from nalm.units import names
from results.samples import PAIRS, STUDY, make_batch, make_run

MAGIC = {".pdf": b"%PDF", ".svg": b"<?xml", ".png": b"\x89PNG", ".tex": b"% needs"}
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
    "operations": lambda: ranges_figure(
        [make_group(unit, pair, operation=name) for name in ("add", "mul") for unit in UNITS for pair in PAIRS]
    ),
    "optimizers": lambda: sweep_figure(
        [
            make_group(unit, operation=operation, hidden_size=size, optimizer=optimizer)
            for operation in ("add", "sub", "mul", "div")
            for unit in UNITS
            for size in (2, 4)
            for optimizer in ("adam", "sgd")
        ]
    ),
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
    assert content.startswith(MAGIC[suffix.lower()])


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
        # the strip beside a row is read along its side
        level = [text for text in axes.texts if text.get_rotation() == 0]
        texts += [*level, axes.xaxis.label, *(label for tick, label in ticks if low <= tick <= high)]
    return [text for text in texts if text.get_text()]


@pytest.mark.parametrize("style", [PUBLISHED, DEFAULT, find_style("default", "3.3in"), find_style("default", "4in")])
@pytest.mark.parametrize("name", FIGURES)
def test_texts_stay_on_the_page_and_apart(name: str, style: Style) -> None:
    drawn = draw_panels(FIGURES[name](), style)
    drawn.draw_without_rendering()  # lays it out
    page = drawn.bbox
    boxes: list[tuple[str, BboxBase]] = []
    for text in shown_texts(drawn):
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
    for style in (PUBLISHED, DEFAULT):
        drawn = draw_panels(figure_2(), style)
        assert tuple(drawn.get_size_inches() * 2.54) == pytest.approx((19.56, 7.98))


def test_a_narrow_page_has_its_panels_one_below_the_other(store: Store) -> None:
    drawn = figure(store, width="84mm")
    assert drawn.get_size_inches()[0] == pytest.approx(84 / 25.4)
    assert len({round(axes.get_position().x0, 3) for axes in drawn.axes}) == 1
    wide = figure(store, width=7.0)
    assert wide.get_size_inches()[0] == 7.0
    assert len({round(axes.get_position().y0, 3) for axes in wide.axes}) == 1
    # letters are as large as on the page that the figure makes by itself
    sizes = [{text.get_fontsize() for text in shown_texts(one)} for one in (drawn, wide, figure(store))]
    assert sizes[0] == sizes[1] == sizes[2]


def test_titles_of_a_legend_stand_beside_its_entries() -> None:
    drawn = draw_panels(FIGURES["many models"](), DEFAULT)
    drawn.draw_without_rendering()
    texts = drawn.legends[0].get_texts()
    (title,) = [text for text in texts if text.get_text() == "model"]
    right = title.get_window_extent().x1
    entries = [text for text in texts if text.get_text().strip() and text is not title]
    assert len(entries) == 25
    assert all(text.get_window_extent().x0 > right for text in entries)


def test_styles_differ_in_colours_and_markers(store: Store, tmp_path: Path) -> None:
    default, same, published = (
        plot(store, tmp_path / f"{name}.svg", style=style).read_text()
        for name, style in (("a", "default"), ("b", "default"), ("c", "published"))
    )
    assert default == same
    assert "#0465a9" in default
    assert "#0465a9" not in published
    assert "#f8766d" in published


def test_fonts_are_embedded_as_outlines(store: Store, tmp_path: Path) -> None:
    content = plot(store, tmp_path / "a.pdf").read_bytes()
    assert b"/FontFile2" in content
    assert b"/Type3" not in content


def test_results_give_a_figure_to_go_on_with(store: Store) -> None:
    drawn = nalm.Results.open(store.path).figure(style="published", width="7in")
    assert isinstance(drawn, Figure)
    assert len(drawn.axes) == 3
    assert drawn.get_size_inches()[0] == 7
    with pytest.raises(InputError, match="unknown style 'pretty'"):
        nalm.Results.open(store.path).figure(style="pretty")
