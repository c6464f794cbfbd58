"""Each operation that a unit claims, done by weights set by hand, over wide ranges of inputs of all signs."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Tensor, nn

from nalm import units
from nalm.tasks import OPERATIONS
from nalm.tasks.operations import apply
from nalm.units import Capability, UnitInfo
from nalm.units._mcfc import MulMCFC
from nalm.units._parts.parts import RelevanceGate
from nalm.units._rules.choices import BanditWeights, CategoricalWeights, GumbelSigmoidWeights
from nalm.units._rules.weights import DirectWeights, RotatingWeights, SigmoidWeights, TanhSigmoidWeights, WeightRule

pytestmark = pytest.mark.usefixtures("float64")

COEFFICIENTS = {
    "add": (1.0, 1.0),
    "sub": (1.0, -1.0),
    "mul": (1.0, 1.0),
    "div": (1.0, -1.0),
    "squared": (2.0, 0.0),
    "root": (0.5, 0.0),
    "reciprocal": (-1.0, 0.0),
    "greater": (1.0, -1.0),
    "less": (-1.0, 1.0),
}
FAR = 60.0  # a saturated logit: 1 - tanh and 1 - σ are below 1e-12, also with base φ

CLAIMS = [
    pytest.param(info, capability, operation, id=f"{info.name}-{operation}")
    for info in units.UNITS
    for capability in info.capabilities
    for operation in capability.operations
    if info.name != "nnu"
]


def exact(operation: str, x: Tensor) -> Tensor:
    return torch.from_numpy(apply(operation, list(x.numpy().T)))


def magnitudes(operation: str) -> Tensor:
    """Pairs from 1e-6 to 1e4; for products, also zero."""
    generator = torch.Generator().manual_seed(0)
    pairs = 10 ** (torch.rand(200, 2, generator=generator) * 10 - 6)
    return torch.cat([pairs, torch.tensor([[0.0, 3.0], [2.0, 0.0]])]) if operation in ("add", "sub", "mul") else pairs


def set_weights(rule: WeightRule, weights: tuple[float, ...]) -> None:
    """Give a rule the nearest weights to `weights` that it can express."""
    target = torch.tensor(weights)
    if isinstance(rule, DirectWeights | RotatingWeights):
        rule.W.copy_(target)
    elif isinstance(rule, TanhSigmoidWeights):
        rule.W_hat.copy_(FAR * target.sign())
        rule.M_hat.copy_(torch.where(target.abs() == 0.5, 0.0, FAR))
    elif isinstance(rule, SigmoidWeights | GumbelSigmoidWeights):
        rule.W_hat.copy_(torch.where(target == 0.5, 0.0, FAR * (2 * target - 1)))
    elif isinstance(rule, CategoricalWeights | BanditWeights):
        plus = torch.where(target == 1, FAR, torch.where(target == 0.5, 0.0, -FAR))
        minus = torch.where(target == -1, FAR, -FAR)
        zero = [torch.zeros(2)] if isinstance(rule, BanditWeights) else []
        rule.logits.copy_(torch.stack([plus, minus, *zero], -1))
    else:
        raise AssertionError(type(rule))


def search(unit: nn.Module, x: Tensor, expected: Tensor) -> None:
    """Set the numbers of a unit's parameters to those, of a few values each, that give `expected` best."""
    numbers = [(parameter.view(-1), i) for parameter in unit.parameters() for i in range(parameter.numel())]
    assert len(numbers) <= 4, f"{type(unit).__name__} needs a case of its own in idealise()"

    def error(values: tuple[float, ...]) -> float:
        for (parameter, i), value in zip(numbers, values, strict=True):
            parameter[i] = value
        return float((unit(x).squeeze(-1) - expected).square().sum().nan_to_num(torch.inf))

    error(min(product((0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, FAR, -FAR), repeat=len(numbers)), key=error))


