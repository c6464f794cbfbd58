"""The report page: what it says, and that it is one safe file."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from nalm.errors import InputError
from nalm.report import section, write
from nalm.report._data import embedded
from nalm.results import Store, select_best, summary_of
from nalm.studies import load, pin, to_toml
from results.samples import PAIRS, STUDY, make_batch, make_run
from support.digit_results import SEQUENTIAL, STATIC, sequential_record, static_record, store_of

VOID = {"meta", "br", "img", "link", "hr", "input"}


class Page(HTMLParser):
    """Collects text, ids and links, and checks that elements are closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.stack.append(tag)
        self._attributes(attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._attributes(attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def _attributes(self, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.ids.append(value)
            if name in ("href", "src", "xlink:href") and value:
                self.links.append(value)

    @property
    def words(self) -> str:
        return re.sub(r"\s+", " ", self.text)


def make_store(path: Path, text: str = STUDY, seeds: int = 2, failed: int = 0) -> Store:
    store = Store.create_or_open(path, text)
    runs = [make_run(unit, pair, seed) for unit in ("nmu", "nalu") for pair in PAIRS for seed in range(seeds)]
    store.write(make_batch(runs, failed_at=[2000] * failed + [None] * (len(runs) - failed)))
    return store


def read(path: Path) -> Page:
    page = Page(path.read_text(encoding="utf-8"))
    assert not page.stack
    return page


def test_the_page_says_what_was_run_and_found(tmp_path: Path) -> None:
    store = make_store(tmp_path / "results", failed=1)
    page = read(write([store], tmp_path / "deep" / "report.html"))
    assert "Two units on nine ranges" in page.words
    assert "A study for tests." in page.words
    assert "36 of 36 runs of the study are finished" in page.words
    assert "1 run diverged" in page.words
    assert section(store, 1).failures.rows == (
        ("NMU", "U[-20,-10)", "0", "2,000", "W is not finite after update 2000"),
    )
    assert "W is not finite after update 2000" in page.words
    assert store.environments()[0]["processor"] in page.words
    assert 'kind = "single-module"' in page.text
    assert page.tags.count("svg") == 1
    assert page.tags.count("tr") == 1 + 18 + 2
    mean = summary_of(store)[3]["solved_at"]["mean"]
    assert f"{mean:,.0f} [" in page.words


def test_several_folders_share_a_page_without_sharing_ids(tmp_path: Path) -> None:
    stores = [make_store(tmp_path / name) for name in ("a", "b")]
    page = read(write(stores, tmp_path / "report.html"))
    assert page.tags.count("svg") == 2
    assert len(page.ids) == len(set(page.ids))
    assert {"study-1", "study-2"} <= set(page.ids)
    inside = {link.removeprefix("#") for link in page.links if link.startswith("#")}
    assert inside <= set(page.ids)


def test_the_page_needs_no_network(tmp_path: Path) -> None:
    page = read(write([make_store(tmp_path / "results")], tmp_path / "report.html"))
    assert all(link.startswith("#") for link in page.links)
    assert not {"link", "img", "iframe"} & set(page.tags)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert re.findall(r"<script[^>]*>", text) == ['<script type="application/json" id="data">', "<script>"]
    assert "default-src 'none'" in text  # nor may the page itself ask for one


def test_static_digits_have_confusion_and_weights_too(tmp_path: Path) -> None:
    weighted = replace(static_record(1, 1.0), weights=(0.9, 1.0))
    results = {("solved", 0): [static_record(1, 1.0)], ("snmu", 0): [weighted], ("snmu", 1): [weighted]}
    stores = [store_of(tmp_path / name, STATIC, results) for name in ("a", "b")]
    page = read(write(stores, tmp_path / "report.html"))
    assert page.tags.count("svg") == 2 * 3
    assert page.words.count("bars and ribbons reach one standard error to either side") == 2
    assert page.words.count("Images of the test sets by true and predicted digit") == 2
    assert page.words.count("one path per fold or seed") == 2
    assert len(page.ids) == len(set(page.ids))
    assert {link.removeprefix("#") for link in page.links if link.startswith("#")} <= set(page.ids)
    assert "intervals of Student's t distribution" in page.words
    assert "Wilson" not in page.words


def test_weights_are_left_out_where_no_model_has_any(tmp_path: Path) -> None:
    store = store_of(tmp_path / "store", STATIC, {("solved", 0): [static_record(1, 1.0)]})
    captions = [figure.caption for figure in section(store, 1).figures]
    assert [caption.split()[0] for caption in captions] == ["Points", "Images"]


def test_sequences_have_their_figure_alone(tmp_path: Path) -> None:
    results = {("solved", seed): [sequential_record(0, 1.0 + seed, (1 + seed, 2, 3))] for seed in range(3)}
    results |= {("nmu", 0): [sequential_record(0, 1.0, (1, 2, 3), 1.0)]}
    page = read(write([store_of(tmp_path / "store", SEQUENTIAL, results)], tmp_path / "report.html"))
    assert page.tags.count("svg") == 1
    assert "bars 95 % intervals" in page.words
    assert "Wilson" in page.words
    assert "intervals of Student's t distribution" in page.words


def test_texts_are_escaped(tmp_path: Path) -> None:
    text = STUDY.replace("A study for tests.", "<script>alert(1)</script> & <b>").replace(
        "Two units", "<i>Two</i> units"
    )
    page = read(write([make_store(tmp_path / "results", text)], tmp_path / "report.html"))
    assert page.tags.count("script") == 2  # the data and the page's own
    assert not {"b", "i"} & set(page.tags)
    assert "<script>alert(1)</script> & <b>" in page.text
    assert "<i>Two</i> units" in page.text


def test_equal_results_give_equal_bytes(tmp_path: Path) -> None:
    store = make_store(tmp_path / "results")
    one, other = (write([store], tmp_path / f"{name}.html").read_bytes() for name in "ab")
    assert one == other


def test_a_folder_without_finished_runs_is_said_to_be_so(tmp_path: Path) -> None:
    page = read(write([Store.create_or_open(tmp_path / "results", STUDY)], tmp_path / "report.html"))
    assert "0 of 36 runs of the study are finished" in page.words
    assert "No run is finished yet." in page.words
    assert "svg" not in page.tags


def test_other_seeds_are_counted_apart(tmp_path: Path) -> None:
    page = read(write([make_store(tmp_path / "results", seeds=3)], tmp_path / "report.html"))
    assert "36 of 36 runs of the study are finished, and 18 with other seeds" in page.words


def test_many_failures_are_cut_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nalm.report._page.MOST_FAILURES", 3)
    page = read(write([make_store(tmp_path / "results", failed=5)], tmp_path / "report.html"))
    assert "5 runs diverged" in page.words
    assert "The first 3 are shown." in page.words
    assert page.words.count("is not finite") == 3


def test_imported_results_have_a_page(tmp_path: Path) -> None:
    page = read(write([make_store(tmp_path / "results", 'title = "Imported results"\n')], tmp_path / "r.html"))
    assert "Imported results" in page.words
    assert "36 runs" in page.words


def test_wrong_arguments_are_refused(tmp_path: Path) -> None:
    store = make_store(tmp_path / "results")
    with pytest.raises(InputError, match="give at least one results folder"):
        write([], tmp_path / "report.html")
    with pytest.raises(InputError, match=r"report\.pdf: a report is a \.html file; got \.pdf"):
        write([store], tmp_path / "report.pdf")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"report\.html: cannot be written"):
        write([store], tmp_path / "file" / "report.html")


def data_of(path: Path) -> list[dict[str, Any]]:
    text = path.read_text(encoding="utf-8")
    (found,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    data: list[dict[str, Any]] = json.loads(found)
    return data


def test_groups_know_their_runs_and_their_curves(tmp_path: Path) -> None:
    store = make_store(tmp_path / "results", failed=1)
    (data,) = data_of(write([store], tmp_path / "report.html"))
    assert [title for title, _ in data["series"]] == ["NMU", "NALU"]
    assert len(data["groups"]) == 18
    assert sorted(index for group in data["groups"] for index in group["r"]) == list(range(36))
    names = {row["run"][:8]: row for row in select_best(store.read()).iter_rows(named=True)}
    for group in data["groups"]:
        for index in group["r"]:
            run, seed, outcome, solved_at, *_ = data["runs"][index]
            assert (seed, solved_at) == (names[run]["seed"], names[run]["solved_at"])
            assert data["places"][group["x"]] == names[run]["interpolation_range"]
            assert outcome == (2 if names[run]["status"] == "failed" else int(names[run]["solved"]))
    assert {len(curve) for curve in data["curves"]} == {len(data["steps"])}
    assert data["measures"][0][0] == "Success rate, %"


def test_data_cannot_end_their_element(tmp_path: Path) -> None:
    text = embedded([{"title": "</script><script>alert(1)</script>\u2028"}])
    assert "<" not in text
    assert json.loads(text) == [{"title": "</script><script>alert(1)</script>\u2028"}]


def test_many_runs_leave_their_curves_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nalm.report._data._MOST_RUNS", 35)
    (data,) = data_of(write([make_store(tmp_path / "results")], tmp_path / "report.html"))
    assert (data["steps"], data["curves"], data["paths"]) == ([], [], [])


def test_a_study_that_was_changed_says_how(tmp_path: Path) -> None:
    plain, changed = load("quickstart"), load("quickstart", {"iterations": 4000})
    stores = [
        Store.create_or_open(tmp_path / name, to_toml(pin(study)))
        for name, study in (("plain", plain), ("changed", changed))
    ]
    assert section(stores[0], 1).changes == ()
    assert section(stores[1], 1).changes == (("settings.iterations", "4,000", "50,000"),)
    page = read(write(stores, tmp_path / "report.html"))
    assert page.words.count("This is not the study as it ships.") == 1
    assert "settings.iterations: 4,000 instead of 50,000" in page.words
