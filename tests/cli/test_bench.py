from pathlib import Path

import pytest

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


@pytest.fixture
def unit(tmp_path):
    """A module of a user's own, in the current folder under a name that no other test imports."""
    (tmp_path / "products_for_bench.py").write_text(UNIT)
    return "products_for_bench:Product"


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


def test_operations_can_be_chosen(command, unit):
    operations = ["--operation", "add", "--operation", "mul"]
    training = ["--seeds", "0:1", "--iterations", "20", "--workers", "1"]
    outcome = command("bench", unit, "--against", "nau", *operations, *training)
    assert outcome.status == 0
    assert outcome.output.startswith("36 runs, 0 finished already")
