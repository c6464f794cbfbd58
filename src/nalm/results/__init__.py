"""From records to numbers: store, selection of the best step, statistics, summaries, export and import."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nalm.results.original.importer import import_csv
    from nalm.results.output.export import export
    from nalm.results.selection import select_best
    from nalm.results.store import Store
    from nalm.results.summaries import summary_of
    from nalm.results.summary import Group, summarise, summary_frame

_MODULES = {
    "Group": "summary",
    "Store": "store",
    "export": "output.export",
    "import_csv": "original.importer",
    "select_best": "selection",
    "summarise": "summary",
    "summary_frame": "summary",
    "summary_of": "summaries",
}

__all__ = ["Group", "Store", "export", "import_csv", "select_best", "summarise", "summary_frame", "summary_of"]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
