import pytest
import sympy
import torch
from torch import nn

import nalm
from nalm.digits import DigitPairNetwork, DigitSequenceNetwork, SequentialDigits
from nalm.errors import InputError

A, B, C = (sympy.Symbol(name, real=True) for name in "abc")
NAMES = ["a", "b", "c"]


def set_(unit, weights, parameter=None):
    with torch.no_grad():
        (unit.weights.W if parameter is None else parameter).copy_(torch.tensor(weights, dtype=torch.float32))
    return unit


def gated(unit, weights, gate):
    set_(unit, weights, unit.exponents.W_re)
    set_(unit, gate, unit.gate.g)
    return unit


READ = [
    (lambda: set_(nalm.NAU(3, 1), [[1, -1, 0]]), A - B),
    (lambda: set_(nalm.NMU(3, 1), [[1, 0, 0.999]]), A * C),
    (lambda: set_(nalm.SNMU(3, 1), [[1, 1, 1]]), A * B * C),
    (lambda: set_(nalm.NMU(3, 1, identity=False), [[1, 1, 1]]), A * B * C),
    (lambda: set_(nalm.NMRU(3, 1), [[1, 0, 0, 0, 1, 0]]), A / B),
    (lambda: set_(nalm.SignNMRU(3, 1), [[1, 0, 0, 0, 0, 1]]), A / C),
    (lambda: set_(nalm.NRU(3, 1), [[1, -1, 0]]), A / B),
    (lambda: gated(nalm.RealNPU(3, 1), [[1], [-1], [1]], [1, 1, 0]), A / B),
    (lambda: gated(nalm.NPU(3, 1), [[2], [-1], [1]], [1, 1, 1]), A**2 * C / B),
    (lambda: set_(nalm.NACNMU(3, 1), [[1, 1, 0]]), abs(A * B)),
    (
        lambda: nn.Sequential(set_(nalm.NAU(3, 2), [[1, 1, 0], [0, 1, -1]]), set_(nalm.NMU(2, 1), [[1, 1]])),
        (A + B) * (B - C),
    ),
    (lambda: nn.Sequential(nn.Identity(), nn.Sequential(set_(nalm.NAU(3, 1), [[0, 1, 0]]))), B),
]


@pytest.mark.parametrize(("unit", "expected"), READ)
def test_units_with_discrete_weights_are_read_exactly(unit, expected):
    found = nalm.formula(unit(), NAMES)
    assert sympy.simplify(found.expression - expected) == 0
    assert found.unrounded == ()


def test_every_output_is_read():
    found = nalm.formula(set_(nalm.NAU(2, 2), [[1, 1], [1, -1]]), ["a", "b"])
    assert found.expressions == (A + B, A - B)
    with pytest.raises(InputError, match="2 outputs"):
        _ = found.expression


def test_weights_that_are_not_near_are_kept_and_named():
    network = nn.Sequential(set_(nalm.NAU(3, 1), [[1, 0.5, 0.3]]), nn.Linear(1, 1))
    set_(network[1], [[2.0]], network[1].weight)
    set_(network[1], [0.25], network[1].bias)
    found = nalm.formula(network, NAMES)
    assert found.unrounded == ("0.weights[0, 1] = 0.5", "0.weights[0, 2] = 0.3", "1.bias[0] = 0.25")
    point = {A: 1.0, B: 2.0, C: 3.0}
    assert float(found.expression.subs(point)) == pytest.approx(2 * (1 + 1 + 0.9) + 0.25, rel=1e-6)
    assert "not rounded: 0.weights[0, 1] = 0.5" in str(found)


def test_of_a_cell_the_next_state_is_read():
    cell = nalm.units.NMUCell(1, 1)
    set_(cell.unit, [[1, 1]])
    assert str(nalm.formula(cell)) == "h*x"
    cell = nalm.units.NAUCell(2, 2)
    set_(cell.unit, [[1, 0, 1, 0], [0, 1, 0, -1]])
    assert str(nalm.formula(cell)) == "h1 + x1\n-h2 + x2"
    assert str(nalm.formula(cell, ["a", "b", "c", "d"])) == "a + c\nb - d"
    with pytest.raises(InputError, match="4 inputs, got 0 names"):
        nalm.formula(cell, [])


@pytest.mark.parametrize("stage", ["nmu", "snmu"])
def test_of_a_network_of_digits_what_follows_the_labels_is_read(stage):
    pair = DigitPairNetwork(stage=stage)
    set_(pair.stage, [[1, 1]])
    assert str(nalm.formula(pair)) == "label1*label2"
    sequence = DigitSequenceNetwork(SequentialDigits(cell=stage))
    unit = sequence.cell.unit
    set_(getattr(unit, "product", unit), [[1, 1]])
    assert str(nalm.formula(sequence)) == "h*x"


def test_tolerance_says_what_is_near():
    unit = set_(nalm.NMU(2, 1), [[0.98, 1]])
    assert nalm.formula(unit).unrounded
    assert not nalm.formula(unit, tolerance=0.05).unrounded
    assert str(nalm.formula(unit, tolerance=0.05)) == "x1*x2"


REFUSED = {"NALU", "GNALU", "INALU", "MCFC", "MulMCFC", "NNU", "DMU", "NSR", "Dense", "MLP"}


@pytest.mark.parametrize("name", [name for name in nalm.units.names() if name != "mlp"])
def test_every_unit_is_read_right_or_refused(name):
    """As far as nothing is rounded, the formula has the unit's values, for positive inputs."""
    unit = nalm.units.create(name, 2, 1, dtype=torch.float64).eval()
    try:
        found = nalm.formula(unit, ["a", "b"], tolerance=0)
    except InputError:
        assert unit.__class__.__name__ in REFUSED
        return
    x = torch.tensor([[1.3, 0.7]], dtype=torch.float64)
    assert float(found.expression.subs({A: 1.3, B: 0.7})) == pytest.approx(unit(x).item(), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (lambda: nalm.NALU(2, 1), "NALU cannot be read as a formula; can be read: Sequential of NAU,"),
        (lambda: nalm.MLP(2, 1), "Dense with activation 'relu'"),
        (lambda: nn.Sequential(nn.ReLU()), "ReLU cannot be read"),
        (lambda: nn.Sequential(), "Sequential has no units to read"),
        (lambda: nn.Sequential(nalm.NAU(2, 3), nalm.NMU(2, 1)), "1 has 2 inputs, gets 3"),
        (lambda: nalm.NMU(2, 1, normalise=True), "depends on the batch"),
    ],
)
def test_what_is_no_arithmetic_is_refused(module, message):
    with pytest.raises(InputError, match=message):
        nalm.formula(module())


def test_names_must_be_as_many_as_inputs():
    with pytest.raises(InputError, match="the network has 2 inputs, got 3 names"):
        nalm.formula(nalm.NAU(2, 1), NAMES)


def test_a_trained_unit_is_read_in_evaluation_mode_and_not_changed():
    unit = set_(nalm.NRU(2, 1), [[0.5, 1]]).train()
    nalm.formula(unit)
    assert unit.training
