import numpy as np

from nalm.regression.searching.forms import LADDER
from nalm.regression.searching.ladder import tasks
from support.formulas import table


def order(low, target=None):
    x, y = table(lambda x: x[:, :30].sum(1) * x[:, 20:].sum(1), inputs=50, rows=300, low=low)
    planned = tasks([[0, 1, 2, 3], list(range(50))], x, y if target is None else target(y), 0)
    return planned, [(one.task.form, len(one.task.columns)) for one in planned]


def test_a_simple_form_of_all_inputs_comes_before_complicated_ones_of_few():
    planned, places = order(1)
    assert [one.weighed for one in planned] == sorted(one.weighed for one in planned)
    assert places.index((LADDER[0], 50)) < places.index((LADDER[-1], 4))
    assert places.index((LADDER[0], 4)) < places.index((LADDER[0], 50))


def test_what_has_more_numbers_than_rows_is_left_out():
    _, places = order(1)
    assert (LADDER[-1], 50) in places
    x, y = table(lambda x: x[:, 0], inputs=50, rows=100)
    assert tasks([list(range(50))], x, y, 0) == []


def test_divisors_around_zero_come_later_where_the_target_has_no_poles():
    around, above = (order(low)[1].index((LADDER[1], 4)) for low in (-2, 1))
    assert around >= above
    wild = order(-2, lambda y: np.where(np.arange(len(y)) == 3, 1e6, y))[1].index((LADDER[1], 4))
    assert wild <= around
