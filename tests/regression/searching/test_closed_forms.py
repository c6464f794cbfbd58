from fractions import Fraction

import numpy as np
import pytest

from nalm.regression.searching.closed_forms import (
    independent,
    least_squares,
    needed,
    powers_of_sums,
    products,
    sums,
    whole_weights,
)
from support.formulas import table


def rng():
    return np.random.default_rng(0)


def test_least_squares_equals_numpys_with_and_without_weights():
    x, y = table(lambda x: x[:, 0] * x[:, 1], noise=0.1)
    weight = np.linspace(0.1, 2, len(y))
    design = np.column_stack([x, np.ones(len(y))])
    root = weight[:, None]
    expected = np.linalg.solve((root * design).T @ (root * design), (root * design).T @ (weight * y))
    np.testing.assert_allclose(least_squares(x, y, weight), expected, rtol=1e-8)


def test_only_needed_columns_are_kept():
    x, y = table(lambda x: 2 * x[:, 3] - x[:, 7], inputs=20)
    assert needed(x, y, np.ones(len(y)), 20) == [3, 7]
    x, y = table(lambda x: 2 * x[:, 3] - x[:, 7], inputs=20, noise=0.3)
    assert needed(x, y, np.ones(len(y)), 20) == [3, 7]


def test_dependent_and_constant_columns_are_left_out():
    x, _ = table(lambda x: x[:, 0], inputs=4)
    joined = np.column_stack([x, x[:, 0] + x[:, 1], np.ones(len(x)), 2 * x[:, 2] - 1])
    kept = independent(joined)
    assert len(kept) == 4
    assert 5 not in kept
    assert np.linalg.matrix_rank(joined[:, kept] - joined[:, kept].mean(0)) == 4


@pytest.mark.parametrize("rows", [60, 300])
def test_sum_of_a_quarter_of_the_inputs_is_exact_with_fewer_rows_than_inputs_too(rows):
    x, y = table(lambda x: x[:, :25].sum(1), rows=rows, inputs=100, low=-2, high=2)
    (formula,) = sums(x, y, rng())
    coefficients = {term.factors[0].inputs: term.coefficient.value for term in formula.terms if term.factors}
    assert sorted(column for (column,) in coefficients) == list(range(25))
    np.testing.assert_allclose(list(coefficients.values()), 1, rtol=1e-8)


def test_whole_weights_of_both_signs():
    signs = np.array([1, -1, 0, 0, 1, 0, -1, 0, 0, 0, 0, 1.0, 0, 0, 0, 0])
    x, y = table(lambda x: x @ signs, rows=12, inputs=16, low=-2, high=2)
    np.testing.assert_array_equal(whole_weights(x, y, -1, rng()), signs)
    assert whole_weights(x, y + 0.3, 0, rng()) is None
    assert whole_weights(x, y, -1, rng(), over=lambda: True) is None


def test_sum_of_few_inputs_with_fewer_rows_than_inputs_and_any_weights():
    x, y = table(lambda x: 2.7 * x[:, 3] - 0.31 * x[:, 40], rows=40, inputs=60)
    (formula,) = sums(x, y, rng())
    assert formula.inputs == (3, 40)


def power_of(formula, column):
    return {factor.inputs: factor.power.value for factor in formula.factors()}[(column,)]


def test_products_of_powers_are_exact():
    x, y = table(lambda x: 3 * x[:, 0] ** 2 * x[:, 4] / np.sqrt(x[:, 2]), inputs=8)
    formula = next(iter(products(x, y)))
    assert formula.inputs == (0, 2, 4)
    assert power_of(formula, 0) == pytest.approx(2, rel=1e-9)
    assert power_of(formula, 2) == pytest.approx(-0.5, rel=1e-9)
    assert formula.scale.value == pytest.approx(3, rel=1e-9)


def test_signs_of_products_follow_from_their_whole_powers():
    x, y = table(lambda x: -x[:, 0] * x[:, 3] ** 2 / x[:, 1], inputs=6, low=-2, high=2)
    formula = next(iter(products(x, y)))
    np.testing.assert_allclose(formula(x), y, rtol=1e-9)
    assert power_of(formula, 3).is_integer()


def test_products_with_fewer_rows_than_inputs():
    x, y = table(lambda x: x[:, 2] * x[:, 16], rows=80, inputs=120, low=0.5, high=1.5)
    best = [formula for formula in products(x, y) if formula.inputs == (2, 16)]
    assert power_of(best[0], 2) == pytest.approx(1, rel=1e-9)


def test_inputs_with_zeros_take_no_part_in_products():
    x, y = table(lambda x: x[:, 0] * x[:, 1])
    x[3, 2] = 0
    assert all(2 not in formula.inputs for formula in products(x, y))
    assert not list(products(np.zeros((9, 1)), np.ones(9)))


@pytest.mark.parametrize("power", [-1, Fraction(1, 2), 2, Fraction(-1, 2), -2, 3])
def test_powers_of_sums_are_exact(power):
    x, y = table(lambda x: 0.7 * (x[:, 0] + 2 * x[:, 3]) ** float(power), inputs=6)
    found = [formula for formula in powers_of_sums(x, y) if np.abs(formula(x) / y - 1).max() < 1e-9]
    assert Fraction(power) in [factor.power.fraction for formula in found for factor in formula.factors()]


def test_even_powers_are_not_tried_on_negative_targets():
    x, y = table(lambda x: -((x[:, 0] + x[:, 1]) ** 3))
    powers = {factor.power.fraction for formula in powers_of_sums(x, y) for factor in formula.factors()}
    assert powers == {Fraction(-1), Fraction(3)}
