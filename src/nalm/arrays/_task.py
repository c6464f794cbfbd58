"""A user's own rows as a task of the stacked trainer."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from nalm.streams import Family, FastStream

# rows that are looked at while a network is trained; errors of the result are of all rows
_MOST_WATCHED = 1024


@dataclass(frozen=True, eq=False)
class ArrayTask:
    """Learn the targets of some rows from their inputs.

    Attributes:
        x: Inputs of the rows that are trained on, float32 `[rows, inputs]`.
        y: Their targets, float32 `[rows, outputs]`.
        held_out_x: Inputs of the other rows, as `x`.
        held_out_y: Their targets.
        chance: How often each row is drawn, relative to the others, float64 `[rows]`; None for rows in turn. In whole
            batches it is how much each row counts.
        whole: Whether every batch is all rows.
    """

    x: np.ndarray
    y: np.ndarray
    held_out_x: np.ndarray
    held_out_y: np.ndarray
    chance: np.ndarray | None = None
    whole: bool = False
    digest: str = field(init=False)

    kind: ClassVar[str] = "arrays"
    trainer: ClassVar[str] = "stacked"
    operation: ClassVar[str] = "arrays"
    is_plain: ClassVar[bool] = False
    interpolation_range: ClassVar[None] = None
    extrapolation_range: ClassVar[None] = None

    def __post_init__(self) -> None:
        parts = (self.x, self.y, self.held_out_x, self.held_out_y, *(() if self.chance is None else (self.chance,)))
        content = hashlib.sha256(repr([(part.shape, part.dtype.str) for part in parts] + [self.whole]).encode())
        for part in parts:
            content.update(np.ascontiguousarray(part).data)
        object.__setattr__(self, "digest", content.hexdigest())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ArrayTask) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @property
    def in_features(self) -> int:
        """Inputs of the network."""
        return int(self.x.shape[1])

    @property
    def out_features(self) -> int:
        """Outputs of the network."""
        return int(self.y.shape[1])

    @property
    def target_features(self) -> int:
        """Numbers of a row behind its inputs: a target of each output, and its weight in whole batches."""
        return self.out_features + self._weighs

    @property
    def _weighs(self) -> bool:
        return self.whole and self.chance is not None

    @property
    def input_size(self) -> int:
        """The same as `in_features`."""
        return self.in_features

    def watched(self, part: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows that are looked at while a network is trained: as many of all as are a power of two.

        Kernels are compiled for a number of rows; so there are few of these numbers.

        Args:
            part: "validation" for held-out rows, or those trained on where there are none; "test" for the latter.
        """
        held_out = part == "validation" and len(self.held_out_x) > 0
        x, y = (self.held_out_x, self.held_out_y) if held_out else (self.x, self.y)
        count = min(_MOST_WATCHED, 1 << (len(x).bit_length() - 1))
        return x[:count], y[:count]

    def stream_key(self, seed: int, streams: Family) -> Hashable:
        """Return what tells the batches that runs read apart: all seeds read the same whole rows."""
        return "arrays", self.digest, None if self.whole else seed

    def evaluation_key(self, seed: int, streams: Family) -> Hashable:
        """Return what tells evaluation sets apart; no seed does."""
        return self.digest

    def open_stream(self, seed: int, streams: Family, batch_size: int) -> BatchStream:
        """Return the rows of the batches of `seed`, from the first on."""
        return BatchStream(self, seed, batch_size)

    def write_batches(self, raw: np.ndarray, seed: int, streams: Family, out: np.ndarray) -> None:
        """Write inputs, targets, weights of the rows `raw` `[steps, batch]` into `[steps, features, batch]`."""
        last = self.in_features + self.out_features
        out[:, : self.in_features] = self.x[raw].swapaxes(1, 2)
        out[:, self.in_features : last] = self.y[raw].swapaxes(1, 2)
        if self._weighs:
            assert self.chance is not None
            out[:, last] = (self.chance / self.chance.mean())[raw]

    def evaluation_set(self, part: str, seed: int, streams: Family, samples: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the watched rows of a part, of which there are `samples` or more; all of them count the same."""
        x, y = self.watched(part)
        weights = np.ones((samples, self.target_features - self.out_features), dtype=np.float32)
        return x[:samples], np.hstack([y[:samples], weights])


class BatchStream:
    """Which rows form each batch: all of them in a new order before any comes again, or by chance."""

    def __init__(self, task: ArrayTask, seed: int, batch_size: int) -> None:
        self._task, self._batch = task, batch_size
        self._random = FastStream(seed, "rows")
        self._next = np.empty(0, dtype=np.int64)
        self._bounds: Any = None if task.chance is None else np.cumsum(task.chance / task.chance.sum())

    def draw(self, steps: int) -> np.ndarray:
        """Return the rows of the next batches, int64 `[steps, batch]`."""
        if self._task.whole:
            return np.broadcast_to(np.arange(len(self._task.x)), (steps, self._batch))
        if self._bounds is not None:
            places = np.searchsorted(self._bounds, self._random.random((steps, self._batch)), side="right")
            return np.minimum(places, len(self._bounds) - 1)
        needed = steps * self._batch
        parts, there = [self._next], len(self._next)
        while there < needed:
            parts.append(self._random.permutation(len(self._task.x)))
            there += len(parts[-1])
        rows = np.concatenate(parts)
        self._next = rows[needed:]
        return rows[:needed].reshape(steps, self._batch)
