"""The formulas that a search has found, how good each is, and which is the best."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nalm.regression.algebra.formula import Formula, constant
from nalm.regression.algebra.numbers import Number
from nalm.regression.algebra.parameters import fit
from nalm.regression.searching.pruning import prune, rms, rounding
from nalm.regression.searching.rounding import Rounded, round_numbers, with_digits

_ROUNDING = 1e-9
"""Errors below this share of the target are equal."""
_BITS_PER_NODE = 2.0
_RESAMPLES = 400
_FAR = 2.0
"""A state with more than this times the best error is not worth polishing."""

_NOTHING = 0.98
"""A state with more than this share of the target's spread left explains nothing."""


@dataclass(frozen=True)
class Rows:
    """The table, divided into rows that formulas are fitted to and rows that they are judged by."""

    x: np.ndarray
    y: np.ndarray
    held_out: np.ndarray

    @property
    def fit_x(self) -> np.ndarray:
        """Inputs of the rows to fit to."""
        return np.asarray(self.x[~self.held_out])

    @property
    def fit_y(self) -> np.ndarray:
        """Targets of the rows to fit to."""
        return np.asarray(self.y[~self.held_out])


@dataclass(frozen=True)
class Candidate:
    """A formula that was found.

    Args:
        formula: with its numbers recognised.
        form: the units that it is made of.
        agreement: share of the restarts of its form that ended at this error, 1 for what is solved directly.
        error: root of the mean squared error on the rows it was fitted to, as a share of the target's spread.
        held_out_error: the same on the other rows.
        squared: squared error of each row held out.
        length: description length of formula and errors, in bits.
    """

    formula: Formula
    form: str
    agreement: float
    error: float
    held_out_error: float
    squared: np.ndarray
    length: float

    @property
    def complexity(self) -> int:
        """Nodes of the formula."""
        return self.formula.complexity


def polish_work(rows: int, numbers: int) -> float:
    """Return the nominal seconds that polishing a proposal of so many free numbers takes."""
    return 5e-3 + 4e-4 * numbers + rows * numbers**2 / 7e7


class Pool:
    """All candidates, each formula once.

    Args:
        rows: the table.
        over: whether time is up, so that what is being polished is taken as it is.
    """

    def __init__(self, rows: Rows, over: Callable[[], bool]) -> None:
        self.rows, self.over = rows, over
        self.candidates: dict[Formula, Candidate] = {}
        self.spread = float(rows.y.std()) or 1.0
        self.add(constant(Number(float(rows.fit_y.mean()))), "constant", 1.0)

    def add(self, formula: Formula, form: str, agreement: float) -> Candidate | None:
        """Polish a proposal on the rows to fit to and keep it; None where it cannot be fitted."""
        x, y = self.rows.fit_x, self.rows.fit_y
        pruned = prune(formula, x, y, self.over)
        if pruned is None or not pruned.formula.terms:
            return None
        found = self._candidate(round_numbers(pruned, x, y, self.over), form, agreement)
        if found is None:
            return None
        known = self.candidates.get(found.formula)
        if known is None or known.agreement < agreement:
            self.candidates[found.formula] = found
        return found

    @property
    def best(self) -> Candidate:
        """The best so far, see `choose`."""
        return choose(list(self.candidates.values()))

    def is_worth(self, formula: Formula) -> bool:
        """Return whether a formula may become one of the good candidates once it is polished."""
        x, y = self.rows.x[self.rows.held_out], self.rows.y[self.rows.held_out]
        error = rms(formula(x) - y) / self.spread
        least = min(candidate.held_out_error for candidate in self.candidates.values())
        return error <= min(_NOTHING, _FAR * max(least, _ROUNDING))

    def _candidate(self, rounded: Rounded, form: str, agreement: float) -> Candidate | None:
        formula, rows = rounded.fit.formula, self.rows
        residual = rows.y - formula(rows.x)
        if not np.isfinite(residual).all():
            return None
        squared = residual[rows.held_out] ** 2
        inside = residual[~rows.held_out]
        error = math.sqrt(float((inside**2).mean()))
        inputs = sum(len(factor.weights) for factor in formula.factors())
        written = rounded.bits + _BITS_PER_NODE * formula.complexity + inputs * math.log2(rows.x.shape[1] + 1)
        floor = max(_ROUNDING * max(self.spread, 1e-3 * rms(rows.y)), rounding(rows.y))
        length = len(inside) * math.log2(max(error, floor)) + written
        held_out = math.sqrt(float(squared.mean())) / self.spread if len(squared) else math.nan
        return Candidate(formula, form, agreement, error / self.spread, held_out, squared, length)


def choose(candidates: Sequence[Candidate], rows: np.ndarray | None = None) -> Candidate:
    """Return the shortest description among the candidates that do as well on the rows held out as the best one.

    As well means: the difference of squared errors is one that the best of as many candidates has by chance.
    `rows` are the rows held out to judge by, all by default.
    """
    squared = np.stack([candidate.squared for candidate in candidates])
    if rows is not None:
        squared = squared[:, rows]
    floor = (_ROUNDING * max(1e-300, float(np.sqrt(squared.mean(1)).max()))) ** 2
    squared = np.maximum(squared, floor)
    leader = int(np.argmin(squared.mean(1)))
    difference = squared - squared[leader]
    error = difference.std(1) / math.sqrt(squared.shape[1])
    chance = math.sqrt(2 * math.log(len(candidates) + 1))
    admitted = np.flatnonzero(difference.mean(1) <= chance * error)
    return min((candidates[int(place)] for place in admitted), key=lambda one: (one.length, one.complexity))


def confidence(candidates: Sequence[Candidate], chosen: Candidate, rng: np.random.Generator) -> float:
    """Return the share of resamples of the held-out rows in which the same candidate is chosen."""
    count = len(chosen.squared)
    draws = (rng.integers(0, count, count) for _ in range(_RESAMPLES))
    return sum(choose(candidates, rows) is chosen for rows in draws) / _RESAMPLES


def refitted(candidate: Candidate, rows: Rows) -> Candidate:
    """Return the candidate with its free numbers fitted to all rows."""
    again = fit(candidate.formula, rows.x, rows.y)
    if again is None:
        return candidate
    return replace(candidate, formula=with_digits(again, rows.x, rows.y).formula)
