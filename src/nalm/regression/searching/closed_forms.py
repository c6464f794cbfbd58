"""Sums and products that are solved, not searched: least squares, least squares on logarithms, linear programs."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

import numpy as np
from scipy.linalg import qr, solve_triangular

from nalm.regression.algebra.formula import Factor, Formula, Term
from nalm.regression.algebra.numbers import ONE, ZERO, Number, rational
from nalm.regression.searching.budget import never
from nalm.regression.searching.dictionary import Letters, none_chosen, widen
from nalm.regression.searching.pruning import ROUNDING, product_of_sums, threshold

_MOST_STEPS = 8
"""Inputs of a product that are chosen one after the other where there are too few rows to solve for all."""
SUM_POWERS = (Fraction(-1), Fraction(1, 2), Fraction(2), Fraction(-1, 2), Fraction(-2), Fraction(3))
_MOST_PROGRAMS = 120
_MOST_PROGRAM = 40_000
"""Linear programs with more coefficients than this take too long."""
_WHOLE = 1e-6
_LEAST = float(np.finfo(np.float64).tiny)


def sums(x: np.ndarray, y: np.ndarray, rng: np.random.Generator, over: Callable[[], bool] = never) -> Iterator[Formula]:
    """Yield sums of inputs that may explain `y`: least squares, or with too few rows weights in {-1, 0, 1}.

    `over` says whether time is up, so that no more whole weights are to be tried.
    """
    rows, inputs = x.shape
    if rows > inputs + 2:
        columns = independent(x)
        kept = needed(x[:, columns], y, np.ones(rows), inputs)
        yield linear(x, y, [columns[place] for place in kept])
        return
    for low in (0, -1) if rows * inputs <= _MOST_PROGRAM else ():
        weights = whole_weights(x, y, low, rng, over)
        if weights is not None:
            yield linear(x, y, [int(column) for column in np.flatnonzero(weights)])
            return
    yield linear(x, y, _chosen(x, y))


def powers_of_sums(x: np.ndarray, y: np.ndarray) -> Iterator[Formula]:
    """Yield powers of sums of inputs that may explain `y`: least squares on its roots, squares and reciprocals."""
    columns = independent(x)
    if len(y) <= len(columns) + 2 or (y == 0).any():
        return
    for power in SUM_POWERS:
        if (power.numerator % 2 == 0 or power.denominator % 2 == 0) and (y < 0).any():
            continue
        root = np.sign(y) * np.abs(y) ** float(1 / power)
        weight = np.abs(y / root)  # makes errors of the root errors of y
        kept = [columns[place] for place in needed(x[:, columns], root, weight / weight.max(), x.shape[1])]
        if kept:
            weights = least_squares(x[:, kept], root, weight)
            yield product_of_sums(weights[None], (power,), kept, x)


def _chosen(x: np.ndarray, y: np.ndarray) -> list[int]:
    """Return inputs chosen one after the other as long as the extended Bayesian information criterion falls."""
    letters = Letters.of(x - x.mean(0), range(x.shape[1]), (Fraction(1),))
    best, beam = none_chosen(y), [none_chosen(y)]
    lowest = len(y) * math.log(best.squares)
    for size in range(1, min(len(y) // 2, x.shape[1])):
        beam = widen(beam, letters, 1, 1)
        if not beam or beam[0].squares <= 0:
            break
        criterion = len(y) * math.log(beam[0].squares) + size * threshold(len(y), x.shape[1])
        if criterion >= lowest:
            break
        best, lowest = beam[0], criterion
    return sorted(int(letters.inputs[letter]) for (letter,) in best.monomials)


def linear(x: np.ndarray, y: np.ndarray, columns: Sequence[int]) -> Formula:
    """Return the least-squares sum of some columns and a constant."""
    solution = least_squares(x[:, list(columns)], y, np.ones(len(y)))
    terms = [
        Term(Number(float(value)), (Factor(((column, ONE),)),))
        for column, value in zip(columns, solution[:-1], strict=True)
    ]
    return Formula((*terms, Term(Number(float(solution[-1])), ())))


def least_squares(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the weights of the columns of `x`, then the constant, of the weighted least-squares sum."""
    design = np.column_stack([x, np.ones(len(x))]) * weight[:, None]
    size = np.sqrt((design**2).mean(0))
    return np.asarray(np.linalg.lstsq(design / size, y * weight, rcond=None)[0] / size)


def needed(columns: np.ndarray, y: np.ndarray, weight: np.ndarray, inputs: int) -> list[int]:
    """Return which columns a least-squares sum cannot do without.

    Columns are taken out of the sum of all, worst first and as many at once as the rows allow.

    Args:
        columns: `[rows, columns]`, independent of each other and of a constant.
        y: `[rows]`.
        weight: how much each row counts, `[rows]`.
        inputs: how many inputs the columns were chosen from.
    """
    kept, least, target = list(range(columns.shape[1])), threshold(len(y), inputs), y * weight
    squares = np.inf
    dropped: list[int] = []
    count = len(kept)
    while True:
        design = np.column_stack([columns[:, kept], np.ones(len(y))]) * weight[:, None]
        size = np.sqrt((design**2).mean(0))
        basis, triangle = np.linalg.qr(design / size)
        along = basis.T @ target
        residual = target - basis @ along
        now = max(float(residual @ residual), ROUNDING**2 * float(target @ target))
        if now > squares * math.exp(len(dropped) * least / len(y)):
            kept, count = sorted([*kept, *dropped]), len(dropped) // 2
            if not count:
                return kept
        else:
            squares = now
            inverse = solve_triangular(triangle, np.eye(len(triangle)))
            deviation = math.sqrt(now / max(1, len(y) - len(triangle))) or _LEAST
            sizes = np.abs(inverse @ along)[:-1] / (np.sqrt((inverse**2).sum(1))[:-1] * deviation)
            order = [kept[place] for place in np.argsort(sizes, kind="stable") if sizes[place] ** 2 < least]
        dropped = order[:count]
        if not dropped:
            return kept
        kept = [column for column in kept if column not in dropped]


