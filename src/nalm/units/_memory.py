"""Values that a unit's forward pass keeps for its penalties."""

from __future__ import annotations

from typing import Any

from torch import Tensor


class InputMemory:
    """Sum and number of the rows seen since the last `clear`; a copy of it starts empty.

    Copies, pickles and state dictionaries of a module do not carry it: it belongs to one training step.
    """

    def __init__(self) -> None:
        self._sum: Tensor | None = None
        self._rows = 0

    def add(self, x: Tensor) -> None:
        """Remember the rows of `x`, `[..., features]`."""
        rows = x.reshape(-1, x.shape[-1])
        total = rows.sum(0)
        self._sum = total if self._sum is None else self._sum + total
        self._rows += rows.shape[0]

    def mean(self) -> Tensor | None:
        """Return the mean row, `[features]`, or None when no row has been seen."""
        return None if self._sum is None or self._rows == 0 else self._sum / self._rows

    def clear(self) -> None:
        """Forget everything."""
        self._sum = None
        self._rows = 0

    def __deepcopy__(self, memo: dict[int, Any]) -> InputMemory:
        return InputMemory()

    def __reduce__(self) -> tuple[type[InputMemory], tuple[()]]:
        return InputMemory, ()
