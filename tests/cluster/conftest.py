import pytest

from support.command import Command

STUDY = """
title = "Two units on two ranges"
seeds = "0:4"

[task]
kind = "single-module"
operation = "mul"

[settings]
iterations = 300
sparsity_penalty = 0
log_interval = 100
validation_samples = 100
test_samples = 100

[grid]
ranges = [
    { interpolation_range = [1, 2], extrapolation_range = [2, 6] },
    { interpolation_range = [-2, -1], extrapolation_range = [-6, -2] },
]

[[networks]]
unit = "nmu"

[[networks]]
unit = "linear"
"""


@pytest.fixture
def command(monkeypatch, capsys, tmp_path):
    """The command line, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Command(monkeypatch, capsys)


@pytest.fixture
def study(tmp_path):
    """A study of 16 runs that train in a moment."""
    path = tmp_path / "study.toml"
    path.write_text(STUDY)
    return path
