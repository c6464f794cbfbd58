"""Checks of a user's own rows, and which of them are held out."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from nalm.errors import InputError
from nalm.streams import FastStream

_LARGEST = float(np.finfo(np.float32).max)

Pair = tuple[np.ndarray, np.ndarray]


class Rows(NamedTuple):
    """Rows to train on, and others.

    Args:
        training: Inputs `[rows, inputs]` and targets `[rows, outputs]`, float32.
        held_out: The same of the others.
        weights: How much each row counts, of those trained on and of the others.
        chance: How often each row is drawn, float64; None where all count the same.
    """

    training: Pair
    held_out: Pair
    weights: Pair
    chance: np.ndarray | None


def rows_of(x: Any, y: Any, held_out: Any, row_weights: Any) -> Rows:
    """Check and split rows.

    Raises:
        InputError: shapes that do not fit, numbers that are not finite in float32, or nothing to train on.
    """
    inputs, targets = _array(x, "x"), _array(y, "y")
    if inputs.ndim != 2 or not inputs.shape[1]:
        raise InputError(f"x: give [rows, inputs], got the shape {list(inputs.shape)}")
    targets = targets[:, None] if targets.ndim == 1 else targets
    if targets.ndim != 2 or len(targets) != len(inputs) or not targets.shape[1]:
        raise InputError(
            f"y: give [rows] or [rows, outputs] for the {len(inputs)} rows of x, got the shape {list(np.shape(y))}"
        )
    if not len(inputs):
        raise InputError("x: there are no rows")
    weights = np.ones(len(inputs)) if row_weights is None else _weights(row_weights, len(inputs))
    apart = _held_out(held_out, len(inputs))
    if apart.all() or not weights[~apart].any():
        raise InputError("held_out: no row is left to train on")
    return Rows(
        (inputs[~apart], targets[~apart]),
        (inputs[apart], targets[apart]),
        (weights[~apart], weights[apart] if weights[apart].any() else np.ones(int(apart.sum()))),
        None if row_weights is None else weights[~apart],
    )


def _array(values: Any, name: str) -> np.ndarray:
    try:
        found = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name}: give numbers ({error})") from None
    wrong = np.argwhere(~(np.abs(found) <= _LARGEST))
    if len(wrong):
        place = ", ".join(map(str, wrong[0]))
        raise InputError(f"{name}[{place}]: {found[tuple(wrong[0])]} is not finite in float32")
    return found.astype(np.float32)


def _weights(values: Any, rows: int) -> np.ndarray:
    found = np.asarray(values, dtype=np.float64)
    if found.shape != (rows,) or not np.isfinite(found).all() or (found < 0).any() or not found.any():
        raise InputError(f"row_weights: give {rows} numbers of at least 0, not all of them 0")
    return found


def _held_out(held_out: Any, rows: int) -> np.ndarray:
    """Return which rows are held out, bool `[rows]`."""
    given = np.asarray(held_out)
    if given.ndim == 0 and given.dtype.kind in "fiu":
        if not 0 <= given < 1:
            raise InputError(f"held_out: give a share from 0 to below 1, a mask or row numbers, got {held_out!r}")
        order = FastStream(0, "held out").permutation(rows)
        apart = np.zeros(rows, dtype=bool)
        apart[order[: round(float(given) * rows)]] = True
        return apart
    if given.dtype == bool and given.shape == (rows,):
        return given
    if given.ndim == 1 and given.dtype.kind in "iu" and (not len(given) or 0 <= given.min() <= given.max() < rows):
        apart = np.zeros(rows, dtype=bool)
        apart[given] = True
        return apart
    raise InputError(f"held_out: give a share, a mask of {rows} rows or row numbers below {rows}")
