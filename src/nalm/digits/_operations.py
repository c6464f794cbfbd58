"""The operations of digit tasks: a table, so that none is taken for another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from nalm.errors import InputError


@dataclass(frozen=True)
class DigitOperation:
    """One operation on digits.

    Attributes:
        neutral: What changes nothing: the state before the first digit.
        of_labels: Of labels `[..., labels]`, to `[..., 1]`.
        running: Of integers `[..., length]`, after each of them.
        step: Of state and label.
    """

    neutral: float
    of_labels: Callable[[Tensor], Tensor]
    running: Callable[[NDArray[np.int64]], NDArray[Any]]
    step: Callable[[Tensor, Tensor], Tensor]


_OPERATIONS = {
    "mul": DigitOperation(
        1.0, lambda z: z.prod(-1, keepdim=True), lambda a: np.cumprod(a, axis=-1), lambda h, x: h * x
    ),
    "add": DigitOperation(0.0, lambda z: z.sum(-1, keepdim=True), lambda a: np.cumsum(a, axis=-1), lambda h, x: h + x),
}


def digit_operation(name: str) -> DigitOperation:
    """Return the operation called `name`.

    Raises:
        InputError: digit tasks have no such operation.
    """
    if name not in _OPERATIONS:
        raise InputError(f"operation {name!r}: digit tasks have {', '.join(map(repr, _OPERATIONS))}")
    return _OPERATIONS[name]
