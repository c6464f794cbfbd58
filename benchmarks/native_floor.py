"""The floor of `engine.py`: NMU, sNMU and NAU-NMU trained by a straight loop that numba compiles, nothing else.

Data come from NumPy's MT19937 inside the loop, once per step for all nine ranges, as the trainer shares them. NAU-NMU
has 100 inputs, targets as in the arithmetic dataset task, and no penalties.
"""

from __future__ import annotations

from collections.abc import Callable

import numba
import numpy as np

ROWS = 128
LEARNING_RATE, BETA1, BETA2, EPSILON = np.float32(1e-3), np.float32(0.9), np.float32(0.999), np.float32(1e-8)


@numba.njit(fastmath=True)
def _gradient(w0, w1, x0, x1, t):  # type: ignore[no-untyped-def]
    g0 = g1 = np.float32(0)
    for row in range(ROWS):
        a = w0 * x0[row] + np.float32(1) - w0
        b = w1 * x1[row] + np.float32(1) - w1
        d = np.float32(2 / ROWS) * (a * b - t[row])
        g0 += d * b * (x0[row] - np.float32(1))
        g1 += d * a * (x1[row] - np.float32(1))
    return g0, g1


@numba.njit(fastmath=True)
def _stochastic_gradient(w0, w1, x0, x1, t, n0, n1):  # type: ignore[no-untyped-def]
    g0 = g1 = np.float32(0)
    one = np.float32(1)
    for row in range(ROWS):
        y0, y1 = x0[row] * n0[row], x1[row] * n1[row]
        a, b = w0 * y0 + one - w0, w1 * y1 + one - w1
        c, e = w0 * n0[row] + one - w0, w1 * n1[row] + one - w1
        z = a * b / (c * e)
        d = np.float32(2 / ROWS) * (z - t[row])
        g0 += d * ((y0 - one) * b / (c * e) - z * (n0[row] - one) / c)
        g1 += d * ((y1 - one) * a / (c * e) - z * (n1[row] - one) / e)
    return g0, g1


@numba.njit(fastmath=True)
def _adam(w, g, m, v, step_size, root):  # type: ignore[no-untyped-def]
    m = m + (np.float32(1) - BETA1) * (g - m)
    v = BETA2 * v + (np.float32(1) - BETA2) * g * g
    w = w - step_size * m / (np.sqrt(v) / root + EPSILON)
    return min(max(w, np.float32(0)), np.float32(1)), m, v


def kernel(stochastic: bool) -> Callable[[np.ndarray, np.ndarray, int, int], None]:
    """A function that trains `weights` `[ranges, 2]` for `steps` steps on the ranges `bounds` `[ranges, 2]`."""

    @numba.njit(fastmath=True)
    def train(weights, bounds, steps, seed):  # type: ignore[no-untyped-def]
        np.random.seed(seed)
        ranges = len(weights)
        m = np.zeros((ranges, 2), dtype=np.float32)
        v = np.zeros((ranges, 2), dtype=np.float32)
        u = np.empty((2, ROWS))
        n = np.empty((2, ROWS), dtype=np.float32)
        x0 = np.empty(ROWS, dtype=np.float32)
        x1 = np.empty(ROWS, dtype=np.float32)
        t = np.empty(ROWS, dtype=np.float32)
        for step in range(steps):
            for row in range(ROWS):
                u[0, row], u[1, row] = np.random.random(), np.random.random()
            if stochastic:
                for row in range(ROWS):
                    n[0, row] = 1 + 4 * np.random.random()
                    n[1, row] = 1 + 4 * np.random.random()
            step_size = np.float32(LEARNING_RATE / (1 - 0.9 ** (step + 1)))
            root = np.float32(np.sqrt(1 - 0.999 ** (step + 1)))
            for r in range(ranges):
                low, width = bounds[r, 0], bounds[r, 1] - bounds[r, 0]
                for row in range(ROWS):
                    a, b = low + width * u[0, row], low + width * u[1, row]
                    x0[row], x1[row], t[row] = a, b, a * b
                if stochastic:
                    g0, g1 = _stochastic_gradient(weights[r, 0], weights[r, 1], x0, x1, t, n[0], n[1])
                else:
                    g0, g1 = _gradient(weights[r, 0], weights[r, 1], x0, x1, t)
                weights[r, 0], m[r, 0], v[r, 0] = _adam(weights[r, 0], g0, m[r, 0], v[r, 0], step_size, root)
                weights[r, 1], m[r, 1], v[r, 1] = _adam(weights[r, 1], g1, m[r, 1], v[r, 1], step_size, root)

    return train


