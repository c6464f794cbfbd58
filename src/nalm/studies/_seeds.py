"""Seeds: `A:B` stands for A, A + 1, …, B - 1."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from operator import index
from typing import Any

_RANGE = re.compile(r"\s*(\d+)\s*:\s*(\d+)\s*")
_FORM = "give A:B for the seeds A to B - 1, such as 0:25"
_LIMIT = 2**32
_DIGITS = 20
MOST_RUNS = 10_000_000


def parse_seeds(value: Any) -> tuple[int, ...]:
    """Read seeds from `"A:B"` or a list of different whole numbers.

    Raises:
        ValueError: neither of these, an empty range, or a seed outside 0 to 2**32 - 1.
    """
    seeds = _from_text(value) if isinstance(value, str) else _from_list(value)
    if not seeds:
        raise ValueError(f"no seeds; {_FORM}")
    outside = [seed for seed in (seeds[0], seeds[-1], min(seeds), max(seeds)) if not 0 <= seed < _LIMIT]
    if outside:
        raise ValueError(f"seed {outside[0]} must lie in 0 to {_LIMIT - 1}")
    return tuple(seeds)


def _from_text(text: str) -> Sequence[int]:
    match = _RANGE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no range of seeds; {_FORM}")
    if max(map(len, match.groups())) > _DIGITS:
        raise ValueError(f"{text[:20]!r}…: seeds must lie in 0 to {_LIMIT - 1}")
    first, end = map(int, match.groups())
    if first >= end:
        raise ValueError(f"{text!r} holds no seed: {first} must be less than {end}; {_FORM}")
    if end > _LIMIT:
        raise ValueError(f"seed {end - 1} must lie in 0 to {_LIMIT - 1}")
    if end - first > MOST_RUNS:
        raise ValueError(f"{text!r} holds {end - first:,} seeds; a study has at most {MOST_RUNS:,} runs")
    return range(first, end)


def _from_list(value: Any) -> Sequence[int]:
    if not isinstance(value, Iterable):
        raise ValueError(f"{value!r} is no range of seeds; {_FORM}")
    seeds = [_whole(seed) for seed in (sorted(value) if isinstance(value, (set, frozenset)) else value)]
    if len(set(seeds)) < len(seeds):
        seen: set[int] = set()
        twice = next(seed for seed in seeds if seed in seen or seen.add(seed))  # type: ignore[func-returns-value]
        raise ValueError(f"seed {twice} is given twice")
    return seeds


def _whole(seed: Any) -> int:
    """Return a seed that may be any integer, NumPy's too."""
    try:
        if not isinstance(seed, bool):
            return index(seed)
    except TypeError:
        pass
    raise ValueError(f"seed {seed!r} is not a whole number")


def seeds_text(seeds: Sequence[int]) -> str | list[int]:
    """Write seeds as `"A:B"` where they follow each other, else as a list."""
    first, count = seeds[0], len(seeds)
    return f"{first}:{first + count}" if list(seeds) == list(range(first, first + count)) else list(seeds)
