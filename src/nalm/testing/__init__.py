"""A conformance suite for layers: run it over a unit of your own before you train it.

    from nalm.testing import check_unit

    def test_my_unit():
        check_unit(lambda in_features, out_features: MyUnit(in_features, out_features))

Every unit of nalm passes it. A check is a function of a factory and a source of inputs; `CHECKS` names them
all, `QUICK` those that `nalm bench` runs first. `compare_training` trains a unit as nalm does and as an ordinary
PyTorch loop does; `RandomModule` is a module to try that with.
"""

from nalm.testing._base import Factory, Inputs
from nalm.testing._random_modules import RandomModule
from nalm.testing._suite import CHECKS, QUICK, ConformanceError, check_unit
from nalm.testing._training import Training, compare_training

__all__ = [
    "CHECKS",
    "QUICK",
    "ConformanceError",
    "Factory",
    "Inputs",
    "RandomModule",
    "Training",
    "check_unit",
    "compare_training",
]
