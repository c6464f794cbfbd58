"""Random numbers of a run: every one comes from a stream named by (seed, purpose).

Two families. `paper` is bit for bit the original code's: legacy NumPy `RandomState` for data, PyTorch's
MT19937 for weights and then noise. `fast` is counter-based: Philox keyed by a hash of seed and purpose. Draws
made in one call equal the same draws made in several, bit for bit.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

Family = Literal["paper", "fast"]
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Words = NDArray[np.uint64]


class DataStream(Protocol):
    """What tasks draw their data from."""

    def random(self, shape: tuple[int, ...]) -> Floats:
        """Uniform on [0, 1) with 53 random bits."""

    def integers(self, low: int, high: int, shape: tuple[int, ...]) -> Integers:
        """Uniform on {low, …, high - 1}."""

    def exponential(self, shape: tuple[int, ...]) -> Floats:
        """Exponential with scale 1."""

    def permutation(self, count: int) -> Integers:
        """Return a random order of 0, …, count - 1."""


def paper_uniforms(state: np.random.RandomState, shape: tuple[int, ...]) -> Floats:
    """Return the next uniforms on [0, 1) of a legacy stream, two 32-bit outputs each, filled row by row."""
    return state.random_sample(shape)


class PaperStream:
    """A legacy NumPy stream, `RandomState(seed)`."""

    def __init__(self, seed: int) -> None:
        self._state = np.random.RandomState(seed)

    def random(self, shape: tuple[int, ...]) -> Floats:
        """Uniform on [0, 1) with 53 random bits."""
        return paper_uniforms(self._state, shape)

    def integers(self, low: int, high: int, shape: tuple[int, ...]) -> Integers:
        """Uniform on {low, …, high - 1}; a range of one value consumes nothing, others 32-bit outputs."""
        return np.asarray(self._state.randint(low, high, shape, dtype=np.int64))

    def exponential(self, shape: tuple[int, ...]) -> Floats:
        """Exponential with scale 1."""
        return np.asarray(self._state.standard_exponential(shape))

    def integers_below(self, highs: Integers) -> Integers:
        """Uniform on {0, …, high - 1} for each element of `highs`, drawn row by row."""
        return np.asarray(self._state.randint(0, highs, dtype=np.int64))

    def permutation(self, count: int) -> Integers:
        """Return a random order of 0, …, count - 1 (Fisher-Yates from the end, as the legacy `shuffle`)."""
        return np.asarray(self._state.permutation(count), dtype=np.int64)


class FastStream:
    """A Philox stream keyed by `seed` and `purpose`; different purposes of one seed are independent."""

    def __init__(self, seed: int, purpose: str) -> None:
        self._generator = np.random.Generator(np.random.Philox(key=derived_key(seed, purpose, 16)))

    def random(self, shape: tuple[int, ...]) -> Floats:
        """Uniform on [0, 1) with 53 random bits."""
        return self._generator.random(shape)

    def integers(self, low: int, high: int, shape: tuple[int, ...]) -> Integers:
        """Uniform on {low, …, high - 1}."""
        return self._generator.integers(low, high, shape, dtype=np.int64)

    def exponential(self, shape: tuple[int, ...]) -> Floats:
        """Exponential with scale 1."""
        # by inversion: the ziggurat's number of draws varies, which would tie the values to the chunking
        values: Floats = self._generator.random(shape)
        np.negative(values, out=values)
        np.log1p(values, out=values)
        return np.negative(values, out=values)

    def integers_below(self, highs: Integers) -> Integers:
        """Uniform on {0, …, high - 1} for each element of `highs`, drawn row by row."""
        return self._generator.integers(0, highs, dtype=np.int64)

    def permutation(self, count: int) -> Integers:
        """Return a random order of 0, …, count - 1."""
        return self._generator.permutation(count)


def derived_key(seed: int, purpose: str, size: int = 8) -> int:
    """Return an integer of `size` bytes that names the stream (seed, purpose); the same on every machine."""
    digest = hashlib.blake2b(f"{seed}/{purpose}".encode(), digest_size=size).digest()
    return int.from_bytes(digest, "little")


def weight_generator(seed: int, family: Family, device: Any = "cpu") -> torch.Generator:
    """Return the generator of a run's initial weights and, continuing from there, of its noise.

    Under `paper` the weights are to be drawn twice (the original's constructor and its reset), the second
    draw counts; under `fast` once. The caller does the drawing.
    """
    import torch

    generator = torch.Generator(device)
    # manual_seed takes 64 bits with a sign; half of them keep the seed in range on every device
    return generator.manual_seed(seed if family == "paper" else derived_key(seed, "weights", 4))


_PHILOX_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_PHILOX_KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
_WORD = 2**32 - 1


def philox(counters: tuple[Words, Words, Words, Words], key: tuple[int, int]) -> tuple[Words, Words, Words, Words]:
    """Return Philox4x32-10 of each counter: four 32-bit numbers, in arrays of 64-bit ones.

    Salmon, Moraes, Dror & Shaw (2011), Parallel random numbers: as easy as 1, 2, 3, section 3.2.
    """
    a, b, c, d = counters
    for round_ in range(10):
        first, second = a * np.uint64(_PHILOX_MULTIPLIERS[0]), c * np.uint64(_PHILOX_MULTIPLIERS[1])
        keys = (np.uint64(k + round_ * step & _WORD) for k, step in zip(key, _PHILOX_KEY_STEPS, strict=True))
        a, b, c, d = (
            (second >> np.uint64(32)) ^ b ^ next(keys),
            second & np.uint64(_WORD),
            (first >> np.uint64(32)) ^ d ^ next(keys),
            first & np.uint64(_WORD),
        )
    return a, b, c, d


def philox_key(seed: int) -> int:
    """Return the key of the training data of a seed under `fast`, 64 bits."""
    return derived_key(seed, "uniform training data")


def fast_uniforms(key: int, first: int, shape: tuple[int, int, int]) -> NDArray[np.float32]:
    """Return uniforms on [0, 1) with 24 random bits of the steps from `first` on, `[steps, inputs, batch]`.

    Step k draws from the counters (b, k mod 2^32, k div 2^32, 0); of B counters, output w of counter b is number
    w B + b.
    """
    steps, inputs, batch = shape
    blocks = -(inputs * batch // -4)
    step = np.arange(first, first + steps, dtype=np.uint64)[:, None]
    block = np.arange(blocks, dtype=np.uint64)[None]
    rest = np.zeros((steps, blocks), dtype=np.uint64)
    counters = (rest + block, rest + (step & np.uint64(_WORD)), rest + (step >> np.uint64(32)), rest)
    words = np.concatenate(philox(counters, (key & _WORD, key >> 32)), axis=1)[:, : inputs * batch]
    uniforms = (words >> np.uint64(8)).astype(np.float32) * np.float32(2.0**-24)
    return uniforms.reshape(shape)
