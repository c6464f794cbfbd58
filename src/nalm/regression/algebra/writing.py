"""Formulas as text, and as sympy expressions."""

from __future__ import annotations

import keyword
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from nalm.regression.algebra.formula import Factor, Formula, Term
from nalm.regression.algebra.numbers import ONE, SYMBOLS, ZERO, Number

if TYPE_CHECKING:
    import sympy


_TAKEN = ("pi", "exp", "sqrt")
_LONG = 10**16
_SYMBOLS = {"pi": "pi", "e": "exp(1)"}


def text(formula: Formula, names: Sequence[str]) -> str:
    """Return a formula as one line of Python, such as `2*(x1 + x2)/sqrt(x3)`.

    Names that are no identifiers, or mean something else in a formula, stand in backquotes.
    """
    shown = [name if _is_plain(name) else f"`{name}`" for name in names]
    if len(formula.terms) == 1:
        (term,) = formula.terms
        return _term(term._replace(coefficient=_joined(formula.scale, term.coefficient)), shown)
    inner = _sum([_term(term, shown) for term in sorted(formula.terms, key=_place)])
    if formula.scale == ONE:
        return inner
    return f"{number_text(formula.scale)}*({inner})"


def _place(term: Term) -> tuple[int, list[int]]:
    """Order terms: those of many factors first, then by their inputs; how they were found depends on the processor."""
    return -len(term.factors), [column for factor in term.factors for column, _ in factor.weights]


def _is_plain(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name) and name not in _TAKEN


def number_text(number: Number) -> str:
    """Return a number in full: `3/2`, `1/(4*pi)`, `8.314`."""
    above, below = _number_parts(number)
    sign = "-" if above.startswith("-") else ""
    return sign + _fraction([above.removeprefix("-")], below)


def _joined(scale: Number, coefficient: Number) -> Number:
    if coefficient == ONE:
        return scale
    if coefficient.kind == "rational":
        return scale.times(coefficient.fraction)
    return Number(scale.value * coefficient.value)


def _number_parts(number: Number) -> tuple[str, list[str]]:
    """Return what is above the fraction line, with the sign, and what is below."""
    if number.is_free:
        return repr(float(number.value)), []
    share = number.fraction
    if (share.denominator > 1 and _is_decimal(share)) or abs(share) >= _LONG:
        return repr(float(share)), []
    symbol = [] if number.kind not in SYMBOLS else [_power(_SYMBOLS[number.kind], Fraction(abs(number.power)))]
    above: list[str] = []
    below: list[str] = []
    if share.denominator != 1:
        below.append(str(share.denominator))
    (above if number.power > 0 else below).extend(symbol)
    sign = "-" if share < 0 else ""
    head = [str(abs(share.numerator))] if abs(share.numerator) != 1 or not above else []
    return sign + "*".join(head + above), below


def _is_decimal(share: Fraction) -> bool:
    """Return whether a fraction is written as a decimal: one with a denominator beyond those in daily use."""
    denominator = share.denominator
    for prime in (2, 5):
        while denominator % prime == 0:
            denominator //= prime
    return denominator == 1 and share.denominator > 8


def _term(term: Term, names: Sequence[str]) -> str:
    head, below = _number_parts(term.coefficient)
    sign, head = ("-", head[1:]) if head.startswith("-") else ("", head)
    numerator = any(factor.power.value > 0 or factor.power.is_free for factor in term.factors)
    above = [] if head == "1" and numerator else [head]
    rooted: tuple[list[str], list[str]] = ([], [])
    for factor in term.factors:
        base, power = _base(factor, names), factor.power
        if power.is_free:
            above.append(f"{base}**{_exponent(repr(float(power.value)))}")
        elif abs(power.value) == 0.5:
            rooted[power.value < 0].append(base)
        else:
            (above if power.value > 0 else below).append(_power(base, abs(power.fraction)))
    if rooted[0]:
        above.append(f"sqrt({_inner(_fraction(rooted[0], rooted[1]))})")
    elif rooted[1]:
        below.append(f"sqrt({_inner('*'.join(rooted[1]))})")
    if above == ["1"] and not below:
        return f"{sign}1"
    if len(above) == 1 and not below and not sign:
        return _inner(above[0])
    return sign + _fraction(above, below)


def _base(factor: Factor, names: Sequence[str]) -> str:
    if factor.is_input:
        return names[factor.weights[0][0]]
    summands = []
    for column, weight in factor.weights:
        summands.append(_term(Term(weight, (Factor(((column, ONE),)),)), names))
    if factor.bias != ZERO:
        summands.append(number_text(factor.bias))
    return f"({_sum(summands)})"


def _sum(summands: Sequence[str]) -> str:
    positive_first = sorted(summands, key=lambda summand: summand.startswith("-"))
    joined = positive_first[0]
    for summand in positive_first[1:]:
        joined += f" - {summand[1:]}" if summand.startswith("-") else f" + {summand}"
    return joined


def _power(base: str, exponent: Fraction) -> str:
    if exponent == 1:
        return base
    return f"{base}**{_exponent(str(exponent))}"


def _inner(written: str) -> str:
    """Return what stands in parentheses, where these enclose all of it."""
    depth = 0
    for place, character in enumerate(written):
        depth += (character == "(") - (character == ")")
        if depth == 0 and place < len(written) - 1:
            return written
    return written[1:-1] if written.startswith("(") else written


def _exponent(written: str) -> str:
    return written if written.replace(".", "").isdigit() else f"({written})"


def _fraction(above: Sequence[str], below: Sequence[str]) -> str:
    numerator = "*".join(above)
    if not below:
        return numerator
    return f"{numerator}/{below[0]}" if len(below) == 1 else f"{numerator}/({'*'.join(below)})"


def expression(formula: Formula, names: Sequence[str]) -> sympy.Expr:
    """Return a formula as a sympy expression of symbols with the names of the inputs."""
    import sympy

    symbols = [sympy.Symbol(name, real=True) for name in names]
    total: Any = sympy.Integer(0)
    for term in formula.terms:
        product = _sympy_number(term.coefficient)
        for factor in term.factors:
            base: Any = _sympy_number(factor.bias)
            for column, weight in factor.weights:
                base += _sympy_number(weight) * symbols[column]
            product *= base ** _sympy_number(factor.power)
        total += product
    return _sympy_number(formula.scale) * total


def _sympy_number(number: Number) -> Any:
    import sympy

    if number.is_free:
        return sympy.Float(number.value)
    share = sympy.Rational(number.numerator, number.denominator)
    if number.kind == "pi":
        return share * sympy.pi**number.power
    return share * sympy.E**number.power if number.kind == "e" else share
