"""Neural arithmetic logic modules as ordinary `torch.nn.Module`s, their registry, and what to do with a tree
of them.

Names are loaded when first used: the registry alone needs no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from nalm.units._registry import UNITS, UnitInfo, create, names, resolve

if TYPE_CHECKING:
    from nalm.units._dense import MLP, Dense
    from nalm.units._inalu import INALU
    from nalm.units._nac import NAC, NACMul
    from nalm.units._nalu import GNALU, NALU
    from nalm.units._nau import NAU
    from nalm.units._nmu import NMU, SNMU
    from nalm.units._npu import NPU, RealNPU
    from nalm.units._tree import (
        drawing_from,
        effective_weights,
        penalties,
        project_,
        reset_parameters,
        sparsity_error,
    )
    from nalm.units._unit import Unit

_TREE = ("drawing_from", "effective_weights", "penalties", "project_", "reset_parameters", "sparsity_error")
_MODULES = {"Unit": "nalm.units._unit"} | dict.fromkeys(_TREE, "nalm.units._tree")
_MODULES |= {
    class_name: f"{__name__}.{module}" for module, class_name in (info.target.split(":") for info in UNITS)
}

__all__ = [
    "GNALU",
    "INALU",
    "MLP",
    "NAC",
    "NALU",
    "NAU",
    "NMU",
    "NPU",
    "SNMU",
    "UNITS",
    "Dense",
    "NACMul",
    "RealNPU",
    "Unit",
    "UnitInfo",
    "create",
    "drawing_from",
    "effective_weights",
    "names",
    "penalties",
    "project_",
    "reset_parameters",
    "resolve",
    "sparsity_error",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
