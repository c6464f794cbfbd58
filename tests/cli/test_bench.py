import re
import sys
from pathlib import Path

import pytest

from nalm.results.store import Store
from support.command import stored_files
from support.fake_training import fake_training
from support.field_modules import REFUSED

UNIT = """
import torch
from torch import nn


class Product(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.w = nn.Parameter(torch.rand(out_features, in_features))

    def forward(self, x):
        return (self.w * x[..., None, :] + 1 - self.w).prod(-1)
"""

ODD = """
import torch


class Odd(torch.nn.Linear):
    def __init__(self, in_features, out_features):
        super().__init__(in_features, out_features)
        self.unused = torch.nn.Parameter(torch.ones(1))

    def forward(self, x):
        return super().forward(x.abs_())
"""


@pytest.fixture
def unit(tmp_path):
    """A module of a user's own, in the current folder under a name that no other test imports."""
    (tmp_path / "products_for_bench.py").write_text(UNIT)
    yield "products_for_bench:Product"
    sys.modules.pop("products_for_bench", None)


@pytest.mark.heavy
def test_own_module_is_ranked_among_others(command, unit):
    others = ["--against", "nmu", "--against", "linear"]
    training = ["--seeds", "0:2", "--set", "learning_rate=1e-2", "--iterations", "4000", "--workers", "1"]
    outcome = command("bench", unit, *others, *training)
    assert outcome.status == 0
    table = [line.split() for line in outcome.output.splitlines()[-5:]]
    assert table[0][:3] == ["rank", "unit", "solved"]
    assert sorted(row[1] for row in table[1:4]) == ["Product", "linear", "nmu"]
    assert [row[0] for row in table[1:4]] == ["1", "2", "3"]
    assert table[3][1:3] == ["linear", "0/18"]
    solved = [int(row[2].partition("/")[0]) for row in table[1:4]]
    assert solved == sorted(solved, reverse=True)
    assert solved[0] > 0
    assert Path("results/bench/Product-nmu-linear/figure.png").read_bytes().startswith(b"\x89PNG")


def test_results_of_a_class_are_not_those_of_an_edited_one(command, unit, monkeypatch):
    trained = fake_training(monkeypatch)
    words = ("bench", unit, "--against", "linear", "--seeds", "0:1")
    assert command(*words).status == 0
    assert len(trained) == 18
    assert command(*words).output.startswith("18 runs, 18 finished already")
    before = stored_files("results")
    with Path("products_for_bench.py").open("a") as file:
        file.write("    better = True\n")
    del sys.modules["products_for_bench"]  # as in the next process
    outcome = command(*words, "--out", "results/bench/Product-linear")
    assert (outcome.status, outcome.errors) == (
        2,
        "nalm: results/bench/Product-linear: holds results of another study "
        "(products_for_bench:Product against linear): the code of products_for_bench:Product has been changed since; "
        "give another folder with --out\n",
    )
    assert stored_files("results") == before
    assert command(*words).output.startswith("18 runs, 0 finished already")
    assert command(*words).output.startswith("18 runs, 18 finished already")
    first, edited = sorted(Path("results/bench").iterdir())
    assert re.fullmatch(r"Product-linear-[0-9a-f]{8}", edited.name)
    one, other = (set(Store.open(folder).records()["run"]) for folder in (first, edited))
    assert len(one & other) == len(one - other) == 9


def test_report_knows_the_runs_of_a_class_that_is_gone(command, unit, monkeypatch):
    fake_training(monkeypatch)
    command("bench", unit, "--seeds", "0:1")
    Path("products_for_bench.py").unlink()
    del sys.modules["products_for_bench"]
    assert command("report", "results/bench/Product", "--to", "page.html").status == 0
    assert "9 of 90 runs of the study are finished" in Path("page.html").read_text()


def test_operations_can_be_chosen(command, unit):
    operations = ["--operation", "add", "--operation", "mul"]
    training = ["--seeds", "0:1", "--iterations", "20", "--workers", "1"]
    outcome = command("bench", unit, "--against", "nau", *operations, *training)
    assert outcome.status == 0
    assert outcome.output.startswith("36 runs, 0 finished already")


def test_penalty_of_a_class_wants_a_factor(command, unit):
    with Path("products_for_bench.py").open("a") as file:
        file.write("\n    def penalties(self):\n        return {'ridge': self.w.square().mean()}\n")
    words = ("bench", unit, "--seeds", "0:1", "--iterations", "20", "--workers", "1")
    outcome = command(*words)
    assert (outcome.status, outcome.output) == (2, "")
    assert outcome.errors == (
        "nalm: bench/Product: network 'Product': penalty 'ridge' has no factor (set penalty.ridge = 0.1, or = 0 to "
        "leave it out; known: sparsity, bounds, input, gate, npu_weight, npu_gate, inalu)\n"
    )
    assert not Path("results").exists()
    assert command(*words, "--set", "penalty.ridge=0.1").status == 0
    assert Store.open("results/bench/Product").records()["penalty_loss"].min() > 0


def test_what_the_quick_checks_find_is_said_before_training(command, monkeypatch):
    fake_training(monkeypatch)
    Path("odd_for_bench.py").write_text(ODD)
    outcome = command("bench", "odd_for_bench:Odd", "--seeds", "0:1")
    sys.modules.pop("odd_for_bench")
    assert outcome.status == 0
    lines = [line for line in outcome.errors.splitlines() if line.startswith("nalm: check: ")]
    assert [line.split(": ")[2:4] for line in lines] == [
        ["odd_for_bench:Odd", "input_untouched"],
        ["odd_for_bench:Odd", "gradients_reach"],
    ]


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore")
def test_modules_as_strangers_write_them_are_ranked(command):
    """Twenty of them; what a kernel cannot take is said in a line each, and trained all the same."""
    names = ["Normalised", "Recurrent", "NothingToTrain", "Spectral", "Einsum", "Dropped", "ChangesItsInput"]
    names += ["DoubleWeights", "Late", "BranchesOnValues", "StraightThroughSign", "ComplexWeights", "CountsInABuffer"]
    names += ["PartlyFrozen", "Tied", "NumpyNoise", "PythonNoise", "Pruned", "ConstantTensors", "ClampsItsData"]
    units = [f"support.field_modules:{name}" for name in names]
    against = [word for unit in units[1:] for word in ("--against", unit)]
    small = ["--seeds", "0:1", "--iterations", "5", "--workers", "1", "--out", "ranked"]
    small += [word for key in ("validation_samples", "test_samples") for word in ("--set", f"{key}=50")]
    outcome = command("bench", units[0], *against, *small)
    assert outcome.status == 0, outcome.errors
    ranked = {line.split()[1] for line in outcome.output.splitlines() if re.match(r" *\d+  \w", line)}
    assert ranked == {*names}
    assert all(line.startswith("nalm: ") for line in outcome.errors.splitlines())
    records = Store.open("ranked").records()
    assert set(records["step"]) == {0, 5}
    assert records["interpolation_error"].is_finite().all()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("cls", REFUSED, ids=lambda cls: cls.__name__)
def test_modules_that_cannot_be_trained_are_refused_in_a_line(command, cls):
    unit = f"support.field_modules:{cls.__name__}"
    outcome = command("bench", unit, "--seeds", "0:1", "--iterations", "5", "--workers", "1", "--out", "refused")
    assert outcome.status == 2
    assert len([line for line in outcome.errors.splitlines() if not line.startswith("nalm: check: ")]) <= 2
    assert re.search(REFUSED[cls], outcome.errors)
