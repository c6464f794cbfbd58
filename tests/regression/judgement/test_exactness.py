import numpy as np
import pytest

from nalm.regression.judgement.exactness import is_exact_to_rounding, judge
from support.formulas import one, product, table, terms, total

LAW = product(total({0: 1, 1: 1}), total({2: 1, 3: -1}))


def held_out(rows):
    chosen = np.zeros(rows, dtype=bool)
    chosen[::7] = True
    return chosen


def verdict(formula, x, y):
    return judge(formula, x, y, held_out(len(y)))


@pytest.mark.parametrize(("low", "high"), [(1, 2), (-2, 2), (0.001, 1000)])
def test_the_law_without_noise_is_exact(low, high):
    x, y = table(lambda x: (x[:, 0] + x[:, 1]) * (x[:, 2] - x[:, 3]), inputs=8, low=low, high=high)
    assert verdict(LAW, x, y) == (True, "it meets every row, to rounding")


def test_numbers_of_single_precision_are_met_to_theirs():
    x, _ = table(lambda x: x[:, 0])
    x = x.astype(np.float32).astype(float)
    y = LAW(x.astype(np.float32)).astype(np.float32).astype(float)
    assert np.abs(y - LAW(x)).max() > 1e-9
    assert is_exact_to_rounding(LAW, x, y)


@pytest.mark.parametrize(
    ("law", "near", "high"),
    [
        (lambda x: np.sin(x[:, 0]), product(one(0)), 1e-3),
        (lambda x: np.exp(x[:, 0]), terms((1, (one(0),)), ("1/2", (one(0, 2),)), (1, ())), 1e-4),
        (lambda x: np.sqrt(x[:, 0] ** 2 + 1e-10), product(one(0)), 2.0),
    ],
)
def test_what_is_near_on_a_narrow_range_is_not_exact(law, near, high):
    """Within 1e-6 of the target's spread, and yet no rounding error."""
    x, y = table(law, inputs=1, low=high / 2, high=high)
    assert np.sqrt(((near(x) - y) ** 2).mean()) < 1e-6 * y.std()
    assert not is_exact_to_rounding(near, x, y)
    assert not verdict(near, x, y).exact


def test_a_parabola_through_three_values_is_no_law():
    """Whatever is a function of an input with three values is one of its parabolas."""
    x = np.round(table(lambda x: x[:, 0], inputs=1, low=-0.49, high=2.49)[0])
    first, second = np.array([[1.0, 1.0], [2.0, 4.0]])
    a, b = (float(value) for value in np.linalg.solve([first, second], np.exp([1.0, 2.0]) - 1))
    parabola = terms((a, (one(0),)), (b, (one(0, 2),)), (1, ()))
    assert is_exact_to_rounding(parabola, x, np.exp(x[:, 0]))
    assert verdict(parabola, x, np.exp(x[:, 0])).reason.startswith("its inputs have 3 different values only")


def test_one_row_of_another_law_makes_it_inexact():
    x, y = table(lambda x: (x[:, 0] + x[:, 1]) * (x[:, 2] - x[:, 3]))
    y[17] += 1e-3
    assert not is_exact_to_rounding(LAW, x, y)


@pytest.mark.parametrize("noise", [0.01, 0.1])
def test_the_law_with_noise_is_exact_up_to_it(noise):
    x, y = table(lambda x: (x[:, 0] + x[:, 1]) * (x[:, 2] - x[:, 3]), rows=400, inputs=8, noise=noise)
    found = verdict(LAW, x, y)
    assert found.exact
    assert "noise" in found.reason


def test_whole_numbers_may_cancel_and_be_zero():
    x = np.round(table(lambda x: x[:, 0], rows=400, low=-5, high=5)[0])
    y = LAW(x) + 0.1 * np.random.default_rng(1).standard_normal(400)
    assert (LAW(x) == 0).any()
    assert verdict(LAW, x, y).exact


@pytest.mark.parametrize(("noise", "reason"), [(0.001, ""), (0.02, "its factor is known to 0.04 % only")])
def test_a_factor_that_is_measured_well_does_not_make_a_law_inexact(noise, reason):
    x, y = table(lambda x: 8.314 * x[:, 0] * x[:, 1] / x[:, 2], rows=300, noise=noise)
    scale = float(y @ (x[:, 0] * x[:, 1] / x[:, 2]) / ((x[:, 0] * x[:, 1] / x[:, 2]) ** 2).sum())
    found = verdict(product(one(0), one(1), one(2, -1), scale=scale), x, y)
    assert found.exact == (not reason)
    assert reason in found.reason


def test_fitted_numbers_are_no_law_in_a_noisy_table():
    """A parabola through a sine: what is left is noise, but its numbers say nothing."""
    x, y = table(lambda x: np.sin(x[:, 0]) + x[:, 1], rows=300, low=1, high=3, noise=0.05)
    design = np.column_stack([x[:, 0], x[:, 0] ** 2, x[:, 1], np.ones(len(y))])
    a, b, c, d = (float(value) for value in np.linalg.lstsq(design, y, rcond=None)[0])
    parabola = terms((a, (one(0),)), (b, (one(0, 2),)), (c, (one(1),)), (d, ()))
    assert verdict(parabola, x, y) == (False, "4 of its numbers are known to some digits only")


def test_numbers_that_may_be_simple_by_chance_are_no_law():
    x, y = table(lambda x: x[:, 0] * x[:, 1], rows=40, noise=0.5)
    assert "by chance" in verdict(product(one(0), one(1)), x, y).reason


def test_an_input_that_was_forgotten_is_found_in_what_is_left():
    x, y = table(lambda x: x[:, 0] * x[:, 1] + 0.3 * x[:, 2], rows=400, noise=0.05)
    y = y - 0.3 * x[:, 2].mean()
    assert verdict(product(one(0), one(1)), x, y) == (False, "what is left depends on {2}")


def test_rows_held_out_that_are_met_worse_are_told():
    x, y = table(lambda x: x[:, 0] * x[:, 1], rows=200, noise=0.02)
    y[held_out(200)] += 0.5 * np.random.default_rng(1).standard_normal(held_out(200).sum())
    assert "held out" in verdict(product(one(0), one(1)), x, y).reason


def test_a_copy_of_an_input_leaves_two_laws():
    x, y = table(lambda x: x[:, 0] * x[:, 1])
    copied = np.column_stack([x, x[:, 0]])
    assert verdict(product(one(0), one(1)), copied, y) == (False, "with {5} in place of {0} it does as well")


def test_what_has_no_input_or_no_value_is_not_exact():
    x, y = table(lambda x: x[:, 0] * x[:, 1])
    assert not verdict(product(scale=2.0), x, np.full(len(y), 2.0)).exact
    assert verdict(product(one(0, "1/2")), -x, y).reason == "undefined on some rows"


def test_few_rows_of_few_values_are_met_by_chance():
    """Nine rows of three values hold less than the choice among two hundred columns."""
    x = np.random.default_rng(1).choice([1.0, 2.0, 5.0], (9, 200))
    law = product(one(3), one(150))
    assert "by chance" in verdict(law, x, law(x)).reason
    more = np.random.default_rng(1).choice([1.0, 2.0, 5.0], (60, 200))
    assert verdict(law, more, law(more)).exact
