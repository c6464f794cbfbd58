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

from nalm.units._catalogue.registry import create, names, resolve
from nalm.units._catalogue.sources import source_hash
from nalm.units._catalogue.table import CLASSES, UNITS, Capability, UnitInfo

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
    from nalm.units._draws import drawing_from
    from nalm.units._recurrent.mclstm import MCLSTMCell
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

    # types of the classes that are documented; to a type checker any other one of the table is Any
    # isort: off
    from nalm.units._choosing.dmu import DMU as DMU
    from nalm.units._choosing.nsr import NSR as NSR
    from nalm.units._dense import MLP as MLP, Dense as Dense
    from nalm.units._inalu import INALU as INALU
    from nalm.units._masks import SigmoidNAU as SigmoidNAU
    from nalm.units._mcfc import MCFC as MCFC, MulMCFC as MulMCFC
    from nalm.units._nac import NAC as NAC, NACNMU as NACNMU, NACMul as NACMul, NACSigma as NACSigma
    from nalm.units._nalu import GNALU as GNALU, NALU as NALU
    from nalm.units._nau import NAU as NAU, SNAU as SNAU, MultiWeightNAU as MultiWeightNAU, PosNAU as PosNAU
    from nalm.units._nmru import NMRU as NMRU, GatedSignNMRU as GatedSignNMRU, SignNMRU as SignNMRU
    from nalm.units._nmu import NMU as NMU, SNMU as SNMU, SigmoidNMU as SigmoidNMU
    from nalm.units._nnu import NNU as NNU
    from nalm.units._npu import NPU as NPU, RealNPU as RealNPU
    from nalm.units._nru import NRU as NRU
    # isort: on

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
_TREE = (
    "effective_weights",
    "learn_",
    "penalties",
    "project_",
    "reset_parameters",
    "skip_construction_draws",
    "sparsity_error",
)
_MODULES = (
    CLASSES
    | dict.fromkeys(_CELLS, "_cells")
    | dict.fromkeys(_TREE, "_tree")
    | {"Unit": "_unit", "drawing_from": "_draws", "MCLSTMCell": "_recurrent.mclstm"}
)

__all__ = [
    *CLASSES,
    "UNITS",
    "Capability",
    "Cell",
    "FrameworkCell",
    "MCLSTMCell",
    "NACCell",
    "NALUCell",
    "NAUCell",
    "NMUCell",
    "SNMUCell",
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
