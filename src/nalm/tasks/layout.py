"""Which inputs form the operands of an arithmetic task, and where a seed's training data come from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import floor

from nalm.streams import DataStream, Family, FastStream, PaperStream, derived_key

Slice = tuple[int, int]


@dataclass(frozen=True)
class Layout:
    """What a seed decides about a task.

    Attributes:
        slices: first (inclusive) and last (exclusive) input of each operand.
        offset: how far the operands were moved from the start of the inputs.
        training_seed: seed of the stream of the training data.
    """

    slices: tuple[Slice, ...]
    offset: int
    training_seed: int


def operand_slices(
    input_size: int, subset_ratio: float, overlap_ratio: float, subsets: int, simple: bool
) -> tuple[Slice, ...]:
    """Operand slices before they are moved by the offset."""
    if simple:
        return ((0, 4), (0, 2))
    width = floor(subset_ratio * input_size)
    stride = width - floor(overlap_ratio * width)
    return tuple((k * stride, k * stride + width) for k in range(subsets))


@lru_cache(maxsize=4096)
def layout(slices: tuple[Slice, ...], input_size: int, movable: bool, seed: int, streams: Family) -> Layout:
    """Draw the offset, then the seed of the training data, from the parent stream of `seed`."""
    parent: DataStream = PaperStream(seed) if streams == "paper" else FastStream(seed, "layout")
    offset = int(parent.integers(0, input_size - slices[-1][1] + 1, ())) if movable else 0
    training_seed = int(parent.integers(0, 2**32 - 1, ())) if streams == "paper" else derived_key(seed, "training data")
    moved = tuple((start + offset, stop + offset) for start, stop in slices)
    return Layout(moved, offset, training_seed)
