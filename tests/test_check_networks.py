"""Networks of a study are built, and their penalties weighed, before the first run."""

from __future__ import annotations

import pytest

from nalm.errors import StudyError
from nalm.studies import check_networks, expand, loads, override, select, to_toml

ARITHMETIC = """
title = "Own penalties"
seeds = "0:2"
[task]
kind = "single-module"
operation = "mul"
[settings]
iterations = 20
{settings}
{grid}
[[networks]]
unit = "nmu"
[[networks]]
unit = "support.modules:Ridge"
"""
STATIC = ARITHMETIC.replace("single-module", "static-digits").replace("iterations = 20", "epochs = 1")
SEQUENTIAL = STATIC.replace("static-digits", "sequential-digits")
TEXTS = pytest.mark.parametrize("text", [ARITHMETIC, STATIC, SEQUENTIAL], ids=["arithmetic", "static", "sequential"])


def problems(text: str, settings: str = "", grid: str = "") -> tuple[str, ...]:
    with pytest.raises(StudyError) as caught:
        check_networks(loads(text.format(settings=settings, grid=grid), "own"))
    return caught.value.problems


@TEXTS
def test_penalty_without_a_factor_is_refused(text: str) -> None:
    (line,) = problems(text)
    assert line.startswith("own: network 'Ridge': penalty 'ridge' has no factor (set penalty.ridge = 0.1, ")
    assert "known: sparsity" in line


@TEXTS
def test_factor_of_a_penalty_that_no_network_has_is_refused(text: str) -> None:
    (line,) = problems(text, "penalty.ridge = 0.1\npenalty.rigde = 0.1")
    start = "own: settings.penalty.rigde: no network trains with a penalty 'rigde'; did you mean 'ridge'? (penalties: "
    assert line.startswith(start)


@TEXTS
@pytest.mark.parametrize("factor", [0.1, 0])
def test_penalty_with_a_factor_is_trained(text: str, factor: float) -> None:
    study = loads(text.format(settings=f"penalty.ridge = {factor}", grid=""), "own")
    check_networks(study)
    assert loads(to_toml(study), "own") == study
    assert override(study, {"penalty.ridge": 3}) == override(study, {"penalty": {"ridge": 3}})
    ids = {run.id for factor in (1, 2) for run in expand(override(study, {"penalty.ridge": factor}))}
    assert len(ids) == 2 * len(expand(study))


@TEXTS
def test_factors_of_study_and_network_are_merged_by_name(text: str) -> None:
    own = "settings = { penalty.ridge = 3 }\n"
    study = loads(text.format(settings="penalty.ridge = 1\npenalty.lasso = 2", grid="") + own, "own")
    first, *_, last = expand(study)
    first, last = (run.training if text is ARITHMETIC else run.task for run in (first, last))
    assert first.penalty == {"ridge": 1.0, "lasso": 2.0}
    assert last.penalty == {"ridge": 3.0, "lasso": 2.0}
    # a replaced setting is replaced everywhere
    again = expand(override(study, {"penalty.ridge": 4}))
    assert {(r.training if text is ARITHMETIC else r.task).penalty["ridge"] for r in again} == {4.0}


@TEXTS
@pytest.mark.parametrize(
    "axis",
    [
        "penalty.ridge = [0.5, 1]",
        '"penalty.ridge" = [0.5, 1]',
        "both = [{ penalty.ridge = 0.5 }, { penalty.ridge = 1 }]",
    ],
)
def test_factors_are_swept_like_other_settings(text: str, axis: str) -> None:
    study = loads(text.format(settings="", grid=f"[grid]\n{axis}"), "own")
    check_networks(study)
    runs = expand(study)
    assert [run.parameters for run in runs[::2]] == [{"penalty.ridge": 0.5}, {"penalty.ridge": 1.0}] * 2
    assert select(runs, {"penalty.ridge": 0.5}) == [*runs[:2], *runs[4:6]]
    assert loads(to_toml(study), "own") == study


def test_values_are_refused_with_their_place() -> None:
    assert problems(ARITHMETIC, "penalty.ridge = -1") == ("study: settings.penalty.ridge: must be at least 0, got -1",)
    assert problems(ARITHMETIC, "penalty = 1") == ("study: settings.penalty: must be a table of keys, got 1",)
    (line,) = problems(ARITHMETIC, grid="[grid]\npenalty.ridge = [-1, 2]")
    assert line == "study: grid.penalty.ridge[0]: must be at least 0, got -1"
    (line,) = problems(ARITHMETIC, "penalty.sparsity = 1")
    assert line == "study: networks[0]: settings: penalty: the factor of 'sparsity' is the setting sparsity_penalty"


def test_released_single_module_task_trains_without_penalties() -> None:
    text = ARITHMETIC.format(settings='constraints = "released"', grid="")
    check_networks(loads(text, "own"))
    (line,) = problems(ARITHMETIC, 'constraints = "released"\npenalty.ridge = 1')
    assert line == "own: settings.penalty.ridge: no network trains with a penalty 'ridge' (penalties: none)"
