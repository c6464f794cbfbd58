"""Levenberg-Marquardt on products of sums, for many starts at once.

Every start takes the steps that it would take alone, bit for bit: no operation mixes starts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

_FIRST_DAMPING = 1e-2
_MOST_DAMPING = 1e9
_FLAT = 1e-6
"""A start whose squares shrink by less than this share in a step has arrived."""
ZERO = 1e-26
"""Squares below this share of the target's are rounding errors."""


@dataclass(frozen=True)
class Whitened:
    """Rows in the coordinates in which steps are taken: uncorrelated columns of equal size.

    Sums over inputs that are far from zero are nearly equal to each other; in these coordinates their
    differences count as much as their common part, which makes the steps long and the basins wide.

    Args:
        rows: `[rows, rank]`.
        back: `[inputs, rank]`; the weights of the inputs are `back @ w`.
    """

    rows: np.ndarray
    back: np.ndarray

    @classmethod
    def of(cls, x: np.ndarray) -> Whitened:
        """Whiten `x`, `[rows, inputs]`; linear dependences between inputs are dropped."""
        left, size, right = np.linalg.svd(x, full_matrices=False)
        kept = size > 1e-9 * size[0]
        root = math.sqrt(len(x))
        return cls(np.ascontiguousarray(left[:, kept]) * root, right[kept].T / size[kept] * root)

    def to_rows(self, weights: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Return weights of inputs, `[..., inputs]`, in these coordinates."""
        return np.asarray(weights @ (x.T @ self.rows) / len(x))


@dataclass
class Descent:
    """Where each start is: weights `[starts, factors, rank]`, squares and damping `[starts]`, whether it goes on."""

    weights: np.ndarray
    squares: np.ndarray
    damping: np.ndarray
    going: np.ndarray

    def part(self, chosen: np.ndarray) -> Descent:
        """Return some of the starts."""
        return Descent(self.weights[chosen], self.squares[chosen], self.damping[chosen], self.going[chosen])


@dataclass(frozen=True)
class Problem:
    """What the starts are to fit.

    Args:
        rows: `[rows, rank]`.
        y: target times `share`, `[rows]`.
        powers: `[factors]`, each 1 or -1.
        share: how much each row's residual counts, `[rows]`.
    """

    rows: np.ndarray
    y: np.ndarray
    powers: np.ndarray
    share: np.ndarray

    @property
    def spread(self) -> float:
        """Squares of a constant's residuals."""
        return float(((self.y - self.share * (self.y @ self.share) / (self.share @ self.share)) ** 2).sum())

    def values(self, weights: np.ndarray) -> np.ndarray:
        """Return what starts make of the rows, `[starts, rows]`."""
        return np.asarray(self.share * _product(_bases(self.rows, weights), self.powers))

    def squares(self, weights: np.ndarray) -> np.ndarray:
        """Return the squared residuals of starts, `[starts]`; infinite where not finite."""
        squares = ((self.y - self.values(weights)) ** 2).sum(1)
        return np.asarray(np.where(np.isfinite(squares), squares, np.inf))


def begin(problem: Problem, weights: np.ndarray) -> Descent:
    """Return starts whose scale is fitted to the target; `weights`, `[starts, factors, rank]`, is not changed."""
    powers = problem.powers
    with np.errstate(all="ignore"):
        values = problem.values(weights)
        scale = np.nan_to_num((values * problem.y).sum(1) / (values**2).sum(1), nan=1.0, posinf=1.0, neginf=1.0)
        scale[scale == 0] = 1.0
        weights = weights * ((np.abs(scale) ** (1 / len(powers)))[:, None] ** powers)[:, :, None]
        weights[:, 0] *= np.sign(scale)[:, None]
        squares = problem.squares(weights)
    return Descent(weights, squares, np.full(len(weights), _FIRST_DAMPING), np.ones(len(weights), dtype=bool))


def descend(problem: Problem, state: Descent) -> None:
    """Take a step from every start that goes on, in place."""
    going = np.flatnonzero(state.going)
    if not len(going):
        return
    proposed, squares = _step(problem, state.weights[going], state.damping[going])
    better = squares < state.squares[going]
    moved, stuck = going[better], going[~better]
    with np.errstate(invalid="ignore"):
        gained = 1 - squares[better] / state.squares[moved]
    state.weights[moved], state.squares[moved] = proposed[better], squares[better]
    state.damping[moved] = np.maximum(state.damping[moved] / 5, 1e-14)
    state.damping[stuck] *= 4
    state.going[moved[(gained < _FLAT) | (squares[better] <= ZERO * problem.spread)]] = False
    state.going[stuck[state.damping[stuck] > _MOST_DAMPING]] = False


def _bases(rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the sums, `[starts, factors, rows]`."""
    # one product a start: in one for all, how a start is rounded would depend on the others
    return np.asarray(np.matmul(weights, rows.T[None]))


def _product(bases: np.ndarray, powers: np.ndarray) -> np.ndarray:
    """Return Π bases ^ powers, `[starts, rows]`."""
    above = _multiplied(bases[:, powers > 0])
    return above / _multiplied(bases[:, powers < 0]) if (powers < 0).any() else above


def _multiplied(bases: np.ndarray) -> np.ndarray:
    total = bases[:, 0].copy() if bases.shape[1] else np.ones((len(bases), bases.shape[2]))
    for place in range(1, bases.shape[1]):
        total *= bases[:, place]
    return total


def _slopes(bases: np.ndarray, powers: np.ndarray) -> np.ndarray:
    """Return the derivatives of the product by the sums, `[starts, factors, rows]`."""
    slopes = np.empty_like(bases)
    for place, power in enumerate(powers):
        rest = np.arange(len(powers)) != place
        slopes[:, place] = _product(bases[:, rest], powers[rest])
        if power < 0:
            slopes[:, place] /= -(bases[:, place] ** 2)
    return slopes


def _step(problem: Problem, weights: np.ndarray, damping: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights after a step of each start, and their squares (infinite where not finite)."""
    starts, factors, rank = weights.shape
    rows, powers = problem.rows, problem.powers
    with np.errstate(all="ignore"):
        bases = _bases(rows, weights)
        residual = problem.y - problem.share * _product(bases, powers)
        slopes = problem.share * _slopes(bases, powers)
        jacobian = (slopes[:, :, None, :] * rows.T).reshape(starts, factors * rank, len(residual[0]))
        normal = np.matmul(jacobian, jacobian.transpose(0, 2, 1))
        gradient = np.matmul(jacobian, residual[:, :, None])
        diagonal = normal.reshape(starts, -1)[:, :: factors * rank + 1]
        diagonal += (damping * diagonal.mean(1))[:, None]
        usable = np.isfinite(normal).all((1, 2)) & (normal[:, 0, 0] > 0)
        normal[~usable] = np.eye(factors * rank)
        gradient[~usable] = 0
        proposed = weights + np.linalg.solve(normal, gradient).reshape(weights.shape)
        squares = problem.squares(proposed)
    squares[~usable] = np.inf
    return proposed, squares
