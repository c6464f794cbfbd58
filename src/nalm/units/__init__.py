"""Neural arithmetic logic modules as `torch.nn.Module`s, their registry, and helpers for a tree of them.

A unit in an ordinary training loop, with its penalty and its projection:

    >>> import torch
    >>> from nalm import units
    >>> unit = units.NMU(2, 1)
    >>> optimizer = torch.optim.Adam(unit.parameters(), lr=0.01)
    >>> for step in range(1000):
    ...     x = torch.rand(64, 2) * 3 - 1
    ...     loss = (unit(x) - x.prod(-1, keepdim=True)).square().mean()
    ...     loss = loss + min(step / 500, 1) * unit.penalties()["sparsity"]
    ...     optimizer.zero_grad()
    ...     loss.backward()
    ...     optimizer.step()
    ...     unit.project_()
    >>> unit(torch.tensor([[-30.0, 7.0]])).item()
    -210.0

Names are loaded when first used: the registry alone needs no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from nalm.units._registry import create, names, resolve
from nalm.units._sources import source_hash
from nalm.units._table import UNITS, Capability, UnitInfo

if TYPE_CHECKING:
    from nalm.units._cells import (
        Cell,
        FrameworkCell,
        NACCell,
        NALUCell,
        NAUCell,
        NMUCell,
        SNMUCell,
        UnitCell,
        create_cell,
    )
    from nalm.units._dense import MLP, Dense
    from nalm.units._draws import drawing_from
    from nalm.units._inalu import INALU
    from nalm.units._masks import SigmoidNAU
    from nalm.units._mcfc import MCFC, MulMCFC
    from nalm.units._nac import NAC, NACNMU, NACMul, NACSigma
    from nalm.units._nalu import GNALU, NALU
    from nalm.units._nau import NAU, MultiWeightNAU, PosNAU
    from nalm.units._nmru import NMRU, GatedSignNMRU, SignNMRU
    from nalm.units._nmu import NMU, SNMU, SigmoidNMU
    from nalm.units._nnu import NNU
    from nalm.units._npu import NPU, RealNPU
    from nalm.units._nru import NRU
    from nalm.units._tree import (
        effective_weights,
        learn_,
        penalties,
        project_,
        reset_parameters,
        skip_construction_draws,
        sparsity_error,
    )
    from nalm.units._unit import Unit

_TREE = (
    "effective_weights",
    "learn_",
    "penalties",
    "project_",
    "reset_parameters",
    "skip_construction_draws",
    "sparsity_error",
)
_CELLS = (
    "Cell",
    "FrameworkCell",
    "NACCell",
    "NALUCell",
    "NAUCell",
    "NMUCell",
    "SNMUCell",
    "UnitCell",
    "create_cell",
)
_TARGETS = (info.target.split(":") for info in UNITS)
_MODULES = (
    {class_name: module for module, class_name in _TARGETS}
    | dict.fromkeys(_TREE, "_tree")
    | dict.fromkeys(_CELLS, "_cells")
    | {"Unit": "_unit", "drawing_from": "_draws"}
)

__all__ = [
    "GNALU",
    "INALU",
    "MCFC",
    "MLP",
    "NAC",
    "NACNMU",
    "NALU",
    "NAU",
    "NMRU",
    "NMU",
    "NNU",
    "NPU",
    "NRU",
    "SNMU",
    "UNITS",
    "Capability",
    "Cell",
    "Dense",
    "FrameworkCell",
    "GatedSignNMRU",
    "MulMCFC",
    "MultiWeightNAU",
    "NACCell",
    "NACMul",
    "NACSigma",
    "NALUCell",
    "NAUCell",
    "NMUCell",
    "PosNAU",
    "RealNPU",
    "SNMUCell",
    "SigmoidNAU",
    "SigmoidNMU",
    "SignNMRU",
    "Unit",
    "UnitCell",
    "UnitInfo",
    "create",
    "create_cell",
    "drawing_from",
    "effective_weights",
    "learn_",
    "names",
    "penalties",
    "project_",
    "reset_parameters",
    "resolve",
    "skip_construction_draws",
    "source_hash",
    "sparsity_error",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
