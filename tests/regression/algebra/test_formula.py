import numpy as np
import pytest

from nalm.regression.algebra.formula import constant, power_of
from support.formulas import number, one, product, terms, total

X = np.array([[1.0, 2.0, 4.0], [-3.0, 0.5, 2.0]])
A, B, C = X.T

CASES = [
    (product(one(0), one(1)), A * B, 3, (0, 1)),
    (product(one(1, "1/2"), one(2, "1/2")), np.sqrt(B * C), 4, (1, 2)),
    (product(one(0, -1)), 1 / A, 3, (0,)),
    (product(one(0, 2), one(1), one(2, -1), scale=2.5), 2.5 * A**2 * B / C, 9, (0, 1, 2)),
    (product(total({0: 1, 1: 1}), total({1: 1, 2: -1})), (A + B) * (B - C), 7, (0, 1, 2)),
    (product(total({0: 1, 1: 1}), total({1: 1, 2: 1}, power=-1)), (A + B) / (B + C), 7, (0, 1, 2)),
    (product(total({0: "1/2", 2: 3}, bias=1, power=3)), (A / 2 + 3 * C + 1) ** 3, 11, (0, 2)),
    (terms((1, (one(0), one(1))), (-1, (one(2),))), A * B - C, 5, (0, 1, 2)),
    (terms((2, (one(0),)), (1.5, ())), 2 * A + 1.5, 5, (0,)),
    (constant(number(3.5)), np.full(2, 3.5), 3, ()),
]


@pytest.mark.parametrize(("formula", "values", "complexity", "inputs"), CASES)
def test_values_size_and_inputs(formula, values, complexity, inputs):
    np.testing.assert_allclose(formula(X), values, rtol=1e-15)
    assert formula.complexity == complexity
    assert formula.inputs == inputs


def test_free_numbers_are_counted():
    assert product(one(0), scale=2.5).free == 1
    assert product(total({0: 1, 1: 0.5}, bias=0.1), scale=2).free == 2
    assert product(one(0), one(1, 0.3)).free == 1


def test_undefined_values_are_not_finite_and_do_not_warn():
    assert np.isinf(product(one(0, -1))(np.zeros((1, 1)))).all()
    assert np.isnan(product(one(0, "1/2"))(-np.ones((1, 1)))).all()


@pytest.mark.parametrize("power", [1, -1, 2, -2, 0.5, 3, -0.5])
def test_powers_equal_numpys(power):
    base = np.array([0.5, 2.0, 7.0])
    np.testing.assert_allclose(power_of(base, power), np.power(base, power), rtol=1e-15)
