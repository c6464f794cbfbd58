import numpy as np

from nalm.regression.searching.screening import importance, supports
from support.formulas import table


def test_inputs_of_products_around_zero_are_ranked_first():
    x, y = table(lambda x: x[:, 3] * x[:, 17], rows=300, inputs=40, low=-2)
    assert set(np.argsort(-importance(x, y))[:2]) == {3, 17}


def test_small_sets_come_first_and_none_has_a_constant_input():
    x, y = table(lambda x: (x[:, 0] + x[:, 1]) * x[:, 2], inputs=10)
    x[:, 5] = 3.0
    sets = list(supports(importance(x, y)))
    assert [len(columns) for columns in sets] == sorted(len(columns) for columns in sets)
    assert all({0, 1, 2} <= set(columns) for columns in sets if len(columns) > 3)
    assert all(5 not in columns for columns in sets)
