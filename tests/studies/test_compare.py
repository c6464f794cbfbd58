# ruff: noqa: E501 (tables of input and message read best with one case a line)
import pytest

from nalm.errors import StudyError
from nalm.studies import cells, compare, expand, load, loads, to_toml


def test_units_take_the_settings_that_the_study_has_for_them():
    study = compare(load("snmu-2022/figure-2"), ["package.module:Mine", "realnpu", "nau"])
    training = {cell.network.label: cell.training for cell in cells(study)}
    assert list(training) == ["Mine", "realnpu", "nau"]
    assert training["realnpu"].learning_rate == 5e-3
    assert training["Mine"].learning_rate == training["nau"].learning_rate == 1e-3


def test_task_ranges_and_seeds_are_the_study_s():
    base = load("quickstart")
    study = compare(base, ["nau", "nmu"])
    assert study.seeds == base.seeds
    assert {cell.task for cell in cells(study)} == {cell.task for cell in cells(base)}


def test_operations_replace_the_study_s():
    study = compare(load("quickstart"), ["nau"], ["add", "sub"])
    assert [cell.task.operation for cell in cells(study)] == ["add"] * 9 + ["sub"] * 9


def test_folder_tells_comparisons_apart():
    assert compare(load("quickstart"), ["a.b:Mine", "nmu"]).name == "bench/Mine-nmu"
    assert compare(load("quickstart"), ["a.b:Mine", "snmu"]).name == "bench/Mine-snmu"


def test_comparison_is_a_study_of_its_own():
    study = compare(load("quickstart"), ["nau", "nmu"], ["add"])
    assert expand(loads(to_toml(study), "x")) == expand(study)


@pytest.mark.parametrize(
    ("units", "operations", "problem"),
    [
        (["nmuu"], [], "bench: networks[0].unit: unknown unit 'nmuu'; did you mean 'nmu'? (nalm units lists all)"),
        (["nmu", "NMU"], [], "bench: networks[1].label: 'nmu' is already the label of networks[0]; give each network a label of its own"),
        (["nmu"], ["ad"], "setting operation: must be 'add', 'sub', 'mul', 'div', 'squared', 'root', 'reciprocal', 'greater' or 'less', got 'ad'; did you mean 'add'?"),
        (["nmu"], ["add", "su"], "bench: grid.operation[1]: must be 'add', 'sub', 'mul', 'div', 'squared', 'root', 'reciprocal', 'greater' or 'less', got 'su'; did you mean 'sub'?"),
    ],
)  # fmt: skip
def test_refuses(units, operations, problem):
    with pytest.raises(StudyError) as caught:
        compare(load("quickstart"), units, operations)
    assert caught.value.problems == (problem,)
