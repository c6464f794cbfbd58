"""Figures of some runs of a results folder, and the commands of the page of all figures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nalm.errors import InputError
from nalm.figures import FIGURES, kind_of
from nalm.results.part import part
from nalm.results.store import Store
from nalm.results.summaries import summary_of
from nalm.studies import load, names
from support.command import Command
from support.digit_results import STATIC, sequential_record, static_record, store_of, store_of_runs

BOTH = STATIC.replace('picture = "colour"\n', "").replace(
    "[figure]", '[grid]\npicture = ["isolated", "colour"]\n[figure]'
)
PAGE = (Path(__file__).parents[2] / "docs" / "figures.md").read_text(encoding="utf-8")


@pytest.fixture
def both(tmp_path: Path) -> Store:
    return store_of_runs(tmp_path / "both", BOTH, lambda run: [static_record(0, 9.0), static_record(1, run.seed + 1.0)])


def test_a_part_reads_as_a_whole(both: Store) -> None:
    some = part(both, {"picture": ["colour"], "seed": ["1", 2], "unit": "sNMU"})
    records = some.read()
    assert records.table["run"].n_unique() == 2
    assert records.table["seed"].unique().sort().to_list() == [1, 2]
    assert list(records.parameters) == ["picture"]
    assert some.records().equals(records.table)
    assert [group["unit"] for group in summary_of(some)] == ["snmu"]
    assert some.study == both.study
    assert some.weights(records.table["run"][0])


@pytest.mark.parametrize(
    ("only", "message"),
    [
        ({"pictures": "colour"}, "only pictures: unknown key 'pictures'; did you mean 'picture'"),
        ({"picture": "color"}, "only picture=color: no run has it; did you mean 'colour'"),
        ({"seed": 7}, "only seed=7: no run has it; seed is one of 0:3"),
    ],
)
def test_refuses_runs_that_are_not_there(only: dict[str, object], message: str, both: Store) -> None:
    with pytest.raises(InputError) as raised:
        part(both, only)
    assert message in str(raised.value)


@pytest.mark.parametrize("kind", ["pairs", "classes", "epochs", "confusion"])
def test_pictures_of_two_kinds_are_not_put_together(kind: str, both: Store) -> None:
    with pytest.raises(InputError, match=rf"^{kind}: these runs differ in picture .*--only picture=isolated"):
        FIGURES[kind].data(both)
    assert FIGURES[kind].data(part(both, {"picture": "colour"})) is not None


def test_seeds_on_the_command_line(
    both: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    command = Command(monkeypatch, capsys)
    chosen = ["--what", "classes", "--only", "picture=colour"]
    for name, words in {"a": ("--fold", "1"), "b": ("--seeds", "1:2"), "c": ("--seeds", "0:2")}.items():
        assert command("plot", str(both.path), *chosen, *words, "--to", str(tmp_path / f"{name}.svg")).status == 0
    pictures = [(tmp_path / f"{name}.svg").read_bytes() for name in "abc"]
    assert pictures[0] == pictures[1] != pictures[2]
    outcome = command("plot", str(both.path), *chosen, "--seeds", "7:9")
    assert (outcome.status, outcome.errors) == (2, f"nalm: {both.path}: no run has one of the seeds 7:9\n")
    outcome = command("plot", str(both.path), *chosen, "--seeds", "1:2", "--fold", "1")
    assert "which --only or --seeds gives, too" in outcome.errors


def test_folds_on_the_command_line(
    both: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    command = Command(monkeypatch, capsys)
    chosen = ["--what", "classes", "--only", "picture=colour", "--to", str(tmp_path / "a.svg")]
    assert command("plot", str(both.path), *chosen, "--fold", "1").status == 0
    outcome = command("plot", str(both.path), *chosen, "--fold", "1", "--only", "seed=1")
    assert "fold: the fold of a run is its seed, which --only or --seeds gives, too" in outcome.errors
    study = (
        'title = "S"\nseeds = "0:1"\n[task]\nkind = "sequential-digits"\ntest_lengths = [1]\n[[networks]]\nunit = "nmu"'
    )
    other = store_of(tmp_path / "other", study, {("nmu", 0): [sequential_record(0, 1.0, [1.0])]})
    outcome = command("plot", str(other.path), "--fold", "1", "--to", str(tmp_path / "b.svg"))
    assert (
        "fold: only runs of the task 'static-digits' have folds; these are of ['sequential-digits']" in outcome.errors
    )
    assert outcome.status == 2


def test_the_page_names_what_there_is() -> None:
    studies = set(re.findall(r"nalm run (\S+)`", PAGE))
    assert {name for name in names() if name.startswith("snmu-2022/")} == studies
    for study, what, picture in re.findall(r"plot results/(\S+) --what (\w+) --only picture=(\w+)", PAGE):
        assert study in studies
        assert what in FIGURES
        assert picture in [point.picture for point in load(study).grid["picture"]]  # type: ignore[attr-defined]
    for number in (1, 2, 5, 7, 8, 9, 10):
        assert f"`nalm plot results/snmu-2022/figure-{number}`" in PAGE
    assert kind_of(load("snmu-2022/appendix-g")) == "weights"
