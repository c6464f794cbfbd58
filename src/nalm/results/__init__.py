"""From records to numbers: store, selection of the best step, statistics, summaries, export and import."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nalm.results._export import export
    from nalm.results.importer import import_csv
    from nalm.results.selection import select_best
    from nalm.results.store import Store
    from nalm.results.summary import summarise, summary_frame

_MODULES = {
    "Store": "store",
    "export": "_export",
    "import_csv": "importer",
    "select_best": "selection",
    "summarise": "summary",
    "summary_frame": "summary",
}

__all__ = ["Store", "export", "import_csv", "select_best", "summarise", "summary_frame"]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
