"""Products over the inputs of a wide layer, computed in loops, and their gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from nalm.training.kernel.products import wide_product
from support.kernels import compiled_wide

pytestmark = pytest.mark.heavy

FEATURES = 30


def products(weights: Tensor, x: Tensor) -> Tensor:
    """`[rows, outputs]`, factors as in the NMU."""
    return (weights * x.unsqueeze(-2) + 1 - weights).prod(-1)


def loss(weights: Tensor, x: Tensor) -> Tensor:
    return products(weights, x).square().sum()


def value_and_slope(state: Tensor, x: Tensor) -> Tensor:
    """The loss of the first two rows of `state`, and its slope in the direction of the other two."""
    weights, direction = state[:2], state[2:]
    gradient, value = torch.func.grad_and_value(loss)(weights, x)
    return torch.stack([value, (gradient * direction).sum()])


@pytest.mark.parametrize("rows", [7, 32, 48])
def test_values_and_gradients_are_those_of_float64(rows: int) -> None:
    generator = torch.Generator().manual_seed(rows)
    evaluate = compiled_wide(value_and_slope, 4, rows, FEATURES)
    state, x = torch.rand(4, FEATURES, generator=generator), torch.rand(rows, FEATURES, generator=generator) + 0.5
    expected = value_and_slope(state.double(), x.double())
    np.testing.assert_allclose(evaluate(state, x), expected, rtol=2e-5)


@pytest.mark.parametrize("zeros", [1, 2], ids=["one factor is zero", "two factors are zero"])
def test_gradients_are_right_where_factors_are_zero(zeros: int) -> None:
    """Division by the factor would give NaN."""
    generator = torch.Generator().manual_seed(zeros)
    state, x = torch.rand(4, FEATURES, generator=generator), torch.rand(16, FEATURES, generator=generator) + 0.5
    state[:2, 3 : 3 + zeros], x[:, 3 : 3 + zeros] = 1.0, 0.0

    def slope(s: Tensor, x: Tensor) -> Tensor:
        gradient = torch.func.grad(lambda w: products(w, x).sum())(s[:2])
        return (gradient * s[2:]).sum().reshape(1)

    expected = slope(state.double(), x.double())
    np.testing.assert_allclose(compiled_wide(slope, 4, 16, FEATURES)(state, x), expected, rtol=2e-5)
    assert bool(expected != 0) == (zeros == 1)


def test_the_operation_has_the_gradient_of_the_product() -> None:
    x = torch.tensor([[2.0, 0.0, 3.0], [1.0, 4.0, -2.0]], requires_grad=True)
    wide_product(x, 1).sum().backward()
    np.testing.assert_array_equal(x.grad, [[0.0, 6.0, 0.0], [-8.0, -2.0, 4.0]])
