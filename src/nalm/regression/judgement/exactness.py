"""Whether a formula is the law behind a table, or only near it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.special import chdtri

from nalm.regression.algebra.formula import Factor, Formula, Term
from nalm.regression.algebra.numbers import ZERO, Number, bits, free_bits
from nalm.regression.algebra.parameters import standard_errors
from nalm.regression.algebra.writing import number_text
from nalm.regression.judgement.neighbours import equal_neighbour
from nalm.regression.judgement.residuals import left_over

_ROUNDINGS = 100
"""A residual may be this many roundings of the largest number that the formula adds."""
_MOST_RELATIVE = 1e-6
SINGLE = 2.0**-24
"""The relative rounding error of float32."""
_DOUBT = 0.01
"""Share of right formulas whose residuals are taken to hold more than noise."""
_MOST_SCALE_ERROR = 2.5e-4
"""Relative standard error up to which a factor that is no simple number is called exact: four are 1e-3."""
_NUMBER_BITS = 3.0
"""How much simpler than chance each number must be in a noisy table."""
_TERM_BITS = 10.0
"""How much simpler than chance the numbers of each term must be together."""

_BITS_OF_A_NUMBER = 30.0
"""What a row holds whose target is met to rounding, if it has many digits, and what a number takes that data gave."""
_MOST_DECIMALS = 6
_MOST_NEIGHBOUR_ROWS = 2000
_MOST_RESIDUALS = 20_000


class Verdict(NamedTuple):
    """What the rows say of a formula."""

    exact: bool
    reason: str


def judge(formula: Formula, x: np.ndarray, y: np.ndarray, held_out: np.ndarray) -> Verdict:
    """Decide whether `formula` is exact on all rows: to rounding, or up to noise that holds nothing else.

    Args:
        formula: with its numbers recognised as far as they are.
        x: `[rows, inputs]`, all rows.
        y: `[rows]`.
        held_out: which rows the formula was not fitted to, bool `[rows]`.
    """
    residual = y - formula(x)
    if not np.isfinite(residual).all():
        return Verdict(False, "undefined on some rows")
    if not formula.inputs:
        return Verdict(False, "no input takes part")
    noiseless = is_exact_to_rounding(formula, x, y)
    if not noiseless:
        doubt = _doubts(formula, x, y, residual, held_out)
        if doubt:
            return Verdict(False, doubt)
    settings = len(np.unique(x[:, list(formula.inputs)], axis=0))
    if settings <= len(_freed(formula)[1]):
        return Verdict(False, f"its inputs have {settings} different values only, too few to tell its numbers")
    few = np.linspace(0, len(y) - 1, min(len(y), _MOST_NEIGHBOUR_ROWS)).astype(int)
    rival = equal_neighbour(formula, x[few], y[few])
    if rival:
        return Verdict(False, rival)
    if _needed_bits(formula, x.shape[1]) > _bits(y, noiseless=noiseless):
        return Verdict(False, "too few rows of too few values: other formulas meet them by chance")
    if noiseless:
        return Verdict(True, "it meets every row, to rounding")
    share = math.sqrt(float((residual**2).mean()) / float(((y - y.mean()) ** 2).mean()))
    return Verdict(True, f"what is left is noise, {100 * share:.2g} % of the target's standard deviation")


def _bits(y: np.ndarray, *, noiseless: bool) -> float:
    """Return how many bits the target holds that a formula can be right about by chance."""
    share = np.unique(y, return_counts=True)[1] / len(y)
    if noiseless and len(share) == len(y):
        return _digits(y) * len(y)
    return -len(y) * math.log2(float((share**2).sum()))


def _digits(y: np.ndarray) -> float:
    """Return how many bits tell a target from others of as many decimals."""
    for decimals in range(_MOST_DECIMALS):
        scaled = y * 10.0**decimals
        if (np.abs(scaled - np.round(scaled)) <= 1e-9 * np.abs(scaled)).all():
            return min(_BITS_OF_A_NUMBER, math.log2(1 + float(np.ptp(scaled))))
    return _BITS_OF_A_NUMBER


def _needed_bits(formula: Formula, inputs: int) -> float:
    """Return how many bits tell a formula from all others of its size, and a million times as many."""
    return 20 + formula.complexity * math.log2(inputs + 8) + _BITS_OF_A_NUMBER * formula.free


def is_exact_to_rounding(formula: Formula, x: np.ndarray, y: np.ndarray) -> bool:
    """Return whether every row is met to the rounding of its own numbers, and all to 1e-6 of the target's spread."""
    residual = np.abs(y - formula(x))
    if not np.isfinite(residual).all():
        return False
    relative = math.sqrt(float((residual**2).mean())) <= _MOST_RELATIVE * float(y.std())
    allowed = _ROUNDINGS * _precision(x, y) * (np.abs(y) + _magnitude(formula, x))
    return relative and bool((residual <= allowed).all())


