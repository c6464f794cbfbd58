"""`nalm show`, `compare`, `doctor` and `settings`."""

import json
import math
from pathlib import Path

import pytest

from nalm.cli._text_plot import curves
from nalm.errors import InputError
from nalm.results.statistics import difference_interval
from nalm.studies import DESCRIPTIONS, SETTABLE, load
from support.fake_training import fake_training

QUICK = ["--seeds", "0:2", "--set", "log_interval=100", "--set", "validation_samples=100", "--set", "test_samples=100"]
GOLDEN = Path(__file__).parents[1] / "assets" / "golden" / "single-module" / "paper"


@pytest.fixture
def folder(command, small, monkeypatch):
    fake_training(monkeypatch)
    command("run", small, "--out", "here")
    return Path("here")


def test_some_runs_are_summarised_exported_and_reported(command, folder):
    only = ["--only", "unit=nmu", "--only", "interpolation_range=[1,2]", "--seeds", "0:1"]
    groups = json.loads(command("summary", folder, "--format", "json", *only).output)
    assert [(group["unit"], group["interpolation_range"], group["runs"]) for group in groups] == [("nmu", "[1,2]", 1)]
    command("export", folder, "--to", "some.csv", *only)
    assert len(Path("some.csv").read_text().splitlines()) == 2
    assert command("report", folder, "--to", "some.html", *only).status == 0
    outcome = command("summary", folder, "--only", "unit=nmuu")
    assert (outcome.status, outcome.output) == (2, "")
    assert "did you mean 'nmu'?" in outcome.errors


def test_a_run_is_shown_from_settings_to_formula(command, small):
    training = ["--only", "unit=linear", "--only", "interpolation_range=[1,2]", "--seeds", "0:1", "--workers", "1"]
    assert command("run", small, "--out", "there", *training).status == 0
    lines = command("show", "linear", "there").output.splitlines()
    name = lines[0].split()[1]
    assert lines[1] == "unit linear, operation mul, interpolation range [1,2], extrapolation range [2,6], seed 0"
    assert lines[2].startswith("not solved: extrapolation error ")
    assert "iterations = 300" in lines
    assert "● extrapolation error  ○ interpolation error" in lines
    assert any("[1, 2]: [[" in line for line in lines)
    assert lines[-1].startswith(("computes ", "not rounded: "))
    assert command("show", name[:6], "there").output.splitlines() == lines
    outcome = command("show", "liner", "there")
    assert outcome.status == 2
    assert (
        "no run begins with 'liner', and no unit is called so; did you mean 'linear'? (units: linear)" in outcome.errors
    )


def test_curves_are_drawn_with_characters():
    lines = curves([0, 50, 100], {"a": [1e3, 0.0, math.inf], "b": [10.0, math.nan, None]}, width=11, height=5)
    assert lines[:5] == ["   1e3 │●         ●", "       │", "       │", "       │", "   1e1 │○    ●"]
    assert lines[5:] == ["       └───────────", "        0       100", "● a  ○ b"]


def test_folders_are_compared_side_by_side(command, folder, small, monkeypatch):
    command("run", small, "--out", "other", "--only", "unit=nmu")
    rows = json.loads(command("compare", folder, "other", "--format", "json").output)
    assert [row["runs"] for row in rows] == [[2, 2], [2, 2], [2, 0], [2, 0]]
    assert rows[0]["solved"] == [0, 0]
    assert rows[0]["difference"][0]["mean"] == 0
    assert rows[2]["difference"] == [None]
    output = command("compare", folder, "other").output
    assert output.splitlines()[:2] == ["1: here", "2: other"]
    assert "+0 [-66, +66]" in output
    assert command("compare", folder, "other", "--format", "csv").output.startswith("unit,operation,")
    outcome = command("compare", folder)
    assert (outcome.status, outcome.errors) == (2, "nalm: nalm compare: give two or more results folders; got 1\n")


@pytest.mark.parametrize(
    ("counts", "interval"),
    [
        # table II of Newcombe (1998), method 10
        ((56, 70, 48, 80), (0.2, 0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.6, 0.1705, 0.8090)),
        ((6, 7, 2, 7), (0.5714, 0.0582, 0.8062)),
        ((5, 56, 0, 29), (0.0893, -0.0381, 0.1926)),
        ((0, 10, 0, 10), (0.0, -0.2775, 0.2775)),
        ((10, 10, 0, 20), (1.0, 0.6791, 1.0)),
        ((10, 10, 0, 10), (1.0, 0.6075, 1.0)),
    ],
)
def test_differences_have_the_published_intervals(counts, interval):
    assert difference_interval(*counts) == pytest.approx(interval, abs=5e-5)


def test_a_difference_needs_runs_on_both_sides():
    assert all(map(math.isnan, difference_interval(1, 2, 0, 0)))
    with pytest.raises(InputError, match="0 <= solved <= runs"):
        difference_interval(3, 2, 0, 1)


def test_doctor_tells_what_to_do(command, monkeypatch, tmp_path):
    monkeypatch.setenv("CXX", str(tmp_path / "missing++"))
    monkeypatch.setenv("NALM_MNIST", str(tmp_path))
    lines = command("doctor").output.splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("! compiler"))
    assert "cannot be run" in lines[place]
    assert lines[place + 1].strip() == "install g++, or name another compiler in CXX"
    assert any(line.startswith("! MNIST") and "lacks train-images-idx3-ubyte" in line for line in lines)
    assert lines[-1].startswith("2 of ")


def test_every_setting_is_described(command):
    assert set(DESCRIPTIONS) == {*SETTABLE, "threshold", "selection_window"}
    output = command("settings").output
    assert all(f"\n{name} " in output for name in DESCRIPTIONS)
    assert command("settings", "ramp").output.splitlines()[-1].split()[:2] == ["ramp", "linear"]
    assert "did you mean 'ramp_start'?" in command("settings", "ramp_strat").errors


def test_a_misspelt_setting_is_answered_with_what_it_means():
    with pytest.raises(
        InputError, match=r"did you mean 'iterations'\? \(last step of training, counted from 0.*nalm sett"
    ):
        load("quickstart", {"iteratons": 5})
