"""Numbers that overflow on the way to a result that does not: sums beside infinite products, large and equal inputs."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import Tensor, nn

from nalm import units

GATED = [info.name for info in units.UNITS if info.target in ("_nalu:NALU", "_nalu:GNALU", "_inalu:INALU")]
MULTIPLICATIONS = ["exp_log", "safe", "max_safe", "trig", "product"]


def filled(unit: nn.Module, value: float = 30.0, **others: float) -> nn.Module:
    """The unit in evaluation mode with every parameter at `value`, but those whose names end in a key of `others`."""
    with torch.no_grad():
        for name, parameter in unit.named_parameters():
            parameter.fill_(others.get(name.rpartition(".")[2], value))
        for name, tensor in (*unit.named_parameters(), *unit.named_buffers()):
            if name.endswith("logits"):  # of +1, -1 and 0
                tensor[..., 0], tensor[..., 1:] = value, -value
    return unit.eval()


def check_finite(unit: nn.Module, x: Tensor) -> Tensor:
    x = x.clone().requires_grad_()
    y = unit(x)
    y.sum().backward()
    assert y.isfinite().all()
    for name, gradient in [("x", x.grad), *((name, p.grad) for name, p in unit.named_parameters())]:
        assert gradient is None or gradient.isfinite().all(), name
    return y.detach()


@pytest.mark.parametrize("count", [2, 100, 1000])
@pytest.mark.parametrize("name", GATED)
def test_gated_units_add_any_number_of_inputs(name: str, count: int) -> None:
    unit = filled(units.create(name, count, 1), value=30.0, W=1.0)
    y = check_finite(unit, torch.full((2, count), 4.0))
    torch.testing.assert_close(y, torch.full((2, 1), 4.0 * count), rtol=1e-4, atol=0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize("multiplication", MULTIPLICATIONS)
def test_every_way_to_multiply_is_left_out_by_a_closed_gate(
    multiplication: str, separate: bool, dtype: torch.dtype
) -> None:
    unit = units.NALU(200, 1, multiplication=multiplication, separate_weights=separate, separate_gates=separate)
    unit = filled(unit.to(dtype))
    if unit.opening_mul is not None:
        nn.init.constant_(unit.opening_mul.G, -30.0)
    x = torch.full((2, 200), 300.0, dtype=dtype)
    y = check_finite(unit, x)
    assert y[0].item() == pytest.approx(60_000, rel=0.01)
    with torch.no_grad():
        alone = unit._multiply(x, torch.ones(1, 200, dtype=dtype))
    assert alone.isinf().all() or dtype == torch.float64


@pytest.mark.parametrize(("name", "expected"), [("nalu", 1.0), ("gnalu", 1.0), ("inalu", -1.0)])
def test_an_infinite_sum_is_left_out_by_a_closed_gate(name: str, expected: float) -> None:
    unit = filled(units.create(name, 2, 1), G=-30.0, g=-200.0)
    with torch.no_grad():
        for key, parameter in unit.named_parameters():
            if "W_hat" in key:
                parameter.reshape(-1)[1] = -30.0  # x_1 - x_2, |x_1 / x_2|
            if key.endswith("G"):
                parameter[:, 0] = 0
    x = torch.tensor([[2e38, -2e38]])
    with torch.no_grad():
        unit_open = filled(units.create(name, 2, 1), G=30.0, g=200.0)
        assert unit_open(x.abs()).isinf()
    x = torch.tensor([[-2e38, 2e38]]) if name != "inalu" else x
    assert check_finite(unit, x).item() == pytest.approx(expected, rel=1e-3)


def test_a_result_beyond_the_dtype_is_infinite() -> None:
    for name in ("nalu", "gnalu", "gated_nau_nmu", "nac_mul", "nmu", "realnpu"):
        unit = filled(units.create(name, 100, 1), G=-30.0, W=1.0, W_re=1.0, g=1.0)
        assert unit(torch.full((1, 100), 4.0)).item() == math.inf, name


@pytest.mark.parametrize("value", [-1e20, -1e4, -300.0, -1.0, -1e-3, 0.0, 1e-3, 1e4, 1e20])
def test_trigonometric_multiplication_with_weight_one_is_the_identity(value: float) -> None:
    unit = filled(units.NALU(1, 1, multiplication="trig", separate_gates=True))
    nn.init.constant_(unit.opening.G, -math.copysign(1e3, value))
    nn.init.constant_(unit.opening_mul.G, math.copysign(1e3, value))
    x = torch.tensor([[value]], requires_grad=True)
    y = unit._multiply(x, torch.ones(1, 1))
    y.sum().backward()
    assert y.item() == pytest.approx(value, rel=1e-5)
    assert x.grad.item() == pytest.approx(1.0, rel=1e-5)
    if abs(value) >= 1:
        assert unit(x).item() == pytest.approx(value, rel=1e-5)


@pytest.mark.parametrize("mode", [True, False])
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_normalised_products_of_equal_inputs(dtype: torch.dtype, mode: bool) -> None:
    for arguments in ({}, {"identity": False}, {"bounds": "penalty"}):
        unit = units.NMU(2, 1, normalise=True, dtype=dtype, **arguments).train(mode)
        nn.init.ones_(unit.weights.W)
        for rows in (1, 4):
            y = check_finite(unit, torch.full((rows, 2), 3.0, dtype=dtype))
            assert y.tolist() == [[9.0]] * rows
    alone = units.NMU(1, 1, normalise=True, dtype=dtype).train(mode)
    nn.init.ones_(alone.weights.W)
    assert check_finite(alone, torch.full((1, 1), 7.0, dtype=dtype)).item() == 7


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_batch_noise_of_a_batch_without_spread_is_none(dtype: torch.dtype) -> None:
    unit = units.SNMU(2, 1, noise="batch", dtype=dtype)
    for x in (torch.full((4, 2), 3.0, dtype=dtype), torch.zeros(4, 2, dtype=dtype)):
        expected = units.NMU(2, 1, dtype=dtype)
        expected.load_state_dict(unit.state_dict())
        torch.testing.assert_close(check_finite(unit, x), expected(x).detach(), rtol=1e-3, atol=1e-6)
    single = units.SNMU(1, 1, noise="batch", dtype=dtype)
    assert check_finite(single, torch.full((1, 1), 3.0, dtype=dtype)).item() == pytest.approx(
        single.weight.item() * 2 + 1, rel=1e-2
    )


def test_noise_divides_out_of_many_inputs() -> None:
    for unit in (units.SNMU(100, 1), units.SNMU(100, 1, noise="batch"), units.NMRU(50, 1, noise=(1, 5))):
        nn.init.ones_(unit.weights.W)
        y = check_finite(unit.train(), torch.full((4, unit.in_features), 1.0) + torch.rand(4, 1) / 1e4)
        torch.testing.assert_close(y, torch.ones(4, 1), rtol=0.05, atol=0)


@pytest.mark.parametrize("name", ["nmu", "snmu", "posnalu", "nmru", "sign_nmru", "gated_nau_nmu", "regularised_nmu"])
def test_zeros_beside_huge_inputs(name: str) -> None:
    for order in itertools.permutations([1e13, 1e13, 1e13, 0.0, 0.0]):
        unit = units.create(name, 5, 2)
        with torch.no_grad():
            for key, parameter in unit.named_parameters():
                if key.endswith("W"):
                    parameter.zero_()[:, :5] = 1
        check_finite(unit.eval(), torch.tensor([order]))


def test_product_of_zeros_and_huge_inputs_has_no_gradient() -> None:
    unit = filled(units.NMU(9, 1), W=1.0)
    x = torch.tensor([1e13, 0, 0, 1e13, 1e13, 0, 1e13, 1e13, 1e13], requires_grad=True)
    unit(x).sum().backward()
    assert x.grad.tolist() == [0.0] * 9
    assert unit(x.detach()).item() == 0
    one = torch.tensor([1e13, 1e13, 0.0, 1e-13, 1e-13, 1.0, 1.0, 1.0, 2.0], requires_grad=True)
    unit(one).sum().backward()
    assert one.grad.tolist() == [0.0, 0.0, pytest.approx(2.0), *[0.0] * 6]


def test_large_and_small_inputs_that_cancel() -> None:
    for order in itertools.permutations([1e30, 1e30, 1e-30, 1e-30]):
        for name in ("nmu", "snmu", "nru", "nmru"):
            unit = filled(units.create(name, 4, 1), value=1.0)
            if name == "nmru":
                nn.init.zeros_(unit.weights.W[:, 4:])
            assert check_finite(unit, torch.tensor([order])).item() == pytest.approx(1.0, rel=1e-4), (name, order)


@pytest.mark.parametrize("name", units.names())
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_units_train_in_half_precision(name: str, dtype: torch.dtype) -> None:
    features = 2 if name == "nnu" else 3
    torch.manual_seed(0)
    unit = units.create(name, features, 2, dtype=dtype)
    assert all(parameter.dtype == dtype for parameter in unit.parameters())
    for _ in range(3):
        x = torch.rand(8, features).add(0.5).to(dtype)
        loss = unit(x).square().mean() + sum(units.penalties(unit).values())
        if loss.requires_grad:
            loss.backward()
        with torch.no_grad():
            for parameter in unit.parameters():
                parameter.sub_(1e-3 * parameter.grad)
                parameter.grad = None
        units.learn_(unit, loss.detach())
        units.project_(unit)
        assert loss.isfinite()
    assert units.effective_weights(unit).isfinite().all()
    units.reset_parameters(unit, torch.Generator().manual_seed(0))
    assert units.effective_weights(unit).dtype == dtype


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_temperatures_fall_in_half_precision(dtype: torch.dtype) -> None:
    for unit in (units.create("gumbel_nmu", 2, 1, dtype=dtype), units.create("gumbel_nmu", 2, 1).to(dtype)):
        for _ in range(3000):
            unit.project_()
        temperature = unit.weights.temperature
        assert temperature.steps == 3000
        assert temperature.value.item() == pytest.approx(math.exp(-0.03))
        other = units.create("gumbel_nmu", 2, 1).to(dtype)
        other.load_state_dict(unit.state_dict())
        assert other.weights.temperature.steps == 3000


def test_input_penalty_of_a_large_batch_in_half_precision() -> None:
    unit = units.NMU(2, 1, input_penalty=True, dtype=torch.float16)
    nn.init.ones_(unit.weights.W)
    unit(torch.full((1000, 2), 100.0, dtype=torch.float16))
    assert unit.penalties()["input"] == 0
    nn.init.constant_(unit.weights.W, 0.5)
    assert unit.penalties()["input"].item() == pytest.approx(99**2 / 2, rel=1e-3)


def test_an_empty_batch_leaves_no_penalty() -> None:
    unit = units.NALU(2, 1, multiplication="max_safe", gate="regularised")
    unit(torch.zeros(0, 2))
    assert unit.penalties() == {"gate": 0.0}


def test_gumbel_noise_is_finite_in_half_precision() -> None:
    for name in ("gumbel_nac", "gumbel_nalu", "gumbel_nmu"):
        unit = units.create(name, 64, 64, dtype=torch.float16).train()
        for _ in range(20):
            check_finite(unit, torch.full((1, 64), 1.0, dtype=torch.float16))