def idealise(unit: nn.Module, operation: str, signs: tuple[float, float]) -> None:
    """Set the parameters of `unit` so that it does `operation` on inputs of these signs."""
    weights = COEFFICIENTS[operation]
    additive = operation in ("add", "sub")
    match unit:
        case units.NALU() | units.GNALU():
            set_weights(unit.weights, weights)
            if unit.weights_mul is not None:
                set_weights(unit.weights_mul, weights)
            # Without a bias the gate sees the inputs only: it is held open for one pattern of signs.
            pattern = torch.ones(1) if isinstance(unit, units.NALU) and unit.free_gate else torch.tensor(signs)
            unit.opening.G.copy_((1 if additive else -1) * 1e10 * pattern)
        case units.INALU():
            for w_hat, m_hat in ((unit.W_hat_add, unit.M_hat_add), (unit.W_hat_mul, unit.M_hat_mul)):
                target = torch.tensor(weights).unsqueeze(-1)
                w_hat.copy_(FAR * target.sign())
                m_hat.copy_(torch.where(target.abs() == 0.5, 0.0, FAR))
            unit.g.fill_(FAR if additive else -FAR)
        case units.NPU() | units.RealNPU():
            unit.exponents.W_re.copy_(torch.tensor(weights).unsqueeze(-1))
            if unit.gate is not None:
                unit.gate.g.copy_((torch.tensor(weights) != 0).double())
        case units.NMRU() | units.SignNMRU() | units.GatedSignNMRU():
            multiply = [max(weight, 0.0) for weight in weights]
            divide = [max(-weight, 0.0) for weight in weights]
            set_weights(unit.weights, (*multiply, *divide))
            if unit.gated:
                unit.gate.g.fill_(1.0)
        case units.MCFC() | units.MulMCFC():
            unit.flow.w.fill_(FAR)
            if isinstance(unit, MulMCFC) and isinstance(unit.gate, RelevanceGate):
                unit.gate.g.fill_(1.0)
        case units.SigmoidNAU():
            unit.L.zero_()
            unit.a.zero_()
            if unit.shift is not None:
                unit.shift.fill_(FAR)
        case units.NSR():
            unit.scale = 1e12
            first, second = (1.0, 0.0), (0.0, 1.0)
            unit.V1.copy_(torch.tensor(first if operation == "greater" else second))
            unit.V2.copy_(torch.tensor(second if operation == "greater" else first))
            unit.w_sign.fill_(FAR)
            unit.w_zero.zero_()
        case units.Dense():
            unit.W.copy_(torch.tensor(weights))
        case units.MLP():
            hidden, output = unit
            hidden.W.zero_()
            hidden.W[:2] = torch.stack([torch.tensor(weights), -torch.tensor(weights)])
            output.W.zero_()
            output.W[0, :2] = torch.tensor([1.0, -1.0])
        case _ if isinstance(getattr(unit, "weights", None), WeightRule):
            set_weights(unit.weights, weights)
        case _:
            x = magnitudes(operation) * torch.tensor(signs)
            search(unit, x, exact(operation, x))


def seen(info: UnitInfo, capability: Capability, operation: str, x: Tensor) -> Tensor:
    """The inputs as the unit's documented constants alter them."""
    if operation in ("add", "sub"):
        return x
    if isinstance(units.create(info.name, 2, 1), units.DMU):
        return torch.where(x.abs() < 1e-11, torch.where(x < 0, -1e-11, 1e-11), x)
    if capability.signs == "magnitude":
        return x.abs() + 1e-7
    if "npu" in info.name and "mcfc" not in info.name:
        return torch.where(x < 0, x - 2.0**-23, x + 2.0**-23)
    if info.name == "inalu":
        return torch.where(x.abs() < 1e-7, x.sign() * 1e-7, x)
    return x


@pytest.mark.parametrize(("info", "capability", "operation"), CLAIMS)
@torch.no_grad()
def test_claim(info: UnitInfo, capability: Capability, operation: str) -> None:
    positive_only = capability.signs == "positive"
    for signs in [(1.0, 1.0)] if positive_only else [(i, j) for i in (1.0, -1.0) for j in (1.0, -1.0)]:
        unit = units.create(info.name, 2, 1).eval()
        idealise(unit, operation, signs)
        x = magnitudes(operation) * torch.tensor(signs)
        expected = exact(operation, seen(info, capability, operation, x))
        within = expected.abs() < 4e8 if info.name == "inalu" else torch.ones_like(expected, dtype=torch.bool)
        if operation in ("add", "sub") and isinstance(unit, units.DMU):
            within = expected.abs() > 0.1  # sums near 0 are smoothed
        tolerance = 1e-9 if capability.exact else 1e-6
        got = unit(x).squeeze(-1)
        torch.testing.assert_close(got[within], expected[within], rtol=tolerance, atol=1e-12)


@torch.no_grad()
def test_nnu_squares() -> None:
    unit = units.NNU(2, 2)
    unit.F.copy_(torch.cat([torch.zeros(2, 2), torch.eye(2)]))
    x = magnitudes("squared") * torch.tensor([1.0, -1.0])
    torch.testing.assert_close(unit(x), x * x)


def test_operations_are_named_as_tasks_name_them() -> None:
    for info in units.UNITS:
        assert set(info.operations) <= set(OPERATIONS), info.name


def test_sums_of_copies_are_not_claimed() -> None:
    assert units.resolve("nmu").operations == ("mul",)
    assert units.resolve("relu_1").operations == ()
    assert set(units.resolve("npu").operations) == {"mul", "div", "squared", "root", "reciprocal"}
