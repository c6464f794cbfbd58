from fractions import Fraction

import numpy as np
import pytest

from nalm.regression.algebra.parameters import fit
from nalm.regression.searching.pruning import product_of_sums, prune, simplified
from nalm.regression.searching.rounding import round_numbers, with_whole_weights
from support.formulas import one, product, table, terms, total


def never():
    return False


def dense(x, seed=0, factors=2):
    """A product of sums of all inputs and a constant, near nothing in particular."""
    weights = np.random.default_rng(seed).normal(size=(factors, x.shape[1] + 1))
    return weights, [Fraction(1)] * factors


def test_product_of_sums_has_the_values_of_its_weights():
    x, _ = table(lambda x: x[:, 0])
    weights, _ = dense(x, factors=3)
    bases = weights @ np.column_stack([x, np.ones(len(x))]).T
    for powers in ((1, 1, 1), (1, 1, -1), (-1, -1, 1)):
        formula = product_of_sums(weights, [Fraction(power) for power in powers], range(5), x)
        np.testing.assert_allclose(formula(x), (bases.T ** np.array(powers, dtype=float)).prod(1), rtol=1e-12)
        assert formula.free == 3 * 5 + 1


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_inputs_that_take_no_part_are_pruned(noise):
    x, y = table(lambda x: (x[:, 0] + x[:, 1]) * (x[:, 2] - x[:, 3]), inputs=8, noise=noise)
    weights = np.full((2, 9), 1e-3)
    weights[0, [0, 1]], weights[1, [2, 3]] = 1, (1, -1)
    pruned = prune(product_of_sums(weights, [Fraction(1)] * 2, range(8), x), x, y, never)
    assert [factor.inputs for factor in pruned.formula.factors()] == [(0, 1), (2, 3)]
    found = round_numbers(pruned, x, y, never).fit.formula
    assert found == product(total({0: 1, 1: 1}), total({2: 1, 3: -1}))


def test_nothing_is_pruned_that_is_needed():
    x, y = table(lambda x: (x[:, 0] + 0.1 * x[:, 1] + 0.5) * x[:, 2], noise=0.001)
    start = product(total({0: 1, 1: 0.1}, bias=0.5), one(2), scale=1.0)
    assert prune(start, x, y, never).formula.inputs == (0, 1, 2)


def test_what_cannot_be_fitted_is_none():
    x, y = table(lambda x: x[:, 0])
    assert prune(terms((1.0, (one(0),)), (1.0, (one(0),))), x, y, never) is None


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (product(total({0: 2, 1: 0}), one(2)), product(one(0), one(2), scale=2.0)),
        (product(total({0: 0}, bias=3), one(2)), product(one(2), scale=3.0)),
        (product(total({0: 4, 1: 0}, power="1/2")), product(one(0, "1/2"), scale=2.0)),
        (product(one(0, 0), one(1)), product(one(1))),
        (terms((0, (one(0),)), (2, (one(1),))), product(one(1), scale=2.0)),
    ],
)
def test_zeros_are_simplified_away(formula, expected):
    x, _ = table(lambda x: x[:, 0])
    found = simplified(formula)
    np.testing.assert_allclose(found(x), formula(x), rtol=1e-15)
    assert [term.factors for term in found.terms] == [term.factors for term in expected.terms]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (product(total({0: 1, 1: "1/2"}), one(2)), product(total({0: 2, 1: 1}), one(2), scale="1/2")),
        (product(total({0: -1, 1: -1}), one(2)), product(total({0: 1, 1: 1}), one(2), scale=-1)),
        (product(total({0: 1, 1: 1}), total({0: -2, 1: -2})), product(total({0: 1, 1: 1}, power=2), scale=-2)),
        (product(total({0: 1, 1: 1}), total({0: 1, 1: 1}, power=-1), one(2)), product(one(2))),
        (terms((1, (one(0),)), ("2/3", (one(1),)), scale=3), terms((3, (one(0),)), (2, (one(1),)))),
    ],
)
def test_weights_become_whole(formula, expected):
    x, _ = table(lambda x: x[:, 0])
    found = with_whole_weights(formula)
    np.testing.assert_allclose(found(x), formula(x), rtol=1e-12)
    assert found == expected


@pytest.mark.parametrize(
    ("law", "expected"),
    [
        (lambda x: 3 * x[:, 0] + 2 * x[:, 1] - x[:, 2], terms((3, (one(0),)), (2, (one(1),)), (-1, (one(2),)))),
        (lambda x: 0.3 * (x[:, 0] - x[:, 1]), terms((1, (one(0),)), (-1, (one(1),)), scale="3/10")),
        (lambda x: x[:, 0] / 2 + x[:, 1] / 3, terms(("1/2", (one(0),)), ("1/3", (one(1),)))),
    ],
)
def test_coefficients_are_written_the_shorter_way(law, expected):
    x, y = table(law, inputs=3)
    count = len(expected.terms)
    start = terms(*((1.0, (one(column),)) for column in range(count)))
    found = round_numbers(fit(start, x, y), x, y, never).fit.formula
    np.testing.assert_allclose(found(x), y, rtol=1e-12)
    assert found.free == 0
    assert found.complexity <= expected.complexity


def test_a_constant_keeps_the_digits_that_the_rows_give():
    x, y = table(lambda x: 8.314 * x[:, 0] / x[:, 1], rows=300, noise=0.05)
    found = round_numbers(fit(product(one(0), one(1, -1), scale=1.0), x, y), x, y, never).fit.formula
    assert found.scale.is_free
    assert found.scale.value == pytest.approx(8.314, rel=0.02)
    assert len(repr(found.scale.value)) <= 6
