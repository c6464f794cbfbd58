"""Units by name, and modules of the user's own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from nalm._lines import guarded
from nalm.errors import InputError, did_you_mean
from nalm.units._catalogue.load import load_factory
from nalm.units._catalogue.table import UNITS, UnitInfo

if TYPE_CHECKING:
    from torch import nn


def _key(name: str) -> str:
    """Fold what spellings of one name differ in: case, hyphens, spaces, underscores."""
    return name.casefold().translate(str.maketrans("", "", "-_ "))


_GIVEN = {
    "in_features": "it follows from the task and hidden_size",
    "out_features": "it follows from the task and hidden_size",
    "device": "give nalm run --device",
    "dtype": "networks are trained in float32",
}

_BY_KEY = {_key(spelling): info for info in UNITS for spelling in (info.name, info.title, *info.aliases)}


def names() -> tuple[str, ...]:
    """Return the names of all units, in the order of the table."""
    return tuple(info.name for info in UNITS)


def resolve(name: str) -> UnitInfo:
    """Return the entry of a unit by its name, title or alias; case, spaces, `-` and `_` do not matter.

    Raises:
        InputError: no unit is called so.
    """
    try:
        return _BY_KEY[_key(name)]
    except KeyError:
        raise InputError(f"unknown unit {name!r}{did_you_mean(name.lower(), names())} (nalm units lists all)") from None


def create(name: str, in_features: int, out_features: int, **arguments: Any) -> nn.Module:
    """Build a unit, or a module class of the user's own.

    Args:
        name: A registered name, or `package.module:Class` (a class or the `functools.partial` of one), which is
            called as `Class(in_features, out_features, **arguments)` and may lie in the current folder.
        in_features: Number of inputs.
        out_features: Number of outputs.
        **arguments: Constructor arguments, over those of the registered unit.

    Raises:
        InputError: there is no such unit, module or class, or it refuses the arguments.
    """
    if ":" in name:
        factory = load_factory(name)
        checked_arguments(name, factory, arguments)
        with guarded(name):
            return factory(in_features, out_features, **arguments)
    info = resolve(name)
    given = {**info.arguments, **arguments}
    return info.cls(in_features, out_features, **checked_arguments(name, info.cls, given))


def check_arguments(name: str, arguments: Mapping[str, Any]) -> None:
    """Check that a study sets no argument that follows from the place of a layer in its network, or from the command.

    Raises:
        InputError: it does.
    """
    for argument in arguments:
        if argument in _GIVEN:
            raise InputError(f"unit {name!r}: argument {argument!r} is not a study's to give: {_GIVEN[argument]}")


def checked_arguments(name: str, factory: Callable[..., nn.Module], arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return `arguments` if `factory` takes them besides two sizes.

    Raises:
        InputError: it does not; the message names the argument and those that it takes.
    """
    signature = inspect.signature(factory)
    try:
        signature.bind(1, 1, **arguments)
    except TypeError as error:
        known = list(signature.parameters)[2:]
        for argument in arguments:
            if argument not in signature.parameters:
                hint = did_you_mean(argument, known) or f"; it takes {', '.join(known) or 'none'}"
                raise InputError(f"unit {name!r} has no argument {argument!r}{hint}") from None
        raise InputError(f"{name}: cannot be called with (in_features, out_features): {error}") from None
    return arguments
