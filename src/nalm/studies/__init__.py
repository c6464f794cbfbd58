"""Studies: experiments as data. One TOML file describes the runs of one published figure or table.

study = load("snmu-2022/figure-2", {"iterations": 10_000})
runs = select(expand(study), {"unit": ["nmu"]})
"""

from typing import Any

from nalm.studies._catalogue import names, papers
from nalm.studies._compare import compare
from nalm.studies._condition import Condition
from nalm.studies._described import DESCRIPTIONS, default_of
from nalm.studies._document import to_toml
from nalm.studies._expand import conditions, expand
from nalm.studies._keys import SETTABLE
from nalm.studies._load import load, loads, override
from nalm.studies._pin import pin
from nalm.studies._schema import FigureTable, NetworkTable, Study
from nalm.studies._seeds import parse_seeds, seeds_text
from nalm.studies._select import choose_seeds, matching, select

cells = conditions  # its earlier name

__all__ = [
    "DESCRIPTIONS",
    "SETTABLE",
    "Condition",
    "FigureTable",
    "NetworkTable",
    "Study",
    "cells",
    "choose_seeds",
    "compare",
    "conditions",
    "default_of",
    "expand",
    "load",
    "loads",
    "matching",
    "names",
    "override",
    "papers",
    "parse_seeds",
    "pin",
    "seeds_text",
    "select",
    "to_toml",
]


def __getattr__(name: str) -> Any:
    if name == "check_networks":
        # networks are checked where they are trained; this is where it was documented first
        from nalm.jobs import check_networks

        return check_networks
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
