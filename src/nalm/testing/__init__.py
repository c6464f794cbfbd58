"""A conformance suite for layers: run it over a unit of your own before you train it.

    from nalm.testing import check_unit

    def test_my_unit():
        check_unit(lambda in_features, out_features: MyUnit(in_features, out_features))

Every unit of nalm passes it. A check is a function of a factory and a source of inputs; `CHECKS` names them
all, `QUICK` those that `nalm bench` runs first.
"""

from nalm.testing._base import Factory, Inputs
from nalm.testing._suite import CHECKS, QUICK, ConformanceError, check_unit

__all__ = ["CHECKS", "QUICK", "ConformanceError", "Factory", "Inputs", "check_unit"]
