"""The functions that expressions are made of, and what they are in C++: on a vector, and on a scalar.

A new row is all that code generation needs to know of a function; `operations` says which ATen operation it stands for.
"""

from __future__ import annotations

from typing import NamedTuple


class Function(NamedTuple):
    """C++ with `{0}`, `{1}`, ... for the arguments; truth values are masks in vectors and `bool` as scalars."""

    vector: str
    scalar: str


def _method(name: str) -> Function:
    return Function(f"{{0}}.{name}()", f"std::{name}({{0}})")


def _infix(operator: str) -> Function:
    return Function(f"({{0}} {operator} {{1}})", f"({{0}} {operator} {{1}})")


COMPARISONS = {"eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">="}

# functions of one number that ATen, PyTorch's vectors and the C++ library call by the same name
ELEMENTARY = (
    *("abs", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "erf", "erfc"),
    *("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh"),
    *("floor", "ceil", "trunc"),
)

FUNCTIONS: dict[str, Function] = {
    **{name: _method(name) for name in ELEMENTARY},
    **{name: _infix(operator) for name, operator in COMPARISONS.items()},
    **{name: _infix(operator) for name, operator in {"add": "+", "sub": "-", "mul": "*", "div": "/"}.items()},
    "neg": Function("{0}.neg()", "(-{0})"),
    "round": Function("{0}.round()", "std::nearbyint({0})"),
    "reciprocal": Function("{0}.reciprocal()", "(1.0f / {0})"),
    "rsqrt": Function("{0}.rsqrt()", "(1.0f / std::sqrt({0}))"),
    "sign": Function("sign({0})", "sign({0})"),
    "sigmoid": Function("(ONE / (ONE + {0}.neg().exp()))", "(1.0f / (1.0f + std::exp(-{0})))"),
    "minimum": Function("at::vec::minimum({0}, {1})", "smaller({0}, {1})"),
    "maximum": Function("at::vec::maximum({0}, {1})", "larger({0}, {1})"),
    "pow": Function("{0}.pow({1})", "std::pow({0}, {1})"),
    "atan2": Function("{0}.atan2({1})", "std::atan2({0}, {1})"),
    "hypot": Function("{0}.hypot({1})", "std::hypot({0}, {1})"),
    "copysign": Function("{0}.copysign({1})", "std::copysign({0}, {1})"),
    "fmod": Function("{0}.fmod({1})", "std::fmod({0}, {1})"),
    "and": Function("({0} & {1})", "({0} && {1})"),
    "or": Function("({0} | {1})", "({0} || {1})"),
    "not": Function("V::blendv(TRUE, ZERO, {0})", "(!{0})"),
    "where": Function("V::blendv({2}, {1}, {0})", "({0} ? {1} : {2})"),
    # a truth value as a number
    "float": Function("V::blendv(ZERO, ONE, {0})", "({0} ? 1.0f : 0.0f)"),
}
