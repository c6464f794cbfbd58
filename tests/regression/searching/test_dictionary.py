from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

from nalm.regression.searching.dictionary import Letters, as_formula, exchanged, none_chosen, widen
from support.formulas import table

ONE = (Fraction(1),)


def squares_with(letters, y, monomials):
    """Squares that least squares on a constant and products leaves: what the search must know without doing it."""
    design = np.column_stack([np.ones(len(y)), *(letters.product(monomial) for monomial in monomials)])
    residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    return float(residual @ residual)


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_first_product_is_the_best_of_all(degree):
    x, y = table(lambda x: x[:, 0] * x[:, 2] + 0.3 * x[:, 1] * x[:, 3] * x[:, 4], noise=0.2)
    letters = Letters.of(x, range(5), ONE)
    best = widen([none_chosen(y)], letters, degree, 3)
    every = [monomial for size in range(1, degree + 1) for monomial in combinations(range(5), size)]
    ranked = sorted(every, key=lambda monomial: squares_with(letters, y, [monomial]))
    assert [chosen.monomials for chosen in best] == [(monomial,) for monomial in ranked[:3]]
    assert best[0].squares == pytest.approx(squares_with(letters, y, [ranked[0]]), rel=1e-9)


def test_nothing_is_looked_at_when_time_is_up():
    x, y = table(lambda x: x[:, 0] * x[:, 2])
    letters = Letters.of(x, range(5), ONE)
    assert widen([none_chosen(y)], letters, 3, 3, over=lambda: True) == []


def test_second_product_is_the_best_beside_the_first():
    x, y = table(lambda x: x[:, 0] * x[:, 2] + x[:, 1] / x[:, 3], noise=0.1)
    letters = Letters.of(x, range(5), (Fraction(1), Fraction(-1)))
    (first,) = widen([none_chosen(y)], letters, 2, 1)
    (second,) = widen([first], letters, 2, 1)
    every = [pair for pair in combinations(range(10), 2) if letters.inputs[pair[0]] != letters.inputs[pair[1]]]
    every += [(letter,) for letter in range(10)]
    best = min(squares_with(letters, y, [*first.monomials, monomial]) for monomial in every)
    assert second.squares == pytest.approx(best, rel=1e-9)


def test_powers_of_one_input_are_not_multiplied():
    x, y = table(lambda x: x[:, 0] ** 3, inputs=2)
    letters = Letters.of(x, range(2), (Fraction(1), Fraction(2)))
    for chosen in widen([none_chosen(y)], letters, 3, 50):
        (monomial,) = chosen.monomials
        assert len(set(letters.inputs[list(monomial)])) == len(monomial)


def test_sums_of_products_are_found_exactly():
    x, y = table(lambda x: x[:, 0] * x[:, 1] + x[:, 2] * x[:, 3] - x[:, 4], inputs=10, low=-2, high=2)
    letters = Letters.of(x, range(10), ONE)
    beam = [none_chosen(y)]
    for _ in range(3):
        beam = widen(beam, letters, 2, 6)
    formula = as_formula(beam[0], letters, offset=False)
    assert formula.inputs == (0, 1, 2, 3, 4)
    assert beam[0].squares < 1e-20 * (y @ y)


def test_exchange_mends_a_wrong_choice():
    x, y = table(lambda x: x[:, 0] * x[:, 1] + x[:, 2] * x[:, 3])
    letters = Letters.of(x, range(5), ONE)
    wrong = widen([none_chosen(y)], Letters(letters.values[:, 4:], letters.inputs[4:], ONE), 1, 1)[0]
    wrong = wrong._replace(monomials=((4,),))
    (beam,) = widen([wrong], letters, 2, 1)
    assert beam.squares > 1e-6 * (y @ y)
    assert exchanged(beam, letters, 2, 3, y).squares < 1e-20 * (y @ y)


def test_powers_that_are_not_finite_are_no_letters():
    x = np.array([[1.0, -1.0, 0.0]] * 9) * np.arange(1, 10)[:, None]
    letters = Letters.of(x, range(3), (Fraction(1), Fraction(-1), Fraction(1, 2)))
    made = {(int(column), power) for column, power in zip(letters.inputs, letters.powers, strict=True)}
    assert made == {(0, 1), (0, -1), (0, Fraction(1, 2)), (1, 1), (1, -1)}
