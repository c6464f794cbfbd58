"""Raw random numbers of a seed's training data, shared by every task that reads the same stream."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nalm.streams import DataStream, Floats
from nalm.tasks.distributions import Benford, Exponential, TruncatedNormal, Uniform
from nalm.tasks.ranges import Range

AnyDistribution = Uniform | TruncatedNormal | Exponential | Benford


@dataclass(frozen=True)
class Raw:
    """Raw numbers of some steps; do not modify.

    Attributes:
        parts: arrays `[steps, batch, inputs]`: one for a single interval; for a pair the raw numbers of
            the first, those of the second, and the choice (1 means the first).
    """

    parts: tuple[Floats, ...]

    @cached_property
    def lanes(self) -> tuple[Floats, ...]:
        """The same as one lane per input, `[inputs, steps, batch]`; computed once for all that share it."""
        return tuple(np.ascontiguousarray(part.transpose(2, 0, 1)) for part in self.parts)


class TrainingStream:
    """Draws the raw numbers of batch after batch of `shape` `[batch, inputs]`."""

    def __init__(
        self, stream: DataStream, distribution: AnyDistribution, range_: Range, shape: tuple[int, int]
    ) -> None:
        self._stream = stream
        self._distribution = distribution
        self._range = range_
        self._shape = shape

    def draw(self, steps: int) -> Raw:
        """Draw the next `steps` batches; any chunking gives the same numbers."""
        if not self._range.is_pair and self._distribution.fixed_cost:
            shape = (steps, *self._shape)
            return Raw((self._distribution.draw(self._stream, shape, self._range.intervals[0]),))
        batches = (draw_batch(self._stream, self._distribution, self._range, self._shape) for _ in range(steps))
        return Raw(tuple(np.stack(part) for part in zip(*batches, strict=True)))


def draw_batch(
    stream: DataStream, distribution: AnyDistribution, range_: Range, shape: tuple[int, ...]
) -> tuple[Floats, ...]:
    """Draw one batch: for a pair of intervals all of the first, all of the second, then the choices."""
    parts = [distribution.draw(stream, shape, interval) for interval in range_.intervals]
    if range_.is_pair:
        parts.append(stream.integers(0, 2, shape).astype(np.float64))
    return tuple(parts)


def values(parts: tuple[Floats, ...], distribution: AnyDistribution, range_: Range, extrapolation: bool) -> Floats:
    """Map raw numbers to a new array of inputs of the same shape."""
    arrays = [
        distribution.values(part, interval, extrapolation)
        for part, interval in zip(parts, range_.intervals, strict=False)
    ]
    return np.where(parts[2] == 1, arrays[0], arrays[1]) if range_.is_pair else arrays[0]
