"""Where restarts of a product of sums begin."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

_LOW, _HIGH = -0.5, 1.0
"""Weights drawn from here have a sum that is far from zero, as sums of inputs of one sign have."""
_SHAKE = 0.3


def draw(
    x: np.ndarray, y: np.ndarray, powers: Sequence[int], count: int, share: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return start weights `[count, factors, inputs]`: drawn ones and, for two or more factors, spectral ones.

    Every other start is spectral: its first factors are made of the leading eigenvectors of the matrix of the
    pairs' correlations with the target, shaken; on inputs around zero nothing else tells which products of
    sums are near. For a quotient the first start solves y (c x) = a x, which is exact without noise.

    Args:
        x: `[rows, inputs]`.
        y: `[rows]`.
        powers: of the sums, each 1 or -1.
        count: how many starts.
        share: how much each row counts, `[rows]`.
        rng: draws them.
    """
    factors = len(powers)
    size = np.sqrt((x**2).mean(0))
    size = np.where(size > 0, size, 1.0)
    weights = rng.uniform(_LOW, _HIGH, (count, factors, x.shape[1])) / size
    if factors >= 2:
        spread = np.sqrt(((x - x.mean(0)) ** 2).mean(0))
        usable = spread > 1e-9 * size
        pairs = _leading_pairs((x - x.mean(0))[:, usable] / spread[usable], y - y.mean())
        for place in range(1, count, 2):
            pair = pairs[(place // 2) % len(pairs)]
            shake = _SHAKE * rng.standard_normal(pair.shape) / math.sqrt(pair.shape[1])
            weights[place, :2] = 0
            weights[place][:2, usable] = (pair + shake * np.linalg.norm(pair[0])) / spread[usable]
    if sorted(powers) == [-1, 1]:
        weights[0, np.argsort(powers)[::-1]] = _quotient(x / size, y, share) / size
    return weights


def _quotient(x: np.ndarray, y: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return `[2, inputs]`: numerator a and denominator c of unit length that make a x - y (c x) least."""
    spread = float(np.sqrt(((share * y) ** 2).mean()))
    joined = np.column_stack([x, -x * (y / spread)[:, None]]) * share[:, None]
    least = np.linalg.svd(joined, full_matrices=False)[2][-1].reshape(2, -1)
    return np.stack([least[0] * spread, least[1]])


def _leading_pairs(columns: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    """Return pairs of sums whose product has the leading eigenvectors of the pairs' correlations."""
    values, vectors = np.linalg.eigh(columns.T @ (columns * y[:, None]) / len(y))
    roots = vectors * np.sqrt(np.abs(values))
    top, bottom = roots[:, -1], roots[:, 0]
    if len(values) == 1:
        return [np.stack([top, top])]
    pairs = [np.stack([top + bottom, top - bottom])]
    lone, other = (top, roots[:, -2]) if values[-1] > -values[0] else (bottom, roots[:, 1])
    return [*pairs, np.stack([lone, lone + 0.3 * other])]
