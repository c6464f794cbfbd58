"""Studies: experiments as data. One TOML file describes the runs of one published figure or table.

study = load("snmu-2022/figure-2", {"iterations": 10_000})
runs = select(expand(study), {"unit": ["nmu"]})
"""

from nalm.studies._catalogue import names
from nalm.studies._compare import compare
from nalm.studies._digit_cells import DigitCell
from nalm.studies._document import to_toml
from nalm.studies._expand import AnyCell, Cell, cells, expand
from nalm.studies._keys import SETTABLE
from nalm.studies._load import load, loads, override
from nalm.studies._networks import check_networks
from nalm.studies._pin import pin
from nalm.studies._schema import FigureTable, NetworkTable, Study
from nalm.studies._seeds import parse_seeds, seeds_text
from nalm.studies._select import choose_seeds, select

__all__ = [
    "SETTABLE",
    "AnyCell",
    "Cell",
    "DigitCell",
    "FigureTable",
    "NetworkTable",
    "Study",
    "cells",
    "check_networks",
    "choose_seeds",
    "compare",
    "expand",
    "load",
    "loads",
    "names",
    "override",
    "parse_seeds",
    "pin",
    "seeds_text",
    "select",
    "to_toml",
]
