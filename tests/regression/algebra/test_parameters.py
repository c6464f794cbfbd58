import numpy as np
import pytest

from nalm.regression.algebra.parameters import derivatives, fit, free_values, standard_errors, with_free_values
from support.formulas import one, product, table, terms, total

FORMULAS = [
    product(one(0), scale=2.0),
    product(one(0, 0.7), one(1, -1.2), scale=2.0),
    product(total({0: 1, 1: 0.8}, bias=0.3), total({2: 1.1, 3: 1}, power=-1), scale=1.5),
    product(total({0: 1, 1: 0.8}, power=2), one(2)),
    terms((0.4, (one(0), one(1))), (-1.3, (one(2, -1),)), (0.2, ())),
    terms((1, (one(0), one(1))), (0.5, (total({2: 1, 3: 0.3}),)), scale=1.7),
]


@pytest.mark.parametrize("formula", FORMULAS)
def test_derivatives_are_those_of_the_values(formula):
    x, _ = table(lambda x: x[:, 0])
    values = free_values(formula)
    found = derivatives(formula, x)
    assert found.shape == (len(x), len(values))
    for place in range(len(values)):
        step = np.zeros(len(values))
        step[place] = 1e-6
        ahead, behind = (with_free_values(formula, values + sign * step)(x) for sign in (1, -1))
        np.testing.assert_allclose(found[:, place], (ahead - behind) / 2e-6, rtol=1e-6, atol=1e-8)


def test_derivatives_where_a_factor_is_zero():
    formula = product(one(0), total({1: 1, 2: 0.5}))
    x = np.array([[0.0, 1.0, -2.0], [3.0, 1.0, -2.0]])  # the sum is 0, and in the first row the input, too
    np.testing.assert_array_equal(derivatives(formula, x), [[0.0], [-6.0]])


def test_zero_to_any_power_stays_zero():
    x = np.array([[0.0, 2.0], [3.0, 2.0]])
    np.testing.assert_allclose(derivatives(product(one(0, 2.0), one(1)), x), [[0.0], [18 * np.log(3)]])


@pytest.mark.parametrize("formula", FORMULAS)
def test_fit_finds_the_numbers_that_made_the_target(formula):
    x, _ = table(lambda x: x[:, 0])
    fitted = fit(with_free_values(formula, 1.1 * free_values(formula) + 0.02), x, formula(x))
    np.testing.assert_allclose(free_values(fitted.formula), free_values(formula), rtol=1e-8)


def test_standard_errors_are_those_of_least_squares():
    x, _ = table(lambda x: x[:, 0])
    formula = terms((1.0, (one(0),)), (1.0, (one(1),)), (1.0, ()))
    design = np.column_stack([x[:, 0], x[:, 1], np.ones(len(x))])
    expected = np.sqrt(np.diag(np.linalg.inv(design.T @ design)))
    np.testing.assert_allclose(standard_errors(formula, x), expected, rtol=1e-9)


def test_what_cannot_be_fitted_is_none():
    x, y = table(lambda x: x[:, 0], rows=20)
    assert fit(terms((1.0, (one(0),)), (1.0, (one(0),))), x, y) is None  # the same term twice
    assert fit(terms(*((1.0, (one(column),)) for column in range(5))), x[:5], y[:5]) is None  # as many as rows
    assert fit(product(one(0, 0.5), scale=1.0), -x, y) is None  # a root of negative numbers
