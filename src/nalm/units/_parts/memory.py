"""Values that a unit's forward pass keeps for its penalties."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from nalm.functional import HALF


class Memory:
    """Sums over all forward passes since the last `clear`; a copy of it starts empty.

    Copies, pickles and state dictionaries of a module do not carry it: it belongs to one training step.
    """

    def __init__(self) -> None:
        self._sum: Tensor | None = None
        self._count = 0

    def add(self, value: Tensor) -> None:
        """Add a value to the sum."""
        self._sum = value if self._sum is None else self._sum + value
        self._count += 1

    def add_rows(self, x: Tensor) -> None:
        """Add every row of `x`, `[..., features]`."""
        rows = x.reshape(-1, x.shape[-1])
        rows = rows.float() if rows.dtype in HALF else rows
        if rows.shape[0]:
            self.add(rows.sum(0))
            self._count += rows.shape[0] - 1

    def sum(self) -> Tensor | None:
        """Return the sum, or None when nothing has been added."""
        return self._sum

    def mean(self) -> Tensor | None:
        """Return the mean, or None when nothing has been added."""
        return None if self._sum is None else self._sum / self._count

    def clear(self) -> None:
        """Forget everything."""
        self._sum = None
        self._count = 0

    def __deepcopy__(self, memo: dict[int, Any]) -> Memory:
        return Memory()

    def __reduce__(self) -> tuple[type[Memory], tuple[()]]:
        return Memory, ()
