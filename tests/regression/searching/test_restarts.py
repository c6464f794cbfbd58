import numpy as np
import pytest

from nalm.regression.searching.budget import Budget
from nalm.regression.searching.forms import LADDER, Form
from nalm.regression.searching.restarts import restarts, work
from support.formulas import table

UNLIMITED = 1e6


def ends(form, x, y, count=12, seed=0, budget=None):
    return restarts(form, x, y, count, np.random.default_rng(seed), budget or Budget(UNLIMITED))


def test_most_restarts_find_a_product_of_sums_among_many_inputs():
    x, y = table(lambda x: (x[:, 0] + x[:, 1]) * (x[:, 6] - x[:, 8]), inputs=20)
    best = ends(Form("", (1, 1)), x, y)[0]
    assert best.error < 1e-20
    assert best.agreement >= 0.5
    shares = best.weights / np.abs(best.weights).max(1, keepdims=True)
    assert sorted(np.flatnonzero(np.abs(shares).max(0) > 1e-6)) == [0, 1, 6, 8]


def test_sums_of_inputs_around_zero_are_found_by_their_pairs():
    x, y = table(lambda x: x[:, :6].sum(1) * x[:, 3:9].sum(1), rows=300, inputs=30, low=-2, high=2)
    assert ends(Form("", (1, 1)), x, y)[0].agreement >= 0.4


def test_quotient_with_a_divisor_around_zero():
    x, y = table(lambda x: x.sum(1) / (x[:, 0] + x[:, 1]), inputs=3, low=-2, high=2)
    best = ends(Form("", (1, -1)), x, y, count=1)[0]
    assert best.error < 1e-20


def test_roots_are_fitted_to_the_square_of_positive_targets_alone():
    form = Form("", (1, 1), root=2)
    x, y = table(lambda x: np.sqrt((x[:, 0] + x[:, 1]) * x[:, 2]))
    assert ends(form, x, y)[0].error < 1e-20
    assert ends(form, x, -y) == []


def test_same_seed_same_ends_bit_for_bit():
    x, y = table(lambda x: (x[:, 0] + x[:, 1]) * x[:, 2], noise=0.1)
    first, second = (ends(LADDER[0], x, y) for _ in range(2))
    assert len(first) == len(second)
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.weights, other.weights)
        assert one.error == other.error
    assert ends(LADDER[0], x, y, seed=1)[0].weights.tobytes() != first[0].weights.tobytes()


def test_time_that_is_up_ends_restarts_with_what_they_have():
    ticks = iter(range(10_000))
    x, y = table(lambda x: (x[:, 0] + x[:, 1]) * (x[:, 2] - x[:, 3]), noise=0.1)
    budget = Budget(10, lambda: float(next(ticks)))
    found = ends(LADDER[0], x, y, budget=budget)
    assert budget.cut
    assert found
    assert next(ticks) < 30


@pytest.mark.parametrize("form", LADDER, ids=str)
def test_work_grows_with_everything(form):
    base = work(100, 5, len(form.powers), 8)
    assert base > 0
    assert work(200, 5, len(form.powers), 8) > base
    assert work(100, 10, len(form.powers), 8) > base
    assert work(100, 5, len(form.powers), 16) == pytest.approx(2 * base)
