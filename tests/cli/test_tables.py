import re

import pytest

from nalm.cli._tables import number, span
from nalm.studies import names as shipped
from nalm.units import UNITS
from support.fake_training import fake_training


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (0, "0 s"),
        (0.4, "0 s"),
        (89, "89 s"),
        (90, "2 min"),
        (5399, "90 min"),
        (5400, "2 h"),
        (36_000, "10 h"),
        (172_800, "2 days"),
        (8_640_000, "100 days"),
    ],
)
def test_durations_are_written_for_people(seconds, text):
    assert span(seconds) == text


def test_counts_have_groups_of_three():
    assert number(101252025) == "101,252,025"


@pytest.mark.parametrize("width", [80, 100, 120])
@pytest.mark.parametrize("words", [("summary", "here"), ("list",), ("units",)], ids=lambda words: words[0])
def test_screens_fit_and_names_are_whole(command, small, monkeypatch, words, width):
    fake_training(monkeypatch)
    command("run", small, "--out", "here")
    monkeypatch.setenv("FORCE_COLOR", "1")  # taken for a terminal
    monkeypatch.setenv("COLUMNS", str(width))
    outcome = command(*words)
    lines = [line.rstrip() for line in re.sub(r"\x1b\[[\d;]*m", "", outcome.output).splitlines()]
    assert max(map(len, lines[:-1])) <= width  # below a list is a sentence
    assert "…" not in outcome.output
    names = {"summary": ["linear", "nmu"], "list": [*shipped()], "units": [unit.name for unit in UNITS]}[words[0]]
    assert {line.split()[0] for line in lines if line} >= {*names}
    if words == ("summary", "here"):
        assert next(line.split()[:3] for line in lines if "0/2" in line) == ["nmu", "[1,2]", "0/2"]
