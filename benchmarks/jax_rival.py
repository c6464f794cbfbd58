"""What somebody would write in JAX: `vmap` over runs, `scan` over steps, Adam by hand, data from JAX's own generator.

Evaluation, penalties' ramps and records are left out; all runs share the uniforms of a step, as the trainer's do. Needs
jax (`pip install 'nalm[bench]'`).
"""

from __future__ import annotations

import time

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

ROWS = 128
LEARNING_RATE, BETA1, BETA2, EPSILON = 1e-3, 0.9, 0.999, 1e-8


def _nmu(weights: jax.Array, x: jax.Array) -> jax.Array:
    return jnp.prod(weights * x + 1 - weights, axis=-1)


def _nau_nmu(weights: jax.Array, x: jax.Array) -> jax.Array:
    nau, nmu = weights[:-2].reshape(2, -1), weights[-2:]
    return _nmu(nmu, x @ nau.T)


def _targets(x: jax.Array) -> jax.Array:
    if x.shape[-1] == 2:
        return x[:, 0] * x[:, 1]
    return x[:, :25].sum(-1) * x[:, 12:37].sum(-1)


def us_per_iteration(inputs: int, bounds: np.ndarray, steps: int) -> float:
    """Microseconds per model-iteration of NMU (two inputs) or NAU-NMU on the ranges `bounds` `[runs, 2]`."""
    predict = _nmu if inputs == 2 else _nau_nmu
    runs, count = len(bounds), 2 if inputs == 2 else 2 * inputs + 2
    low, width = jnp.asarray(bounds[:, 0], jnp.float32), jnp.asarray(bounds[:, 1] - bounds[:, 0], jnp.float32)

    def loss(weights: jax.Array, low: jax.Array, width: jax.Array, u: jax.Array) -> jax.Array:
        x = u * width + low
        return jnp.mean((predict(weights, x) - _targets(x)) ** 2)

    gradients = jax.vmap(jax.grad(loss), in_axes=(0, 0, 0, None))

    def step(carry: tuple[jax.Array, ...], k: jax.Array) -> tuple[tuple[jax.Array, ...], None]:
        weights, mean, square, key = carry
        key, own = jax.random.split(key)
        g = gradients(weights, low, width, jax.random.uniform(own, (ROWS, inputs)))
        mean = BETA1 * mean + (1 - BETA1) * g
        square = BETA2 * square + (1 - BETA2) * g * g
        corrected = mean / (1 - BETA1 ** (k + 1)), square / (1 - BETA2 ** (k + 1))
        weights = weights - LEARNING_RATE * corrected[0] / (jnp.sqrt(corrected[1]) + EPSILON)
        return (jnp.clip(weights, 0.0 if inputs == 2 else -1.0, 1.0), mean, square, key), None

    @jax.jit
    def train(weights: jax.Array, key: jax.Array) -> jax.Array:
        zeros = jnp.zeros_like(weights)
        (weights, *_), _ = lax.scan(step, (weights, zeros, zeros, key), jnp.arange(steps, dtype=jnp.float32))
        return weights

    begun, key = jnp.full((runs, count), 0.4 if inputs == 2 else 0.1), jax.random.key(0)
    train(begun, key).block_until_ready()
    best = np.inf
    for _ in range(2):
        start = time.perf_counter()
        train(begun, key).block_until_ready()
        best = min(best, time.perf_counter() - start)
    return best / steps / runs * 1e6
