"""Which inputs a target may depend on, ranked by what correlates with it."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from nalm.regression.searching.closed_forms import independent, linear

_MOST_TRIPLE_COST = 1.5e9
_FAR = 10.0
"""Distance from the median, in median distances, at which values are drawn in."""


def importance(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return for each input the strongest correlation that it takes part in, `[inputs]`.

    Correlations with the target, with its logarithm, and of products of two and three inputs with what a sum
    of inputs leaves of it; each divided by what the largest of as many would be by chance, so that about 1
    means nothing. Values far out are drawn in first, as a few would outweigh all others.
    """
    y = _drawn_in(y)
    score: np.ndarray = _scaled(_correlations(_standard(x), y), x.shape[1])
    if (y != 0).all() and (x > 0).all():
        score = np.maximum(score, _scaled(_correlations(_standard(np.log(x)), np.log(np.abs(y))), x.shape[1]))
    columns = _standard(x)
    residual = y - y.mean()
    if len(y) > x.shape[1] + 5:
        residual = y - linear(x, y, independent(x))(x)
        score = np.maximum(score, _scaled(_partial(x, y, residual), x.shape[1]))
    spread = math.sqrt(float(residual @ residual))
    if spread <= 1e-9 * math.sqrt(float(y @ y)):
        return score
    residual = residual / spread
    score = np.maximum(score, _scaled(_pairs(columns, residual).max(0), x.shape[1] ** 2 / 2))
    if x.shape[1] ** 3 * len(y) <= _MOST_TRIPLE_COST:
        score = np.maximum(score, _scaled(_triples(columns, residual), x.shape[1] ** 3 / 6))
    return score


def _drawn_in(y: np.ndarray) -> np.ndarray:
    """Return the target with values far out brought nearer to its median."""
    middle = np.median(y)
    typical = float(np.median(np.abs(y - middle)))
    return np.asarray(np.clip(y, middle - _FAR * typical, middle + _FAR * typical)) if typical > 0 else y


def supports(score: np.ndarray) -> Iterator[list[int]]:
    """Yield sets of inputs to search among, small ones first: the best 4, 8, 16, 32 and those beyond chance.

    Inputs without any correlation, constant ones, are in none.
    """
    order = np.argsort(-score, kind="stable")
    order = order[score[order] > 0]
    beyond = int((score > 1.2).sum())
    for size in sorted({4, 8, 16, 32, beyond}):
        if 0 < size < len(score) and len(order):
            yield sorted(int(column) for column in order[:size])


def _standard(x: np.ndarray) -> np.ndarray:
    """Return columns of mean 0 and mean square 1; constant ones become 0."""
    centred = x - x.mean(0)
    size = np.sqrt((centred**2).mean(0))
    return np.asarray(np.where(size > 0, centred / np.where(size > 0, size, 1.0), 0.0))


def _scaled(correlation: np.ndarray, count: float) -> np.ndarray:
    return np.asarray(np.abs(correlation) / math.sqrt(2 * math.log(max(2.0, count))))


def _correlations(columns: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return correlations in units of their standard error."""
    centred = y - y.mean()
    size = math.sqrt(float(centred @ centred))
    return columns.T @ centred / size if size > 0 else np.zeros(columns.shape[1])


def _partial(x: np.ndarray, y: np.ndarray, residual: np.ndarray) -> np.ndarray:
    """Return t statistics of the least-squares sum; 0 for inputs that depend on others."""
    columns = independent(x)
    design = np.column_stack([x[:, columns] - x[:, columns].mean(0), np.ones(len(x))])
    size = np.sqrt((design**2).mean(0))
    triangle = np.linalg.qr(design / size, mode="r")
    errors = np.sqrt((np.linalg.inv(triangle) ** 2).sum(1)) / size
    solution = np.linalg.lstsq(design / size, y, rcond=None)[0] / size
    deviation = math.sqrt(max(float(residual @ residual), 1e-24 * float(y @ y)) / max(1, len(y) - design.shape[1]))
    scores = np.zeros(x.shape[1])
    scores[columns] = np.minimum((solution / (errors * deviation))[:-1], 1e6)
    return scores


def _pairs(columns: np.ndarray, residual: np.ndarray) -> np.ndarray:
    """Return the absolute correlations of products of two inputs (not squares) with `residual`."""
    found = np.abs(columns.T @ (columns * residual[:, None]))
    np.fill_diagonal(found, 0)
    return np.asarray(found)


def _triples(columns: np.ndarray, residual: np.ndarray) -> np.ndarray:
    """Return for each input its largest correlation in a product of three."""
    best = np.zeros(columns.shape[1])
    for first in range(columns.shape[1]):
        found = _pairs(columns, residual * columns[:, first])
        found[first] = found[:, first] = 0
        best[first] = found.max()
    return best
