"""Sampling ranges: one interval, or a mirrored pair of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, TypeGuard

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from nalm.errors import InputError

Interval = tuple[float, float]


@dataclass(frozen=True, init=False)
class Range:
    """One interval `[lower, upper)`, or a pair of equal widths of which each element takes either.

    Written as `[-2,-1]` or `[[-6,-2],[2,6]]`, in studies, on the command line, in records and by `str`.

    Args:
        bounds: two numbers, or two pairs of numbers.

    Raises:
        ValueError: not of this form, a lower bound that is not less than its upper bound, unequal widths.
    """

    intervals: tuple[Interval, ...]

    def __init__(self, bounds: Range | Sequence[float] | Sequence[Sequence[float]]) -> None:
        object.__setattr__(self, "intervals", _intervals(bounds))

    @classmethod
    def parse(cls, text: str) -> Range:
        """Read a range from its text.

        Raises:
            InputError: `text` is no range.
        """
        try:
            return _validated(text)
        except ValueError as error:
            raise InputError(str(error)) from None

    @property
    def is_pair(self) -> bool:
        """Whether there are two intervals."""
        return len(self.intervals) == 2

    @property
    def label(self) -> str:
        """How figures write it: `U[-2,-1)`, or `U[-6,-2) & U[2,6)`."""
        return " & ".join(f"U[{_number(lower)},{_number(upper)})" for lower, upper in self.intervals)

    def __str__(self) -> str:
        texts = [f"[{_number(lower)},{_number(upper)}]" for lower, upper in self.intervals]
        return texts[0] if len(texts) == 1 else f"[{','.join(texts)}]"

    def __repr__(self) -> str:
        return f"Range({self})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            _validated,
            serialization=core_schema.to_string_ser_schema(when_used="always"),
        )


# of a text that is no range
_SHOWN = 60


def _validated(value: Any) -> Range:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise ValueError(_form(value[:_SHOWN])) from None
    return Range(value)


def _form(value: Any) -> str:
    return f"range {value}: give [lower,upper], such as [-2,2], or a pair, such as [[-6,-2],[2,6]]"


def _is_bounds(value: Any) -> TypeGuard[Sequence[float]]:
    return (
        isinstance(value, (list, tuple))
        and len(value) == 2
        and all(isinstance(v, (int, float)) and not isinstance(v, bool) and isfinite(v) for v in value)
    )


def _intervals(value: Any) -> tuple[Interval, ...]:
    if isinstance(value, Range):
        return value.intervals
    if _is_bounds(value):
        return (_interval(value),)
    if not isinstance(value, (list, tuple)) or len(value) != 2 or not all(_is_bounds(v) for v in value):
        raise ValueError(_form(value))
    pair = (_interval(value[0]), _interval(value[1]))
    widths = [upper - lower for lower, upper in pair]
    if abs(widths[0] - widths[1]) > 1e-12 * max(widths):
        first, second = map(_number, widths)
        raise ValueError(f"range {value}: the two intervals must have equal widths, not {first} and {second}")
    return pair


def _interval(value: Sequence[float]) -> Interval:
    # adding zero turns -0.0 into 0.0, so that equal ranges have equal texts
    lower, upper = float(value[0]) + 0.0, float(value[1]) + 0.0
    if lower >= upper:
        low, high = _number(lower), _number(upper)
        raise ValueError(f"range [{low}, {high}]: lower bound {low} must be less than upper bound {high}")
    return lower, upper


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
