"""The table of all units: what they are called, what they can express, where they were published.

Adding a unit is one class and one line here. Nothing of torch is imported before a class is asked for.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nalm.errors import InputError, did_you_mean
from nalm.units._load import load_class

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class UnitInfo:
    """One registered unit.

    Args:
        name: Name in studies and on the command line.
        title: Name in the papers and in figures.
        target: `module:Class` in `nalm.units`.
        paper: Citation key, see `nalm.citations`; empty for the dense baselines.
        operations: Operations that one layer can express with ideal weights.
        arguments: Constructor arguments that make the class this unit.
        aliases: Other spellings, of papers and of the original code.
    """

    name: str
    title: str
    target: str
    paper: str
    operations: tuple[str, ...]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()

    @property
    def cls(self) -> type[nn.Module]:
        """The class, imported when asked for."""
        return load_class(f"nalm.units.{self.target}")

    @property
    def year(self) -> int | None:
        """Year of publication."""
        return int(self.paper[-4:]) if self.paper else None


_ADD = ("add", "sub")
_POWERS = ("mul", "div", "root", "reciprocal")
_ALL = (*_ADD, *_POWERS)
_NPU = ("mul", "div", "square", "root", "reciprocal")
_BATCH = {"noise": "batch"}


def _dense(activation: str) -> UnitInfo:
    operations = _ADD if activation == "linear" else ()
    title = {"relu": "ReLU", "relu6": "ReLU6", "elu": "ELU", "selu": "SELU"}.get(activation, activation)
    return UnitInfo(activation, title, "_dense:Dense", "", operations, {"activation": activation})


def _mlp(hidden_size: int) -> UnitInfo:
    name, title = f"relu_{hidden_size}", f"ReLU, {hidden_size} hidden"
    return UnitInfo(name, title, "_dense:MLP", "", (), {"hidden_size": hidden_size})


# fmt: off
UNITS: tuple[UnitInfo, ...] = (
    UnitInfo("nac", "NAC+", "_nac:NAC", "trask2018", _ADD, aliases=("NAC+",)),
    UnitInfo("nac_mul", "NAC•", "_nac:NACMul", "trask2018", _POWERS, aliases=("NAC•", "NAC*", "NACMul")),
    UnitInfo("nalu", "NALU", "_nalu:NALU", "trask2018", _ALL),
    UnitInfo("gnalu", "G-NALU", "_nalu:GNALU", "rana2019", _ALL, aliases=("G-NALU",)),
    UnitInfo("inalu", "iNALU", "_inalu:INALU", "schloer2020", _ALL),
    UnitInfo("nau", "NAU", "_nau:NAU", "madsen2020", _ADD, aliases=("ReRegualizedLinearNAC",)),
    UnitInfo("nmu", "NMU", "_nmu:NMU", "madsen2020", ("mul",), aliases=("ReRegualizedLinearMNAC",)),
    UnitInfo("snmu", "sNMU", "_nmu:SNMU", "mistry2022snmu", ("mul",), aliases=("stochastic NMU",)),
    UnitInfo("snmu_batch", "sNMU (batch)", "_nmu:SNMU", "mistry2022snmu", ("mul",), _BATCH,
             aliases=("batch sNMU", "bsNMU")),
    UnitInfo("npu", "NPU", "_npu:NPU", "heim2020", _NPU),
    UnitInfo("realnpu", "Real NPU", "_npu:RealNPU", "heim2020", _NPU, aliases=("RealNPU", "real-npu")),
    *(_dense(name) for name in ("linear", "relu", "relu6", "tanh", "sigmoid", "softsign", "elu", "selu")),
    _mlp(1),
    _mlp(100),
)
# fmt: on


def _key(name: str) -> str:
    """Fold what spellings of one name differ in: case, hyphens, spaces, underscores."""
    return name.casefold().translate(str.maketrans("", "", "-_ "))


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
        raise InputError(
            f"unknown unit {name!r}{did_you_mean(name.lower(), names())} (nalm units lists all)"
        ) from None


def create(name: str, in_features: int, out_features: int, **arguments: Any) -> nn.Module:
    """Build a unit, or a module class of the user's own.

    Args:
        name: A registered name, or `package.module:Class`, which is called as
            `Class(in_features, out_features, **arguments)` and may lie in the current folder.
        in_features: Number of inputs.
        out_features: Number of outputs.
        **arguments: Constructor arguments, over those of the registered unit.

    Raises:
        InputError: there is no such unit, module or class, or it refuses the arguments.
    """
    if ":" in name:
        cls, fixed = load_class(name), {}
    else:
        info = resolve(name)
        cls, fixed = info.cls, dict(info.arguments)
    given = {**fixed, **arguments}
    _check_arguments(name, cls, given)
    return cls(in_features, out_features, **given)


def _check_arguments(name: str, cls: type[nn.Module], arguments: Mapping[str, Any]) -> None:
    signature = inspect.signature(cls)
    try:
        signature.bind(1, 1, **arguments)
    except TypeError as error:
        known = list(signature.parameters)[2:]
        for argument in arguments:
            if argument not in signature.parameters:
                hint = did_you_mean(argument, known) or f"; it takes {', '.join(known) or 'none'}"
                raise InputError(f"unit {name!r} has no argument {argument!r}{hint}") from None
        raise InputError(f"{name}: cannot be called with (in_features, out_features): {error}") from None