def _precision(x: np.ndarray, y: np.ndarray) -> float:
    """Return the relative rounding error of the table's numbers: float32's if all of them are such, else float64's."""
    return SINGLE if is_single(x, y) else 2.0**-53


def is_single(*parts: np.ndarray) -> bool:
    """Return whether numbers are those of float32, and not all whole."""
    with np.errstate(over="ignore"):
        single = all((values == values.astype(np.float32)).all() for values in parts)
    return single and not all((values == np.round(values)).all() for values in parts)


def _magnitude(formula: Formula, x: np.ndarray) -> np.ndarray:
    """Return how strongly relative errors of the inputs are amplified, `[rows]`: large where sums cancel."""
    total = np.zeros(len(x))
    with np.errstate(all="ignore"):
        for term in formula.terms:
            amplified = np.ones(len(x))
            for factor in term.factors:
                parts = np.full(len(x), abs(factor.bias.value))
                for column, weight in factor.weights:
                    parts += np.abs(weight.value * x[:, column])
                amplified += abs(factor.power.value) * parts / np.abs(factor.base(x))
            total += np.abs(term.coefficient.value * term.product(x)) * amplified
    # a base of exactly 0 amplifies without bound, which allows nothing: its row must be met exactly
    return np.nan_to_num(abs(formula.scale.value) * total, nan=0.0, posinf=0.0)


def _doubts(formula: Formula, x: np.ndarray, y: np.ndarray, residual: np.ndarray, held_out: np.ndarray) -> str:
    """Return why the residuals of a noisy table do not allow to call a formula exact; empty where they do."""
    free = formula.free - formula.scale.is_free
    if free:
        return f"{free} of its numbers are known to some digits only"
    rest = residual[~held_out]
    variance = float(rest @ rest) / max(1, len(rest) - 1)
    if held_out.any():
        squares = float(residual[held_out] @ residual[held_out])
        if squares > variance * chdtri(int(held_out.sum()), _DOUBT):
            return "rows that were held out are met worse than the others"
    if formula.scale.is_free:
        known = math.sqrt(variance / float(np.square(formula(x)).sum()))
        if known > _MOST_SCALE_ERROR:
            return f"its factor is known to {100 * known:.1g} % only"
    chance = _chance(formula, x, math.sqrt(variance))
    if chance:
        return chance
    few = np.linspace(0, len(y) - 1, min(len(y), _MOST_RESIDUALS)).astype(int)
    structure = left_over(residual[few], formula, x[few])
    return f"what is left depends on {structure}" if structure else ""


def _chance(formula: Formula, x: np.ndarray, sigma: float) -> str:
    """Return which numbers and powers may be simple by chance, for residuals of deviation `sigma`."""
    freed, written = _freed(formula)
    errors = standard_errors(freed, x)
    if errors is None:
        return "its numbers cannot be told from each other"
    saved: dict[int, float] = dict.fromkeys(range(len(formula.terms)), 0.0)
    for (place, number), error in zip(written, errors * sigma, strict=True):
        if place is not None:
            gain = free_bits(number.value, error) - bits(number)
            if gain < _NUMBER_BITS:
                return f"{number_text(number)} in term {place + 1} may be simple by chance"
            saved[place] += gain
    place = min(saved, key=lambda key: saved[key])
    return f"the numbers of term {place + 1} may be simple by chance" if saved[place] < _TERM_BITS else ""


def _freed(formula: Formula) -> tuple[Formula, list[tuple[int | None, Number]]]:
    """Return the formula with every number free that data could have told, and which term each is of.

    The first weight of each sum stays fixed, and the coefficient of one term if there is a scale.
    """
    written: list[tuple[int | None, Number]] = []
    lone = len(formula.terms) == 1
    if lone or formula.scale.is_free:
        written.append((None, formula.scale))
    terms = []
    reference = 0 if formula.scale.is_free else None
    for place, term in enumerate(formula.terms):
        keep = lone or place == reference
        coefficient = term.coefficient if keep else Number(term.coefficient.value)
        if not keep:
            written.append((place, term.coefficient))
        factors = []
        for factor in term.factors:
            weights = list(factor.weights)
            for index, (column, weight) in enumerate(weights):
                if index:
                    weights[index] = (column, Number(weight.value))
                    written.append((place, weight))
            bias = factor.bias
            if bias != ZERO:
                written.append((place, bias))
                bias = Number(bias.value)
            written.append((place, factor.power))
            factors.append(Factor(tuple(weights), bias, Number(factor.power.value)))
        terms.append(Term(coefficient, tuple(factors)))
    scale = Number(formula.scale.value) if written and written[0][0] is None else formula.scale
    return Formula(tuple(terms), scale), written
