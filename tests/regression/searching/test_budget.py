from nalm.regression.searching.budget import Budget


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_a_search_that_asks_too_late_is_cut():
    clock = Clock()
    budget = Budget(10, clock)
    clock.now = 9.4
    assert not budget.over
    assert not budget.cut
    clock.now = 9.6
    assert not budget.cut
    assert budget.over
    clock.now = 0.0
    assert budget.over


def test_work_is_planned_whatever_the_clock_says():
    clock = Clock()
    budget = Budget(10, clock)
    clock.now = 9.0
    assert budget.plan(4)
    assert not budget.plan(4)
    assert budget.plan(2)
    assert not budget.plan(1.1)


def test_time_is_kept_for_judging_a_large_table_but_not_all_of_it():
    clock = Clock()
    budgets = {judging: Budget(10, clock, judging=judging) for judging in (0.1, 2.0, 50.0)}
    clock.now = 6.5
    assert [budget.over for budget in budgets.values()] == [False, False, True]
    clock.now = 8.5
    assert [budget.over for budget in budgets.values()] == [False, True, True]
