"""Which lowering makes a step run on which device."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from nalm.errors import InputError
from nalm.training.lowerings._base import Lowered
from nalm.training.lowerings.choice import ProgramKey, kept_code, lower

LOWERINGS = {
    "cpu": "nalm.training.lowerings.choice:lower",
}
"""Where the function is that finds what trains a network, by the name of the device up to its first colon."""


def find_lowering(device: str) -> Callable[[ProgramKey], Lowered]:
    """Return the lowering for a device.

    Raises:
        InputError: there is none.
    """
    place = LOWERINGS.get(device.partition(":")[0])
    if place is None:
        raise InputError(f"device {device!r}: runs are trained on {' or '.join(map(repr, LOWERINGS))} in this version")
    module, _, name = place.partition(":")
    found: Callable[[ProgramKey], Lowered] = getattr(import_module(module), name)
    return found


def find_kept(device: str, key: ProgramKey) -> Lowered | None:
    """Return what trains a network of registered units on a device, if it was found before and is kept."""
    return kept_code(key) if find_lowering(device) is lower and not key.sources else None
