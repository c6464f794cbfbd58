import numpy as np
import pytest

from nalm.regression.judgement.neighbours import equal_neighbour
from support.formulas import one, product, table, terms, total

RIGHT = [
    product(one(0), one(1)),
    product(one(0, 2), one(1, -1)),
    product(one(0, "1/2"), one(1, "1/2")),
    product(total({0: 1, 1: 1}), total({2: 1, 3: -1})),
    product(total({0: 1, 1: 1}, bias=1), one(2, -1)),
    terms((1, (one(0), one(1))), (1, (one(2),)), (-1, (one(3),))),
]


@pytest.mark.parametrize("noise", [0.0, 0.1])
@pytest.mark.parametrize("formula", RIGHT)
def test_all_neighbours_of_a_law_are_worse(formula, noise):
    x, y = table(formula, rows=300, inputs=8, noise=noise)
    assert equal_neighbour(formula, x, y) == ""


@pytest.mark.parametrize(
    ("formula", "change"),
    [
        (product(one(0), one(1), one(2)), "another power"),
        (terms((1, (one(0), one(1))), (1e-9, (one(2),))), "another sign"),
        (product(total({0: 1, 1: 1, 2: 1e-9}), one(3)), "without {2}"),
        (product(one(0, 2), one(1)), "another power"),
    ],
)
def test_a_neighbour_that_is_right_is_found(formula, change):
    """Laws from which the formula differs in one place, whose rows it meets no better."""
    right = {
        "another power": product(one(0), one(1)),
        "another sign": product(one(0), one(1)),
        "without {2}": product(total({0: 1, 1: 1}), one(3)),
    }[change]
    x, y = table(right, rows=200, noise=0.0)
    assert change in equal_neighbour(formula, x, y)


def test_a_constant_input_can_stand_for_a_number():
    x, _ = table(lambda x: x[:, 0])
    x[:, 4] = 2.0
    formula = product(one(0), one(1), scale=2)
    assert equal_neighbour(product(one(0), one(1), one(4)), x, formula(x))


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_a_constant_input_that_adds_nothing_is_no_neighbour(noise):
    formula = product(total({0: 1, 1: 1}), one(2))
    x, y = table(formula, low=1e8, high=3e8, noise=noise)
    x[:, 4] = 1.0
    assert equal_neighbour(formula, x, y) == ""


def test_other_powers_of_truth_values_are_no_neighbours():
    x, _ = table(lambda x: x[:, 0])
    x[:, 0] = x[:, 0] > 1.5
    formula = terms((1, (one(0), one(1))), (1, (one(2),)))
    assert equal_neighbour(formula, x, formula(x)) == ""
    assert equal_neighbour(product(one(0), one(1)), np.ones_like(x), np.ones(len(x))) != ""


def test_few_rows_do_not_tell_neighbours_apart():
    x, y = table(lambda x: x[:, 0] + x[:, 1], rows=8, noise=1.0)
    assert equal_neighbour(product(total({0: 1, 1: 1})), x, y)
