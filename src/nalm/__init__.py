"""Neural arithmetic logic modules for PyTorch: units, a batched trainer, and the published studies.

    unit = nalm.SNMU(2, 1, noise="batch")
    results = nalm.run("snmu-2022/figure-2", seeds=range(5), out="results/")

Everything is loaded when first used; `import nalm` alone imports no torch.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # isort: off
    from nalm import arrays as arrays, errors as errors, functional as functional, regression as regression
    from nalm import studies as studies, testing as testing, units as units
    from nalm.arrays import fit_arrays as fit_arrays
    from nalm.api import Results as Results, bench as bench, run as run
    from nalm.citations import cite as cite
    from nalm.regression import ArithmeticRegressor as ArithmeticRegressor, formula as formula

    # types of the classes that are documented; to a type checker any other unit is Any
    from nalm.units import (
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
        Unit as Unit,
    )
    # isort: on

__version__ = "0.1.0"

_SUBMODULES = ("arrays", "errors", "functional", "regression", "studies", "testing", "units")
_MODULES = {
    "ArithmeticRegressor": "nalm.regression",
    "Results": "nalm.api",
    "Unit": "nalm.units",
    "bench": "nalm.api",
    "cite": "nalm.citations",
    "fit_arrays": "nalm.arrays",
    "formula": "nalm.regression",
    "run": "nalm.api",
}
_OTHERS = (*_SUBMODULES, *_MODULES, "__version__")


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f"nalm.{name}")
    if name in _MODULES:
        return getattr(importlib.import_module(_MODULES[name]), name)
    if name == "__all__":
        return sorted((*_classes(), *_OTHERS))
    # `from nalm import MODULE` asks here first, and is no reason to load the table
    if not name[:1].isupper() or name not in _classes():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("nalm.units"), name)


def _classes() -> Iterable[str]:
    """Names of the classes of the table of units, which is not loaded before it is asked for."""
    classes: Iterable[str] = importlib.import_module("nalm.units._catalogue.table").CLASSES
    return classes


def __dir__() -> list[str]:
    return sorted((*_classes(), *_OTHERS))
