"""Every choice of the gated units against its formula, written out."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import linear

from nalm import units
from nalm.errors import InputError

pytestmark = pytest.mark.usefixtures("float64")

X = torch.tensor([[1.5, 2.0], [0.5, 3.0], [1.2, 0.1]], dtype=torch.float64)


def paths(unit: units.NALU) -> tuple[torch.Tensor, torch.Tensor]:
    weight = unit.weight
    return (weight[0], weight[1]) if weight.ndim == 3 else (weight, weight)


@pytest.mark.parametrize(
    ("multiplication", "expected"),
    [
        ("exp_log", lambda x, w: torch.exp(linear((x.abs() + 1e-7).log(), w))),
        ("safe", lambda x, w: torch.exp(linear(((x - 1).abs() + 1).log(), w))),
        ("max_safe", lambda x, w: torch.exp(linear(((x - 1).clamp(min=0) + 1).log(), w))),
        ("trig", lambda x, w: torch.sinh(linear(torch.asinh(x), w))),
        ("product", lambda x, w: (x.unsqueeze(1) * w + 1 - w).prod(-1)),
    ],
)
@pytest.mark.parametrize("separate", [False, True])
def test_multiplication(multiplication: str, expected: object, separate: bool) -> None:
    unit = units.NALU(2, 3, multiplication=multiplication, separate_weights=separate, separate_gates=separate)
    with torch.no_grad():
        unit.opening.G.fill_(-1e4)  # only the multiplicative path is open
        if unit.opening_mul is not None:
            unit.opening_mul.G.fill_(1e4)
    torch.testing.assert_close(unit(X), expected(X, paths(unit)[1]))


def test_gates_with_a_bias() -> None:
    unit = units.NALU(2, 1, gate_bias=True)
    with torch.no_grad():
        unit.opening.G.zero_()
        unit.opening.b.fill_(50)
    torch.testing.assert_close(unit(X), linear(X, unit.weight))


def test_gate_penalty_is_summed_over_gates_and_passes() -> None:
    unit = units.NALU(2, 3, gate="regularised", separate_gates=True)
    unit(X)
    unit(X)
    gates = torch.cat([unit.opening(X), unit.opening_mul(X)])
    torch.testing.assert_close(unit.penalties()["gate"], 2 * (gates**2 * (1 - gates) ** 2).sum())
    unit.project_()
    assert unit.penalties() == {}


def test_max_safe_pulls_inputs_above_one() -> None:
    unit = units.NALU(2, 3, multiplication="max_safe")
    unit(X)
    gate = 1 - unit.opening(X)
    expected = (gate.unsqueeze(-1) * (1 - X).clamp(min=0).unsqueeze(1)).mean()
    torch.testing.assert_close(unit.penalties()["input"], expected)


@pytest.mark.parametrize(("gate", "shared"), [("gumbel", True), ("gumbel_rows", False)])
def test_gumbel_gates(gate: str, shared: bool) -> None:
    unit = units.NALU(2, 3, gate=gate)
    torch.manual_seed(0)
    opened = unit.opening(torch.ones(4, 2))
    assert torch.equal(opened[0], opened[1]) == shared
    assert not torch.equal(unit.opening(torch.ones(4, 2)), opened)
    unit.eval()
    assert torch.equal(unit.opening(X), torch.sigmoid(linear(X, unit.opening.G)))
    unit.project_()
    assert unit.opening.temperature.value < 1


def test_gated_nau_nmu_adds_the_penalties_of_both() -> None:
    unit = units.create("gated_nau_nmu", 2, 1)
    with torch.no_grad():
        unit.weights.W.copy_(torch.tensor([[0.8, -1.3]]))
        unit.weights_mul.W.copy_(torch.tensor([[0.3, 1.2]]))
    torch.testing.assert_close(unit.penalties()["sparsity"], torch.tensor(0.25 + 0.25))
    unit.project_()
    assert unit.weights.W.tolist() == [[pytest.approx(0.8), -1.0]]
    assert unit.weights_mul.W.tolist() == [[pytest.approx(0.3), 1.0]]


def test_rule_without_a_product_is_refused() -> None:
    with pytest.raises(
        InputError, match="'product' needs one of the rules 'tanh_sigmoid', 'gumbel', 'nau', got 'softmax'"
    ):
        units.NALU(2, 1, rule="softmax", multiplication="product")


def test_golden_nalu_survives_saturated_weights() -> None:
    unit = units.GNALU(2, 1)
    with torch.no_grad():
        unit.weights.W_hat.fill_(500.0)
    assert unit(X).isfinite().all()
