"""Products and the like that overflow or vanish on the way, against exact numbers."""

from __future__ import annotations

import inspect
import itertools
import math
from collections.abc import Callable
from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nalm import functional
from nalm.training.kernel.trace import UnrolledProducts

numbers = st.floats(-1e15, 1e15, width=64)
any_size = st.floats(allow_nan=False, allow_infinity=False, width=64)


def nearest(exact: Fraction) -> float:
    """The float64 of an exact number, infinite beyond its range."""
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


def assert_exact(got: torch.Tensor, exact: list[Fraction]) -> None:
    """To a few units in the last place, one of the smallest number included."""
    expected = torch.tensor([nearest(value) for value in exact], dtype=torch.float64)
    torch.testing.assert_close(got, expected, rtol=5e-15, atol=1e-323)


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.lists(st.tuples(numbers, st.booleans()), min_size=1, max_size=6))
def test_product_of_chosen_inputs_is_exact(pairs: list[tuple[float, bool]]) -> None:
    x = torch.tensor([value for value, _ in pairs], dtype=torch.float64)
    weight = torch.tensor([[float(used) for _, used in pairs]], dtype=torch.float64)
    assert_exact(functional.product(x, weight), [math.prod(Fraction(value) for value, used in pairs if used)])


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.lists(any_size, min_size=1, max_size=12))
def test_product_of_any_factors_and_its_gradient_are_exact(values: list[float]) -> None:
    factors = torch.tensor([values], dtype=torch.float64, requires_grad=True)
    exact = [Fraction(value) for value in values]
    result = functional.prod(factors)
    assert_exact(result.detach(), [math.prod(exact)])
    if len(values) > 2 and result.isfinite().all():  # one or two factors have the gradient of torch.prod
        (slopes,) = torch.autograd.grad(result, [factors])
        others = [math.prod(exact[:i] + exact[i + 1 :]) for i in range(len(exact))]
        largest = Fraction(torch.finfo(torch.float64).max)
        assert_exact(slopes[0], [max(-largest, min(largest, value)) for value in others])


@pytest.mark.parametrize("count", [3, 64, 65, 200, 5000])
def test_products_of_many_factors(count: int) -> None:
    factors = torch.tensor([1e30, 1e-30], dtype=torch.float32).repeat(count)[:count]
    expected = 1e30 if count % 2 else 1.0
    for order in (factors, factors.sort().values, factors.flip(0)):
        assert functional.prod(order.reshape(1, -1)).item() == pytest.approx(expected, rel=1e-7 * count)


def test_rows_of_ordinary_factors_are_the_products_of_torch_to_the_last_bit() -> None:
    factors = torch.randn(50, 7, generator=torch.Generator().manual_seed(0))
    factors[3, 2] = 0
    with_extremes = torch.cat([factors, torch.full((1, 7), 1e30)])
    results = []
    for product, x in ((functional.prod, with_extremes), (lambda x: x.prod(-1), factors)):
        x.requires_grad_()
        y = product(x)[:50]
        results.append((y, torch.autograd.grad(y.square().sum(), [x])[0][:50]))
    assert torch.equal(results[0][0], results[1][0])
    assert torch.equal(results[0][1], results[1][1])


def test_products_with_infinite_or_missing_factors_say_so() -> None:
    x = torch.tensor([[math.inf, 1.0, 2.0], [math.inf, 0.0, 1.0], [math.nan, 1.0, 1.0], [-math.inf, 2.0, -1.0]])
    y = functional.prod(x)
    assert y[0] == y[3] == math.inf
    assert y[1:3].isnan().all()


@pytest.mark.parametrize("order", list(itertools.permutations([1e13, 1e13, 1e13, 0.0, 0.0]))[::17])
def test_gradient_of_huge_factors_beside_zeros_is_zero(order: tuple[float, ...]) -> None:
    x = torch.tensor([order], requires_grad=True)
    y = functional.product(x, torch.ones(2, 5))
    y.sum().backward()
    assert y.tolist() == [[0.0, 0.0]]
    assert x.grad.tolist() == [[0.0] * 5]