def independent(x: np.ndarray) -> list[int]:
    """Return columns that are linearly independent of each other and of a constant, in order."""
    centred = x - x.mean(0)
    size = np.sqrt((centred**2).sum(0))
    centred = np.where(size > 0, centred / np.where(size > 0, size, 1.0), 0.0)
    triangle, order = qr(centred, mode="r", pivoting=True)
    pivots = np.abs(np.diag(triangle))
    return sorted(int(order[place]) for place in np.flatnonzero(pivots > 1e-9))


def whole_weights(
    x: np.ndarray, y: np.ndarray, low: int, rng: np.random.Generator, over: Callable[[], bool] = never
) -> np.ndarray | None:
    """Return weights in {low, …, 1} with X w = y exactly; None where none are found.

    Weights are first allowed anywhere in [low, 1]. The concave penalty w (1 - w) of the NAU pulls them to the
    corners, linearised anew at each solution until it no longer changes, from several starts: with fewer rows
    than inputs this finds sums that the least sum of |w| misses.

    Args:
        x: `[rows, inputs]`.
        y: `[rows]`.
        low: 0 or -1.
        rng: draws the starts.
        over: whether time is up.
    """
    from scipy.optimize import linprog  # takes a while to import

    size = np.abs(x).max(1, keepdims=True)
    design, target = (np.hstack([x, -x] if low < 0 else [x]) / size), y / size[:, 0]
    count, programs = design.shape[1], 0
    costs = np.ones(count)
    while programs < _MOST_PROGRAMS:
        last = np.inf
        while programs < _MOST_PROGRAMS:
            if over():
                return None
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = linprog(costs, A_eq=design, b_eq=target, bounds=(0, 1), method="highs-ds")
            programs += 1
            if found.x is None:
                return None
            distance = float(np.minimum(found.x, 1 - found.x).sum())
            if distance < _WHOLE:
                whole: np.ndarray = np.round(found.x)
                return whole[: x.shape[1]] - whole[x.shape[1] :] if low < 0 else whole
            if distance > last - _WHOLE:
                break
            last, costs = distance, 1.1 - 2 * found.x
        costs = rng.uniform(0, 1, count)
    return None


def products(x: np.ndarray, y: np.ndarray) -> Iterator[Formula]:
    """Yield products of powers of inputs that may explain `y`, from least squares on logarithms.

    Rows count by |y|, which makes noise that is added to `y` equally large in all of them. Inputs of both
    signs have whole powers.
    """
    rows = y != 0
    columns = [column for column in range(x.shape[1]) if (x[rows, column] != 0).all()]
    if not columns or rows.sum() < 4:
        return
    logs, target, weight = np.log(np.abs(x[np.ix_(rows, columns)])), np.log(np.abs(y[rows])), np.abs(y[rows])
    weight = weight / weight.max()
    varying = [place for place in independent(logs * weight[:, None]) if np.ptp(logs[:, place]) > 0]
    logs, columns = logs[:, varying], [columns[place] for place in varying]
    if rows.sum() > len(columns) + 2:
        kept = needed(logs, target, weight, x.shape[1])
        yield from _powers(x, y, [columns[place] for place in kept], logs[:, kept], target, weight)
    for chosen in _stepwise(logs, target, weight):
        yield from _powers(x, y, [columns[place] for place in chosen], logs[:, chosen], target, weight)


def _stepwise(logs: np.ndarray, target: np.ndarray, weight: np.ndarray) -> Iterator[list[int]]:
    """Yield the best one, two, three, … inputs."""
    shift = (weight**2 @ logs) / (weight**2).sum()
    values = (logs - shift) * weight[:, None]
    letters = Letters(values, np.arange(values.shape[1]), (Fraction(1),) * values.shape[1])
    middle = (weight**2 @ target) / (weight**2).sum()
    beam = [none_chosen((target - middle) * weight)]
    for _ in range(min(_MOST_STEPS, values.shape[1], len(target) // 3)):
        beam = widen(beam, letters, 1, 3)
        if not beam:
            return
        yield sorted(letter for (letter,) in beam[0].monomials)


def _powers(
    x: np.ndarray, y: np.ndarray, columns: Sequence[int], logs: np.ndarray, target: np.ndarray, weight: np.ndarray
) -> Iterator[Formula]:
    powers = least_squares(logs, target, weight)[:-1]
    factors = []
    for column, power in zip(columns, powers, strict=True):
        if (x[:, column] > 0).all():
            factors.append(Factor(((column, ONE),), ZERO, Number(float(power))))
        elif round(power):
            factors.append(Factor(((column, ONE),), ZERO, rational(round(power))))
    product = Formula((Term(ONE, tuple(factors)),), ONE)(x)
    if factors and np.isfinite(product).all() and product @ product > 0:
        yield Formula((Term(ONE, tuple(factors)),), Number(float(product @ y / (product @ product))))
