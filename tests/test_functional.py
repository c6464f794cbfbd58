"""Functional forms: penalties and operators against their definitions, and what holds for any input."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nalm import functional

W = torch.tensor([[0.0, 0.3, 1.0], [-0.8, 1.3, 0.5]])


@pytest.mark.parametrize(
    ("targets", "shape", "expected"),
    [
        ("binary", "linear", [0, 0.3, 0, 0.8, 0.3, 0.5]),
        ("ternary", "linear", [0, 0.3, 0, 0.2, 0.3, 0.5]),
        ("binary", "squared", [0, 0.09 * 0.49, 0, 0.64 * 3.24, 1.69 * 0.09, 0.0625]),
        ("ternary", "squared", [0, 0.09 * 0.49, 0, 0.64 * 0.04, 1.69 * 0.09, 0.0625]),
    ],
)
def test_sparsity_penalty(targets: functional.Targets, shape: functional.Shape, expected: list[float]) -> None:
    assert functional.sparsity_penalty(W, targets, shape).item() == pytest.approx(sum(expected) / 6)


@pytest.mark.parametrize(
    ("targets", "shape", "expected"),
    [
        ("binary", "linear", 0.8 + 0.3),
        ("ternary", "linear", 0.3),
        ("binary", "squared", 0.64 + 0.09),
        ("ternary", "squared", 0.09),
    ],
)
def test_bounds_penalty(targets: functional.Targets, shape: functional.Shape, expected: float) -> None:
    assert functional.bounds_penalty(W, targets, shape).item() == pytest.approx(expected / 6)


def test_input_penalty_vanishes_at_the_ignored_value() -> None:
    assert functional.input_penalty(W, torch.ones(3), "binary") == 0
    assert functional.input_penalty(W, torch.zeros(3), "ternary") == 0
    only_unused = functional.input_penalty(W[:1], torch.tensor([2.0, 1.0, 5.0]), "binary")
    assert only_unused.item() == pytest.approx(1 / 3)


def test_npu_weight_penalty() -> None:
    assert functional.npu_weight_penalty(W).item() == pytest.approx((1 + 0.7 + 0 + 0.2 + 0.3 + 0.5) / 6)
    extra = functional.npu_weight_penalty(W, torch.tensor([[-1.0, 2.0]])) - functional.npu_weight_penalty(W)
    assert extra.item() == pytest.approx(3)


def test_inalu_penalty_stops_at_its_limit() -> None:
    assert functional.inalu_penalty(torch.tensor([25.0, -25.0])) == 0
    assert functional.inalu_penalty(torch.tensor([18.0, -20.0]), torch.tensor([19.0])) == 1 + 1


def test_sparsity_error_is_that_of_the_worst_weight() -> None:
    assert functional.sparsity_error(W) == 0.5
    assert functional.sparsity_error(torch.tensor([1.0, 0.0, -1.0])) == 0
    assert functional.sparsity_error(torch.tensor([1.75])) == 0.75


def test_standard_deviation_is_that_of_torch() -> None:
    x = torch.randn(40, 3, generator=torch.Generator().manual_seed(0)) + 10
    torch.testing.assert_close(functional.standard_deviation(x), x.std())
    assert functional.standard_deviation(torch.ones(1)).isnan()


def test_tanh_sigmoid_with_the_golden_base() -> None:
    phi = (1 + math.sqrt(5)) / 2
    t = torch.linspace(-5, 5, 11, dtype=torch.float64)
    tanh = (phi ** (2 * t) - 1) / (phi ** (2 * t) + 1)
    sigmoid = 1 / (1 + phi**-t)
    torch.testing.assert_close(functional.tanh_sigmoid(t, t, functional.GOLDEN_LOG), tanh * sigmoid)


def test_gumbel_is_finite_at_the_ends() -> None:
    noise = functional.gumbel(torch.tensor([0.0, 0.5, 1 - 2**-24]))
    assert noise.isfinite().all()
    assert noise[1].item() == pytest.approx(-math.log(math.log(2)), rel=1e-5)


def test_half_turns() -> None:
    assert functional.half_turns(torch.tensor([-2.0, 0.0, 3.0])).tolist() == [pytest.approx(math.pi), 0, 0]


def test_product_without_identity_needs_every_input() -> None:
    x = torch.tensor([[2.0, 3.0]])
    assert functional.product(x, torch.tensor([[0.5, 1.0]]), identity=False).item() == 3
    assert functional.product(x, torch.tensor([[0.0, 1.0]]), identity=False).item() == 0
    assert functional.product(x, torch.tensor([[0.0, 1.0]])).item() == 3


@pytest.mark.parametrize("value", [3.0, 0.1, -2.0, 1e25, 1e-25])
@pytest.mark.parametrize("shape", [(1, 1), (4, 2), (7, 3)])
def test_normalised_product_of_equal_inputs(value: float, shape: tuple[int, int]) -> None:
    x = torch.full(shape, value, requires_grad=True)
    y = functional.normalised_product(x, torch.tensor([[1.0] * shape[1], [1.0] + [0.0] * (shape[1] - 1)]))
    y[:, 1].sum().backward()
    expected = (x.double() ** shape[1]).float()[:, 0]
    torch.testing.assert_close(y[:, 0], expected, rtol=1e-5, atol=0)
    torch.testing.assert_close(y[:, 1], x[:, 0], rtol=1e-5, atol=0)
    assert x.grad.isfinite().all()


def test_normalised_product_without_identity() -> None:
    x, weight = torch.tensor([[3.0, 5.0]]), torch.tensor([[1.0, 1.0]])
    assert functional.normalised_product(x, weight, identity=False).item() == pytest.approx(15)
    assert functional.normalised_product(x, weight / 2, identity=False).item() < 15


@pytest.mark.parametrize(
    ("x", "expected"),
    [([3.0, 3.0], 0.0), ([7.0], 0.0), ([], 0.0), ([1.0, 3.0], 1 / math.sqrt(2)), ([1e-30, 3e-30], 0.0)],
)
def test_spread_of_a_batch(x: list[float], expected: float) -> None:
    for dtype in (torch.float32, torch.float16):
        if x != [1e-30, 3e-30] or dtype == torch.float16:
            assert functional.batch_spread(torch.tensor(x, dtype=dtype)).item() == pytest.approx(expected, rel=1e-3)


def test_half_precision_computes_in_float32() -> None:
    x = torch.tensor([[300.0, 200.0, 1 / 256]], dtype=torch.float16)
    weight = torch.ones(1, 3, dtype=torch.float16)
    for function in (functional.product, functional.exp_log, functional.npu, functional.normalised_product):
        y = function(x, weight)
        assert y.dtype == torch.float16
        assert y.item() == pytest.approx(300 * 200 / 256, rel=1e-3), function.__name__
    with torch.autocast("cpu", torch.bfloat16):
        y = functional.exp_log(x.float(), weight.float())
    assert y.item() == pytest.approx(300 * 200 / 256, rel=1e-4)
    assert functional.exp_log(x, weight.float()).dtype == torch.float32


@settings(deadline=None, derandomize=True, max_examples=100)
@given(
    st.lists(st.integers(1, 3), max_size=2),
    st.integers(1, 4),
    st.integers(1, 4),
    st.sampled_from([torch.float32, torch.float64, torch.bfloat16]),
)
def test_shapes_and_dtypes(leading: list[int], in_features: int, out_features: int, dtype: torch.dtype) -> None:
    x = torch.ones(*leading, in_features, dtype=dtype)
    weight = torch.full((out_features, in_features), 0.5, dtype=dtype)
    results = [
        functional.product(x, weight),
        functional.normalised_product(torch.cat([x, 2 * x], -1), torch.cat([weight, weight], -1)),
        functional.stochastic_product(x, weight, 2 * x),
        functional.exp_log(x, weight),
        functional.npu(x, weight, weight, x.reshape(-1, in_features)[0]),
        functional.inalu_multiply(x, weight),
        functional.nru(x, weight, functional.nru_share(weight)),
        functional.signed_magnitude(torch.ones(*leading, out_features, dtype=dtype), x, weight),
    ]
    for y in results:
        assert y.shape == (*leading, out_features)
        assert y.dtype == dtype
    assert functional.with_reciprocals(x, training=True).shape == (*leading, 2 * in_features)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(
    st.lists(st.floats(-3, 3, width=32, allow_subnormal=False), min_size=1, max_size=5),
    st.sampled_from(["binary", "ternary"]),
)
def test_penalties_are_zero_exactly_at_the_targets(values: list[float], targets: functional.Targets) -> None:
    weight = torch.tensor(values)
    allowed = {0.0, 1.0} if targets == "binary" else {-1.0, 0.0, 1.0}
    penalty = functional.sparsity_penalty(weight, targets)
    assert penalty >= 0
    assert (penalty == 0) == (set(values) <= allowed)
    inside = all((0 if targets == "binary" else -1) <= value <= 1 for value in values)
    assert functional.bounds_penalty(weight, targets) >= 0
    assert not inside or functional.bounds_penalty(weight, targets) < 1e-6
