# ruff: noqa: E501 (tables of input and message read best with one case a line)
import pytest

from nalm.errors import InputError
from nalm.studies import choose_seeds, expand, loads, select
from support.study_texts import GRID

RUNS = expand(loads(GRID, "grid"))


def chosen(**only):
    return select(RUNS, only)


@pytest.mark.parametrize(
    ("only", "count"),
    [
        ({}, 20),
        ({"unit": "nmu"}, 16),
        ({"unit": "NMU"}, 16),
        ({"unit": ["nmu", "nau_snmu"]}, 20),
        ({"operation": "add"}, 8),
        ({"interpolation_range": "[1,2]"}, 10),
        ({"interpolation_range": "[1.0, 2.0]"}, 10),
        ({"interpolation_range": [1, 2]}, 10),
        ({"extrapolation_range": "[[-6,-2],[2,6]]"}, 10),
        ({"extrapolation_range": [[-6, -2], [2, 6]]}, 10),
        ({"extrapolation_range": ["[2,6]", "[[-6,-2],[2,6]]"]}, 20),
        ({"seed": 1}, 8),
        ({"seed": "1"}, 8),
        ({"seed": ["0", "5"]}, 12),
        ({"seed": range(2)}, 16),
        ({"learning_rate": "1e-2"}, 10),
        ({"learning_rate": 0.001}, 10),
        ({"unit": "nmu", "operation": "mul", "seed": 0, "learning_rate": "0.01"}, 2),
    ],
)
def test_matching_runs_in_order(only, count):
    runs = select(RUNS, only)
    assert len(runs) == count
    assert runs == [run for run in RUNS if run in runs]


def test_only_what_matches():
    assert {run.network.label for run in chosen(unit="nmu")} == {"nmu"}
    assert {run.training.learning_rate for run in chosen(learning_rate="1e-2")} == {0.01}
    assert {str(run.task.interpolation_range) for run in chosen(interpolation_range="[1,2]")} == {"[1,2]"}


@pytest.mark.parametrize(
    ("only", "message"),
    [
        ({"unti": "nmu"}, r"only unti: unknown key 'unti'; did you mean 'unit'\?; keys are unit, operation, interpolation_range, extrapolation_range, seed, learning_rate$"),
        ({"unit": "nau_smu"}, r"only unit=nau_smu: no run has it; did you mean 'nau_snmu'\?; unit is one of nmu, nau_snmu$"),
        ({"unit": ["nmu", "npu"]}, "only unit=npu: no run has it"),
        ({"seed": "7"}, r"only seed=7: no run has it; seed is one of \[0, 1, 5\]$"),
        ({"interpolation_range": "[3,4]"}, r"only interpolation_range=\[3,4\]: no run has it.*is one of \[1,2\], \[-2,2\]$"),
        ({"interpolation_range": "[2,1]"}, r"only interpolation_range=\[2,1\]: range \[2, 1\]: lower bound 2 must be less"),
        ({"interpolation_range": "1,2"}, r"only interpolation_range=1,2: range 1,2: give \[lower,upper\]"),
        ({"learning_rate": "x"}, "only learning_rate=x: no run has it.*learning_rate is one of 0.001, 0.01$"),
        ({"unit": "nau_snmu", "operation": "add"}, "only: no run has unit=nau_snmu and operation=add together$"),
    ],
)  # fmt: skip
def test_refuses(only, message):
    with pytest.raises(InputError, match=message):
        select(RUNS, only)


def test_seeds_of_the_command_line():
    assert choose_seeds("2:8") == (2, 3, 4, 5, 6, 7)
    with pytest.raises(InputError, match="seeds: '5:2' holds no seed"):
        choose_seeds("5:2")
