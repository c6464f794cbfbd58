"""Names that mean something to a terminal, LaTeX, HTML, a figure or a spreadsheet are shown as they are."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import polars as pl
import pytest
import tomli_w

from nalm.cluster.heartbeat import Heartbeat
from nalm.jobs import prepare
from nalm.progress import NullReporter
from nalm.results.output.escaping import json_value, printable
from nalm.results.output.formats import render
from nalm.results.records import records_table
from nalm.results.summary import summarise
from results.samples import make_batch, make_run
from support.command import SOURCES, Command
from support.fake_training import fake_training

LABELS = [
    "[/bold]",
    "[red]x",
    "$x$",
    "$",
    "a $\\frac{$ b $",
    "\\",
    "\\frac",
    "\\input{/etc/passwd}",
    "% & # _ ^ ~ { }",
    "<script>alert(1)</script>",
    "&lt;",
    "{{ 7 * 7 }}",
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "'",
    "\U0001f600 ü ﷺ",
]


@pytest.fixture
def results(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    study = {
        "title": "A [/bold] $\\frac{$ <b>title</b> & more $",
        "description": "=1+1 [/red] <i>{{ 7 * 7 }}</i>",
        "seeds": "0:2",
        "task": {"kind": "single-module", "operation": "mul"},
        "settings": {"iterations": 300, "ramp_start": 100, "ramp_end": 200},
        "grid": {"learning_rate": [0.1, 0.001]},
        "figure": {"kind": "sweep", "x": "learning_rate"},
        "networks": [{"unit": "nmu", "label": label} for label in LABELS],
    }
    path = tmp_path / "study.toml"
    path.write_text(tomli_w.dumps(study))
    fake_training(monkeypatch)
    assert command("run", path, "--out", "results").status == 0
    return tmp_path / "results"


def test_names_are_shown_as_they_are(command: Command, results: Path) -> None:
    shown = command("summary", "results")
    assert (shown.status, shown.errors) == (0, "")
    assert all(label in shown.output for label in LABELS)
    status = command("status", "results")
    assert (status.status, status.errors) == (0, "")
    assert all(label in status.output for label in LABELS)
    groups = json.loads(command("summary", "results", "--format", "json").output)
    assert {group["unit"] for group in groups} == set(LABELS)
    for form in ("csv", "latex"):
        assert command("summary", "results", "--format", form).status == 0


def test_figures_and_the_report_have_them(command: Command, results: Path) -> None:
    for words in (("--to", "figure.svg"), ("--what", "table", "--to", "table.tex"), ("--what", "ranges")):
        outcome = command("plot", "results", *words)
        assert (outcome.status, outcome.errors) == (0, ""), words
    outcome = command("report", "results", "--to", "report.html")
    assert (outcome.status, outcome.errors) == (0, "")
    page = Path("report.html").read_text()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "49" not in page.partition("<svg")[0]
    table = Path("table.tex").read_text()
    assert r"\input" not in table
    assert r"\textbackslash{}input\{/etc/passwd\}" in table


def test_no_cell_of_a_csv_file_is_a_formula(command: Command, results: Path) -> None:
    command("export", "results", "--to", "records.csv")
    summary = command("summary", "results", "--format", "csv").output
    compared = command("compare", "results", "results", "--format", "csv").output
    for text in (Path("records.csv").read_text(), summary, compared):
        rows = list(csv.DictReader(io.StringIO(text)))
        texts = {row["unit"] for row in rows}
        assert texts == {f"'{label}" if label[0] in "=+-@" else label for label in LABELS}
    # other programs get them as they are
    command("export", "results", "--to", "records.parquet")
    assert set(pl.read_parquet("records.parquet")["unit"]) == set(LABELS)


@pytest.mark.parametrize("label", ["a\x1b[2Jb", "a\nb", "\0", "\u202eabc", "tab\there"])
def test_labels_that_cannot_be_printed_are_refused(command: Command, study: Path, label: str) -> None:
    text = tomli_w.dumps({"label": label}).strip()
    study.write_text(study.read_text().replace('{ unit = "nmu" }', f'{{ unit = "nmu", {text} }}'))
    outcome = command("run", study)
    assert outcome.status == 2
    assert outcome.errors.endswith("holds characters that cannot be printed; give one line of text\n")
    assert outcome.errors.count("\n") == 1
    assert outcome.errors[:-1].isprintable()


@pytest.mark.parametrize(
    "lines",
    ['operation = "a\\u001b[2Jb"', 'operation = "mul"\ninterpolation_range = "\\u0000\\u001b]0;x"'],
    ids=["operation", "range"],
)
def test_what_a_message_quotes_is_shown_and_not_obeyed(command: Command, study: Path, lines: str) -> None:
    study.write_text(f'title = "x"\nseeds = "0:2"\nnetworks = ["nmu"]\n[task]\nkind = "single-module"\n{lines}\n')
    outcome = command("run", study)
    assert outcome.status == 2
    assert all(line.startswith("nalm: ") and line.isprintable() for line in outcome.errors.splitlines()), outcome


def test_a_folder_that_a_terminal_would_obey_is_named_in_one_line(command: Command) -> None:
    outcome = command("summary", "no\x1b[2J\x85where")
    assert (
        outcome.errors
        == "nalm: no\ufffd[2J\ufffdwhere: no such folder; nalm run STUDY --out no\ufffd[2J\ufffdwhere makes one\n"
    )


@pytest.mark.parametrize("value", ["inf", "-inf", "nan"])
@pytest.mark.parametrize("table", ["grid = { learning_rate = [0.1, %s] }", "threshold = %s"])
def test_numbers_that_are_not_finite_are_refused(command: Command, study: Path, table: str, value: str) -> None:
    study.write_text(table % value + study.read_text())
    outcome = command("run", study)
    assert outcome.status == 2
    assert outcome.errors.count("\n") == 1


def test_every_csv_file_is_written_in_the_one_place_that_escapes_it() -> None:
    written = [path.name for path in (SOURCES / "nalm").rglob("*.py") if ".write_csv(" in path.read_text()]
    assert written == ["escaping.py"]


def test_what_others_wrote_into_a_folder_reaches_no_terminal(
    command: Command, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_training(monkeypatch)
    assert command("run", study, "--out", "results").status == 0
    beat = Heartbeat(NullReporter(), Path("results"), prepare(str(study)).runs, None)
    beat.begin(8, 0, 100)
    (sign,) = Path("results/at-work").glob("*.json")
    sign.write_text(json.dumps({**json.loads(sign.read_text()), "host": "a\x1b[2Jb"}))
    shown = command("status", "results")
    beat.end()
    assert (shown.status, shown.errors) == (0, "")
    assert "\x1b" not in shown.output
    assert "a\ufffd[2Jb" in shown.output


def test_json_has_no_numbers_that_are_none() -> None:
    table = records_table(make_batch([make_run()])).table.with_columns(noise=pl.lit(float("inf")))
    (group,) = json.loads(render(summarise(table), "json"))
    assert group["noise"] == "inf"
    assert json_value({"a": float("nan"), "b": [1.5, float("inf")]}) == {"a": None, "b": [1.5, "inf"]}


def test_those_of_old_folders_reach_no_terminal_and_no_latex() -> None:
    table = records_table(make_batch([make_run()])).table.with_columns(unit=pl.lit("a\x1b[2Jb\x07"))
    groups = summarise(table)
    for form in ("table", "latex"):
        text = render(groups, form)
        assert "\x1b" not in text
        assert "\x07" not in text
    assert printable("plain •") == "plain •"
