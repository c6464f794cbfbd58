"""Exact formulas for tables of numbers, as networks of units: the estimator, what it is made of, and readers.

    model = nalm.ArithmeticRegressor().fit(table[["a", "b", "c"]], table["y"])
    print(model.equation_, model.exact_)

`search` is the same without scikit-learn, `formula` reads a trained network. Names are loaded when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from nalm.errors import missing_package

if TYPE_CHECKING:
    from nalm.regression._estimator import ArithmeticRegressor
    from nalm.regression._network import to_module
    from nalm.regression._reading import Reading, formula
    from nalm.regression._result import Entry, Result, search
    from nalm.regression._saved import SavedFormula, load, save
    from nalm.regression._table import Table, read_table
    from nalm.regression.algebra.formula import Factor, Formula, Term
    from nalm.regression.algebra.numbers import Number

_MODULES = {
    "ArithmeticRegressor": "_estimator",
    "Entry": "_result",
    "Factor": "algebra.formula",
    "Formula": "algebra.formula",
    "Number": "algebra.numbers",
    "Reading": "_reading",
    "Result": "_result",
    "SavedFormula": "_saved",
    "Table": "_table",
    "Term": "algebra.formula",
    "formula": "_reading",
    "load": "_saved",
    "read_table": "_table",
    "save": "_saved",
    "search": "_result",
    "to_module": "_network",
}

__all__ = [
    "ArithmeticRegressor",
    "Entry",
    "Factor",
    "Formula",
    "Number",
    "Reading",
    "Result",
    "SavedFormula",
    "Table",
    "Term",
    "formula",
    "load",
    "read_table",
    "save",
    "search",
    "to_module",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "sklearn":
            raise
        raise missing_package(f"{name} (unlike nalm.regression.search)", "scikit-learn", "sklearn") from None


def __dir__() -> list[str]:
    return __all__
