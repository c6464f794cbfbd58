"""Settings that are allowed and hardly meant."""

from __future__ import annotations

import pytest

from nalm.cautions import cautions
from nalm.jobs import check_networks, prepare
from nalm.studies import conditions, load, loads, names

OWN = """
title = "own"
seeds = "0:1"
[task]
kind = "single-module"
operation = "mul"
interpolation_range = [1, 2]
extrapolation_range = [2, 6]
[settings]
iterations = {iterations}
log_interval = {log_interval}
ramp_start = 2000
ramp_end = 3000
{more}
[[networks]]
unit = "nmu"
[[networks]]
unit = "relu_1"
"""


def doubts(iterations: int, log_interval: int = 1000, more: str = "") -> list[str]:
    study = loads(OWN.format(iterations=iterations, log_interval=log_interval, more=more), "own", source="own.toml")
    return cautions(study, (), check_networks(study))


@pytest.mark.parametrize(
    ("iterations", "text"),
    [
        (1500, "nmu: the sparsity penalty is never on: its ramp begins at 2,000 iterations (ramp_start), and training "
               "ends at 1,500"),
        (2999, "nmu: the sparsity penalty is never fully on: its ramp ends at 3,000 iterations (ramp_end), and "
               "training at 2,999"),
    ],
)  # fmt: skip
def test_a_penalty_that_training_does_not_reach_is_told(iterations: int, text: str) -> None:
    assert doubts(iterations) == [text]


def test_a_whole_ramp_an_exponential_one_and_no_penalty_raise_no_doubt() -> None:
    assert doubts(3000) == []
    assert doubts(1500, more='ramp = "exponential"') == []
    assert doubts(1500, more="sparsity_penalty = 0") == []


def test_records_of_two_rows_are_told() -> None:
    (text,) = doubts(3000, log_interval=5000)
    assert text == "nmu, relu_1: only the first and the last step are recorded: log_interval 5,000, iterations 3,000"
    assert "only the first step is recorded" in doubts(0)[-1]


@pytest.mark.parametrize(("study", "settings", "unit"), [
    ("snmu-2022/figure-8", {"epochs": 20}, "epochs"),
    ("quickstart", {"iterations": 500}, "iterations"),
])  # fmt: skip
def test_a_study_that_ships_is_doubted_once_it_is_changed(study: str, settings: dict[str, int], unit: str) -> None:
    assert prepare(study).cautions == ()
    first = prepare(study, settings=settings).cautions[0]
    assert f" {unit} (ramp_start)" in first


@pytest.mark.parametrize("name", names())
def test_the_last_step_of_every_study_that_ships_is_logged_at_the_interval(name: str) -> None:
    trained = [part.training for part in conditions(load(name)) if part.training is not None]
    assert all(training.iterations % training.log_interval == 0 for training in trained)
