"""Neural arithmetic logic modules for PyTorch: units, a batched trainer, and the published studies.

    unit = nalm.SNMU(2, 1, noise="batch")
    results = nalm.run("snmu-2022/figure-2", seeds=range(5), out="results/")

Everything is loaded when first used; `import nalm` alone imports no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nalm.api import Results, run
    from nalm.units import GNALU, INALU, MLP, NAC, NALU, NAU, NMU, NPU, SNMU, Dense, NACMul, RealNPU, Unit

__version__ = "0.1.0"

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
    "Dense",
    "NACMul",
    "RealNPU",
    "Results",
    "Unit",
    "__version__",
    "run",
]

_API = ("Results", "run")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module("nalm.api" if name in _API else "nalm.units")
    return getattr(module, name)


def __dir__() -> list[str]:
    return __all__