@numba.njit(fastmath=True)
def _map_wide(u, low, width, x, t):  # type: ignore[no-untyped-def]
    """Inputs `[inputs, rows]` of one range, and the product of two sums of 25, in float64 and then rounded."""
    inputs = len(u)
    for i in range(inputs):
        for row in range(ROWS):
            x[i, row] = low + width * u[i, row]
    for row in range(ROWS):
        a = b = 0.0
        for i in range(25):
            a += low + width * u[i, row]
            b += low + width * u[i + 12, row]
        t[row] = a * b


@numba.njit(fastmath=True)
def _wide_gradient(weights, x, t, h, slope, gradient):  # type: ignore[no-untyped-def]
    """Gradients of NAU `[2, inputs]` and NMU `[2]`, one after the other in `weights` and `gradient`."""
    inputs, one = len(x), np.float32(1)
    v0, v1 = weights[2 * inputs], weights[2 * inputs + 1]
    for row in range(ROWS):
        h[0, row] = h[1, row] = 0
    for i in range(inputs):
        w0, w1 = weights[i], weights[inputs + i]
        for row in range(ROWS):
            h[0, row] += w0 * x[i, row]
            h[1, row] += w1 * x[i, row]
    g0 = g1 = np.float32(0)
    for row in range(ROWS):
        a, b = v0 * h[0, row] + one - v0, v1 * h[1, row] + one - v1
        d = np.float32(2 / ROWS) * (a * b - t[row])
        g0 += d * b * (h[0, row] - one)
        g1 += d * a * (h[1, row] - one)
        slope[0, row], slope[1, row] = d * b * v0, d * a * v1
    gradient[2 * inputs], gradient[2 * inputs + 1] = g0, g1
    for i in range(inputs):
        s0 = s1 = np.float32(0)
        for row in range(ROWS):
            s0 += slope[0, row] * x[i, row]
            s1 += slope[1, row] * x[i, row]
        gradient[i], gradient[inputs + i] = s0, s1


def wide_kernel(inputs: int = 100) -> Callable[[np.ndarray, np.ndarray, int, int], None]:
    """As `kernel`, for NAU-NMU; `weights` `[ranges, 2 * inputs + 2]`."""

    @numba.njit(fastmath=True)
    def train(weights, bounds, steps, seed):  # type: ignore[no-untyped-def]
        np.random.seed(seed)
        ranges, count = weights.shape
        m, v = np.zeros_like(weights), np.zeros_like(weights)
        u = np.empty((inputs, ROWS))
        x = np.empty((inputs, ROWS), dtype=np.float32)
        t, gradient = np.empty(ROWS, dtype=np.float32), np.empty(count, dtype=np.float32)
        h, slope = np.empty((2, ROWS), dtype=np.float32), np.empty((2, ROWS), dtype=np.float32)
        for step in range(steps):
            for i in range(inputs):
                for row in range(ROWS):
                    u[i, row] = np.random.random()
            step_size = np.float32(LEARNING_RATE / (1 - 0.9 ** (step + 1)))
            root = np.float32(np.sqrt(1 - 0.999 ** (step + 1)))
            for r in range(ranges):
                _map_wide(u, bounds[r, 0], bounds[r, 1] - bounds[r, 0], x, t)
                _wide_gradient(weights[r], x, t, h, slope, gradient)
                for i in range(count):
                    m[r, i] += (np.float32(1) - BETA1) * (gradient[i] - m[r, i])
                    v[r, i] = BETA2 * v[r, i] + (np.float32(1) - BETA2) * gradient[i] * gradient[i]
                    w = weights[r, i] - step_size * m[r, i] / (np.sqrt(v[r, i]) / root + EPSILON)
                    least = np.float32(-1) if i < 2 * inputs else np.float32(0)
                    weights[r, i] = min(max(w, least), np.float32(1))

    return train
