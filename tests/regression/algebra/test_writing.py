from fractions import Fraction

import pytest
import sympy

from nalm.regression.algebra.formula import constant
from nalm.regression.algebra.numbers import symbolic
from nalm.regression.algebra.writing import expression, text
from support.formulas import number, one, product, terms, total

NAMES = ("a", "b", "c", "d")
QUARTER = symbolic(Fraction(1, 4), "pi", -1)
CASES = [
    (product(one(0), one(1)), "a*b"),
    (product(one(0, "1/2"), one(1, "-1/2")), "sqrt(a/b)"),
    (product(one(0, "-1/2"), one(1, "-1/2"), scale=2.5), "2.5/sqrt(a*b)"),
    (product(one(0, 2), scale="3/2"), "3*a**2/2"),
    (product(one(0, -2), scale=-1), "-1/a**2"),
    (product(one(0, 0.37)), "a**0.37"),
    (product(one(0, -0.37)), "a**(-0.37)"),
    (product(total({0: 1, 1: 1})), "a + b"),
    (product(total({0: 1, 1: 1}), scale=-1), "-(a + b)"),
    (product(total({0: 1, 1: 1}, power="1/2")), "sqrt(a + b)"),
    (product(total({0: 1, 1: 1}), total({2: 1, 3: -1})), "(a + b)*(c - d)"),
    (
        product(total({0: 1, 1: 1}), total({1: 1, 2: -1}, power=-1), scale=symbolic(Fraction(1, 4), "pi", -1)),
        "(a + b)/(4*pi*(b - c))",
    ),
    (product(total({0: 2, 1: -3}, bias=1, power=2)), "(2*a + 1 - 3*b)**2"),
    (product(one(0), scale=symbolic(Fraction(2, 3), "e", 1)), "2*exp(1)*a/3"),
    (product(one(0), scale="8.314"), "8.314*a"),
    (product(one(0), scale="6.674e-11"), "6.674e-11*a"),
    (product(one(0), scale="1e70"), "1e+70*a"),
    (terms((1, (one(0), one(1))), (1, (one(2),)), (-1, (one(3),))), "a*b + c - d"),
    (terms((-1, (one(0),)), ("1/2", (one(1),)), scale=0.3), "0.3*(b/2 - a)"),
    (terms((1, (one(0),)), (-3, ())), "a - 3"),
    (constant(number(3.0)), "3.0"),
]


@pytest.mark.parametrize(("formula", "written"), CASES)
def test_text_is_short_and_means_the_formula(formula, written):
    assert text(formula, NAMES) == written
    symbols = {name: sympy.Symbol(name, real=True) for name in NAMES}
    point = dict(zip(symbols.values(), (1.3, 0.7, 2.1, 3.3), strict=True))
    read = sympy.sympify(written, locals=symbols)
    assert float(read.subs(point)) == pytest.approx(float(expression(formula, NAMES).subs(point)), rel=1e-12)


def test_exact_numbers_are_exact_in_sympy():
    formula = product(one(0), scale=QUARTER)
    assert expression(formula, ["a"]) == sympy.Symbol("a", real=True) / (4 * sympy.pi)


def test_names_that_would_be_misread_are_quoted():
    names = ["body mass", "pi", "sqrt", "x", "lambda", "π", "1", "a-b"]
    formula = product(*(one(column) for column in range(len(names))))
    assert text(formula, names) == "`body mass`*`pi`*`sqrt`*x*`lambda`*π*`1`*`a-b`"