def test_noise_of_many_factors_divides_out() -> None:
    generator = torch.Generator().manual_seed(0)
    noise = 1 + 4 * torch.rand(3, 200, generator=generator)
    assert noise.prod(-1).isinf().all()
    x = torch.full((3, 200), 1.01, requires_grad=True)
    y = functional.stochastic_product(x, torch.ones(1, 200), noise)
    y.sum().backward()
    torch.testing.assert_close(y, torch.full((3, 1), 1.01**200), rtol=1e-4, atol=0)
    torch.testing.assert_close(x.grad, torch.full((3, 200), 1.01**199), rtol=1e-4, atol=0)


def test_quotient_of_ordinary_products_is_that_of_torch_to_the_last_bit() -> None:
    above, below = torch.rand(2, 40, 5, generator=torch.Generator().manual_seed(0)) + 0.5
    assert torch.equal(functional.prod_ratio(above, below), above.prod(-1) / below.prod(-1))


def test_normalised_product_of_many_inputs() -> None:
    x = torch.linspace(0.99, 1.01, 120).reshape(1, 120).requires_grad_()
    assert (x / x.std()).prod().isinf()
    y = functional.normalised_product(x, torch.ones(1, 120))
    y.sum().backward()
    assert y.item() == pytest.approx(x.double().prod().item(), rel=1e-4)
    torch.testing.assert_close(x.grad, y.detach() / x.detach(), rtol=1e-3, atol=0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_asinh_is_odd_and_exact_with_its_gradient(dtype: torch.dtype) -> None:
    largest = torch.finfo(dtype).max
    values = [0.0, 1e-3, 0.5, 30.0, 300.0, 1e4, largest**0.5, largest]
    x = torch.tensor([*values, *(-value for value in values)], dtype=dtype, requires_grad=True)
    y = functional.asinh(x)
    y.sum().backward()
    exact = x.detach().double()
    tolerance = 4 * torch.finfo(dtype).eps
    torch.testing.assert_close(y.double(), torch.asinh(exact), rtol=tolerance, atol=0)
    slope = 1 / torch.hypot(exact, torch.ones_like(exact))
    torch.testing.assert_close(x.grad.double(), slope, rtol=tolerance, atol=float(torch.finfo(dtype).tiny))


def test_a_closed_gate_stops_infinities() -> None:
    gate = torch.tensor([0.0, 0.5], requires_grad=True)
    value = torch.tensor([math.inf, 2.0], requires_grad=True)
    y = functional.gated(gate, value)
    y.sum().backward()
    assert y.tolist() == [0.0, 1.0]
    assert gate.grad.tolist() == [0.0, 2.0]
    assert value.grad.tolist() == [0.0, 0.5]
    assert functional.gated(torch.ones(1), torch.tensor([math.inf])).isinf()


def test_compiled_steps_take_the_formulas_alone() -> None:
    x = torch.tensor([[1e30, 1e30, 1e-30]])
    assert functional.prod(x).item() == pytest.approx(1e30)
    with UnrolledProducts():
        assert functional.prod(x).isinf()
        assert functional.prod_ratio(x, x).isnan()
    with torch.device("cpu"):  # another function mode, which knows nothing of them
        assert functional.prod(x).item() == pytest.approx(1e30)


@pytest.mark.parametrize("function", functional.PLAIN, ids=lambda function: function.__name__)
def test_formulas_alone_are_the_same_for_ordinary_numbers(function: Callable[..., torch.Tensor]) -> None:
    plain = functional.PLAIN[function]
    ordinary = {
        "factors": torch.full((2, 4, 3), 0.7),
        "used": torch.ones(2, 4, dtype=torch.bool),
        "base": torch.tensor(2.0),
    }
    names = list(inspect.signature(inspect.unwrap(function)).parameters)
    arguments = [ordinary.get(name, torch.full((2, 4), 0.7)) for name in names]
    if names[-1] == "exponents":
        arguments[-1] = torch.full((4, 3), 0.5)
    torch.testing.assert_close(function(*arguments), plain(*arguments))
