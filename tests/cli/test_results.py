import csv
import io
import json
from pathlib import Path

import pytest

from support.fake_training import fake_training


@pytest.fixture
def folder(command, small, monkeypatch):
    """Results of the small study."""
    fake_training(monkeypatch)
    command("run", small, "--out", "here")
    return Path("here")


def test_summary_as_json_is_the_public_contract(command, folder):
    groups = json.loads(command("summary", folder, "--format", "json").output)
    assert [(group["unit"], group["interpolation_range"]) for group in groups] == [
        ("nmu", "[1,2]"),
        ("nmu", "[-2,-1]"),
        ("linear", "[1,2]"),
        ("linear", "[-2,-1]"),
    ]
    assert list(groups[0]) == [
        "unit", "operation", "interpolation_range", "extrapolation_range", "runs", "solved",
        "success_rate", "solved_at", "sparsity_error",
    ]  # fmt: skip
    assert groups[0]["runs"] == 2
    assert list(groups[0]["success_rate"]) == ["mean", "lower", "upper"]
    assert groups[0]["solved_at"] == {"median": None, "mean": None, "lower": None, "upper": None}


def test_summary_as_csv_is_flat(command, folder):
    rows = list(csv.DictReader(io.StringIO(command("summary", folder, "--format", "csv").output)))
    assert len(rows) == 4
    assert rows[0]["success_rate_mean"] == "0.0"


def test_summary_as_latex_is_a_table(command, folder):
    assert r"\begin{longtable}" in command("summary", folder, "--format", "latex").output


def test_summary_is_a_table_by_default(command, folder):
    lines = command("summary", folder).output.splitlines()
    assert lines[0].split()[:3] == ["unit", "interpolation", "range"]
    assert "0/2" in lines[2]


@pytest.mark.parametrize(("suffix", "start"), [(".pdf", b"%PDF"), (".svg", b"<?xml"), (".png", b"\x89PNG")])
def test_plot_writes_the_type_of_its_suffix(command, folder, suffix, start):
    outcome = command("plot", folder, "--to", f"picture{suffix}")
    assert (outcome.status, outcome.output) == (0, f"picture{suffix}\n")
    assert Path(f"picture{suffix}").read_bytes().startswith(start)


def test_plot_goes_into_the_folder_by_default(command, folder):
    assert command("plot", folder).output == "here/figure.pdf\n"
    assert command("run", "small.toml", "--out", "here").status == 0


def test_plot_takes_a_style_and_a_width(command, folder):
    assert command("plot", folder, "--style", "published", "--width", "3.3in", "--to", "narrow.svg").status == 0
    head = Path("narrow.svg").read_text()[:1000]
    assert 'width="237.6pt"' in head
    outcome = command("plot", folder, "--width", "3.3")
    assert outcome.status == 2
    assert outcome.errors.startswith("nalm: width '3.3': give a number and its unit, such as 3.3in")
    assert "did you mean 'published'" in command("plot", folder, "--style", "publish").errors


def test_plot_refuses_other_types(command, folder):
    outcome = command("plot", folder, "--to", "picture.gif")
    assert outcome.status == 2
    assert outcome.errors.startswith("nalm: picture.gif: a figure is a .pdf, .svg or .png file")


def test_export_writes_all_rows(command, folder):
    assert command("export", folder, "--to", "records.csv").status == 0
    rows = list(csv.DictReader(io.StringIO(Path("records.csv").read_text())))
    assert len(rows) == 8
    assert list(rows[0])[:9] == [
        "run", "study", "task", "unit", "operation", "interpolation_range", "extrapolation_range", "seed", "step",
    ]  # fmt: skip


def test_report_is_one_page(command, folder):
    assert command("report", folder, "--to", "page.html").status == 0
    assert "Two units" in Path("page.html").read_text()


@pytest.mark.parametrize(
    "words",
    [
        ["summary"],
        *(["summary", "--format", form] for form in ("table", "csv", "json", "latex")),
        ["plot"],
        *(["plot", "--to", f"new{suffix}"] for suffix in (".pdf", ".svg", ".png", ".tex")),
        ["report", "--to", "new.html"],
        *(["export", "--to", name] for name in ("new.csv", "new.parquet", "new")),
    ],
    ids=" ".join,
)
def test_results_of_an_interrupted_start_are_refused(command, small, monkeypatch, words):
    fake_training(monkeypatch, stop_after=0)
    assert command("run", small, "--out", "here").status == 130
    outcome = command(words[0], "here", *words[1:])
    assert (outcome.status, outcome.output) == (2, "")
    assert outcome.errors.count("\n") == 1
    assert outcome.errors.endswith(": there are no finished runs to show; nalm run trains them\n")
    assert not [*Path().glob("new*"), *Path("here").glob("figure*")]


def test_report_names_the_folder_without_results(command, folder, monkeypatch):
    fake_training(monkeypatch, stop_after=0)
    command("run", "small.toml", "--out", "begun")
    outcome = command("report", folder, "begun", "--to", "page.html")
    assert outcome.status == 2
    assert outcome.errors.startswith("nalm: begun: there are no finished runs")
