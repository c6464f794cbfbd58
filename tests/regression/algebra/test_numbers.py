import math
from fractions import Fraction

import numpy as np
import pytest

from nalm.regression.algebra.numbers import Number, bits, rational, recognise, symbolic, to_digits


@pytest.mark.parametrize(
    ("value", "error", "expected"),
    [
        (1.004, 0.01, rational(1)),
        (-0.4993, 0.001, rational(Fraction(-1, 2))),
        (0.3333333333333, 1e-12, rational(Fraction(1, 3))),
        (37.0, 1e-12, rational(37)),
        (8.314, 1e-12, rational(Fraction("8.314"))),
        (3.14159265, 1e-7, symbolic(Fraction(1), "pi", 1)),
        (1 / (4 * math.pi), 1e-12, symbolic(Fraction(1, 4), "pi", -1)),
        (-2 * math.e / 3, 1e-12, symbolic(Fraction(-2, 3), "e", 1)),
        (2 * math.pi**2, 1e-10, symbolic(Fraction(2), "pi", 2)),
    ],
)
def test_simple_numbers_are_recognised(value, error, expected):
    found, saved = recognise(value, error)
    assert found == expected
    assert saved > 3


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (8.314, 0.006),  # 25/3 and 8.3 lie within the error, and neither is simpler than the digits that are known
        (0.7861234567, 1e-10),
        (1.53, 0.2),
        (math.sqrt(2), 1e-12),
        (0.0, 0.1),
    ],
)
def test_other_numbers_stay_free(value, error):
    assert recognise(value, error) == (Number(value), 0.0)


def test_symbols_are_not_looked_for_where_they_make_no_sense():
    assert recognise(math.pi, 1e-9, symbols=False)[0].is_free


def test_random_numbers_are_rarely_recognised():
    """A margin of m bits is one in 2^m."""
    values = np.random.default_rng(0).uniform(0.1, 10, 1000)
    for error in (1e-2, 1e-4, 1e-8):
        for margin in (4, 7):
            recognised = sum(not recognise(value, error * value, margin)[0].is_free for value in values)
            assert recognised <= 2 ** (1 - margin) * len(values)


def test_simple_numbers_take_few_bits():
    simple_first = [
        rational(1),
        rational(2),
        rational(Fraction(1, 2)),
        rational(3),
        rational(Fraction(5, 7)),
        rational(Fraction(355, 113)),
    ]
    sizes = [bits(number) for number in simple_first]
    assert sizes == sorted(sizes)
    assert bits(rational(Fraction("8.3"))) < bits(rational(Fraction(83, 11)))
    assert bits(symbolic(Fraction(1), "pi", 1)) > bits(rational(1))


@pytest.mark.parametrize(
    ("value", "error", "expected"),
    [
        (8.31446, 0.006, 8.3145),
        (-1234.567, 20.0, -1235.0),
        (0.000123456, 1e-6, 0.0001235),
        (0.0, 1.0, 0.0),
        (5.5, 0.0, 5.5),
    ],
)
def test_digits_end_at_the_second_of_the_standard_error(value, error, expected):
    assert to_digits(value, error) == pytest.approx(expected, rel=1e-12)


def test_products_and_signs_are_exact():
    assert rational(3).times(Fraction(1, 3)) == rational(1)
    assert symbolic(Fraction(1, 4), "pi", -1).times(Fraction(4)) == symbolic(Fraction(1), "pi", -1)
    assert Number(2.5).times(Fraction(1, 2)) == Number(1.25)
    assert -rational(2) == rational(-2)
