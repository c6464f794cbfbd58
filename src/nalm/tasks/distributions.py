"""Distributions of the inputs, split into what is drawn (shared between ranges) and a map to values."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable
from math import log10
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from nalm.streams import DataStream, Floats
from nalm.tasks.ranges import Interval, Range


class AbstractDistribution(BaseModel, ABC):
    """A distribution; `values(draw(...))` of any shape are its samples.

    Attributes:
        fixed_cost: each value takes the same number of random bits, so that a draw of many steps equals
            step-wise draws.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    fixed_cost: ClassVar[bool] = True

    @abstractmethod
    def raw_key(self, range_: Range) -> Hashable:
        """Distributions and ranges with equal keys read the same raw numbers."""

    @abstractmethod
    def draw(self, stream: DataStream, shape: tuple[int, ...], interval: Interval) -> Floats:
        """Draw raw numbers in row-major order."""

    @abstractmethod
    def values(self, raw: Floats, interval: Interval, extrapolation: bool) -> Floats:
        """Map raw numbers, of any shape, to a new array of samples."""


class Uniform(AbstractDistribution):
    """Uniform on the range."""

    family: Literal["uniform"] = "uniform"

    def raw_key(self, range_: Range) -> Hashable:
        """All ranges share the same uniforms."""
        return "uniform"

    def draw(self, stream: DataStream, shape: tuple[int, ...], interval: Interval) -> Floats:
        """Draw uniforms on [0, 1)."""
        return stream.random(shape)

    def values(self, raw: Floats, interval: Interval, extrapolation: bool) -> Floats:
        """`lower + (upper - lower) u`, in the order of the legacy `uniform`."""
        lower, upper = interval
        values = np.multiply(raw, upper - lower)
        return np.add(values, lower, out=values)


class TruncatedNormal(AbstractDistribution):
    """Normal, cut to the range; the test set has its own mean and standard deviation."""

    family: Literal["truncated-normal"] = "truncated-normal"
    mean: float
    standard_deviation: float = Field(gt=0)
    extrapolation_mean: float
    extrapolation_standard_deviation: float = Field(gt=0)

    def raw_key(self, range_: Range) -> Hashable:
        """Drawn by inversion of the uniform distribution's numbers."""
        return "uniform"

    def draw(self, stream: DataStream, shape: tuple[int, ...], interval: Interval) -> Floats:
        """Draw uniforms on [0, 1)."""
        return stream.random(shape)

    def values(self, raw: Floats, interval: Interval, extrapolation: bool) -> Floats:
        """Quantiles of the truncated normal; the last bits are SciPy's and may change with its version."""
        from scipy.stats import truncnorm

        mean = self.extrapolation_mean if extrapolation else self.mean
        sd = self.extrapolation_standard_deviation if extrapolation else self.standard_deviation
        lower, upper = ((bound - mean) / sd for bound in interval)
        values: Floats = truncnorm.ppf(raw, lower, upper)
        return values * sd + mean


class Exponential(AbstractDistribution):
    """Exponential; the range is ignored."""

    family: Literal["exponential"] = "exponential"
    scale: float = Field(gt=0)

    def raw_key(self, range_: Range) -> Hashable:
        """All scales share their draws."""
        return "exponential"

    def draw(self, stream: DataStream, shape: tuple[int, ...], interval: Interval) -> Floats:
        """Draw exponentials of scale 1."""
        return stream.exponential(shape)

    def values(self, raw: Floats, interval: Interval, extrapolation: bool) -> Floats:
        """Scale."""
        return raw * self.scale


# P(first digit = d) for d = 0, …, 9, rounded to three decimals as the original has it
_BENFORD = np.array([0, 0.301, 0.176, 0.125, 0.097, 0.079, 0.067, 0.058, 0.051, 0.046])


class Benford(AbstractDistribution):
    """Positive integers whose first digit follows Benford's law; [10,100] gives two digits."""

    family: Literal["benford"] = "benford"

    # the digits after the first are drawn by rejection
    fixed_cost: ClassVar[bool] = False

    def raw_key(self, range_: Range) -> Hashable:
        """The range decides how often a draw is rejected."""
        return ("benford", str(range_))

    def draw(self, stream: DataStream, shape: tuple[int, ...], interval: Interval) -> Floats:
        """Draw first digits, then all other digits as one integer."""
        cumulative = _BENFORD.cumsum()
        cumulative /= cumulative[-1]
        first = cumulative.searchsorted(stream.random(shape), side="right")
        lower, upper = self.rest(interval)
        rest = stream.integers(lower, upper, shape)
        digits = np.ones_like(rest)
        for exponent in range(1, int(log10(max(upper, 1))) + 1):
            digits += rest >= 10**exponent
        return (first * 10**digits + rest).astype(np.float64)

    def values(self, raw: Floats, interval: Interval, extrapolation: bool) -> Floats:
        """The raw numbers are the values."""
        return raw.copy()

    @staticmethod
    def rest(interval: Interval) -> tuple[int, int]:
        """Bounds of the digits after the first."""
        return int(0.1 * interval[0]), int(0.1 * interval[1])


def _named(value: Any) -> Any:
    return {"family": value} if isinstance(value, str) else value


Distribution = Annotated[
    Annotated[Uniform | TruncatedNormal | Exponential | Benford, Field(discriminator="family")],
    BeforeValidator(_named),
]
