"""Neural arithmetic logic modules for PyTorch: units, a batched trainer, and the published studies.

    unit = nalm.SNMU(2, 1, noise="batch")
    results = nalm.run("snmu-2022/figure-2", seeds=range(5), out="results/")

Everything is loaded when first used; `import nalm` alone imports no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from nalm.units._table import CLASSES

if TYPE_CHECKING:
    from nalm import errors, functional, regression, testing, units
    from nalm.api import Results, run
    from nalm.citations import cite
    from nalm.regression import ArithmeticRegressor, formula
    from nalm.units import Unit

    # types of the classes that are documented; to a type checker any other unit is Any
    from nalm.units import (  # isort: skip
        GNALU as GNALU,
        INALU as INALU,
        MCFC as MCFC,
        MLP as MLP,
        NAC as NAC,
        NACNMU as NACNMU,
        NALU as NALU,
        NAU as NAU,
        NMRU as NMRU,
        NMU as NMU,
        NNU as NNU,
        NPU as NPU,
        NRU as NRU,
        SNMU as SNMU,
        Dense as Dense,
        GatedSignNMRU as GatedSignNMRU,
        MulMCFC as MulMCFC,
        MultiWeightNAU as MultiWeightNAU,
        NACMul as NACMul,
        NACSigma as NACSigma,
        PosNAU as PosNAU,
        RealNPU as RealNPU,
        SigmoidNAU as SigmoidNAU,
        SigmoidNMU as SigmoidNMU,
        SignNMRU as SignNMRU,
    )

__version__ = "0.1.0"

__all__ = [
    *CLASSES,
    "ArithmeticRegressor",
    "Results",
    "Unit",
    "__version__",
    "cite",
    "errors",
    "formula",
    "functional",
    "regression",
    "run",
    "testing",
    "units",
]

_ELSEWHERE = {"Results": "nalm.api", "run": "nalm.api", "cite": "nalm.citations"} | dict.fromkeys(
    ("ArithmeticRegressor", "formula"), "nalm.regression"
)
_SUBMODULES = ("errors", "functional", "regression", "testing", "units")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _SUBMODULES:
        return importlib.import_module(f"nalm.{name}")
    return getattr(importlib.import_module(_ELSEWHERE.get(name, "nalm.units")), name)


def __dir__() -> list[str]:
    return __all__
