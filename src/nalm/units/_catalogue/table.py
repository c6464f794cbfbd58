"""The table of all units: what they are called, what they can express, where they were published.

Adding a unit is one class and one line here. Nothing of torch is imported before a class is asked for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from nalm.units._catalogue.load import load_class

if TYPE_CHECKING:
    from torch import nn

    from nalm.tasks import Operation

Signs = Literal["full", "magnitude", "positive"]


@dataclass(frozen=True)
class Capability:
    """Operations that one layer expresses with ideal weights.

    Args:
        operations: Names of `nalm.tasks.OPERATIONS`, each of as many of the inputs as it takes, or of two.
        exact: Whether finite weights do it, to rounding (the NPU family up to its added 2^-23); otherwise it
            is approached as parameters grow, or reached within a stated precision.
        signs: `"full"`: inputs of any sign; `"magnitude"`: computed of |x|; `"positive"`: positive inputs
            only.
    """

    operations: tuple[Operation, ...]
    exact: bool
    signs: Signs


@dataclass(frozen=True)
class UnitInfo:
    """One registered unit.

    Args:
        name: Name in studies and on the command line.
        title: Name in the papers and in figures.
        target: `module:Class` in `nalm.units`.
        paper: Citation key, see `nalm.citations`; empty for the dense baselines.
        capabilities: What it can express; none for units that only approximate.
        arguments: Constructor arguments that make the class this unit.
        aliases: Other spellings, of papers and of the original code.
        zeros: Whether outputs and gradients are numbers where an input is 0; not so for a formula with ln 0 (MulMCFC)
            or with 0 to a negative power (NRU).
    """

    name: str
    title: str
    target: str
    paper: str
    capabilities: tuple[Capability, ...]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    zeros: bool = True

    @property
    def cls(self) -> type[nn.Module]:
        """The class, imported when asked for."""
        return load_class(f"nalm.units.{self.target}")

    @property
    def year(self) -> int | None:
        """Year of publication."""
        found = re.search(r"\d{4}", self.paper)
        return int(found[0]) if found else None

    @property
    def operations(self) -> tuple[Operation, ...]:
        """All operations that one layer can express."""
        return tuple(operation for capability in self.capabilities for operation in capability.operations)


_LINEAR = (Capability(("add", "sub"), exact=True, signs="full"),)
_SOFT_LINEAR = (Capability(("add", "sub"), exact=False, signs="full"),)
_SUM = (Capability(("add",), exact=True, signs="full"),)
_SOFT_SUM = (Capability(("add",), exact=False, signs="full"),)
_PRODUCT = (Capability(("mul",), exact=True, signs="full"),)
_SOFT_PRODUCT = (Capability(("mul",), exact=False, signs="full"),)
_SOFT_POSITIVE_PRODUCT = (Capability(("mul",), exact=False, signs="positive"),)
_RATIO = (Capability(("mul", "div", "reciprocal"), exact=True, signs="full"),)
_LOG = (Capability(("mul", "div", "root", "reciprocal"), exact=False, signs="magnitude"),)
_LOG_PRODUCT = (Capability(("mul", "root"), exact=False, signs="magnitude"),)
_NALU = _SOFT_LINEAR + _LOG
_HARD_NALU = (*_SOFT_LINEAR, Capability(("mul", "div", "reciprocal"), exact=False, signs="magnitude"))
_INALU = (
    Capability(("add", "sub", "mul", "div", "reciprocal"), exact=False, signs="full"),
    Capability(("root",), exact=False, signs="positive"),
)
_NPU = (
    Capability(("mul", "div", "squared", "reciprocal"), exact=True, signs="full"),
    Capability(("root",), exact=True, signs="positive"),
)

_WIDE = {"initial": (0.5 - math.sqrt(3) / 2, 0.5 + math.sqrt(3) / 2), "bounds": "none"}
_MODIFIED = {"clip": "wg", "initial": "constrained"}
_GATED = {"rule": "nau", "multiplication": "product"}


def _rule(name: str) -> dict[str, Any]:
    return {"rule": name}


def _dense(name: str, title: str, capabilities: tuple[Capability, ...] = ()) -> UnitInfo:
    return UnitInfo(name, title, "_dense:Dense", "", capabilities, {"activation": name})


def _mlp(hidden_size: int, capabilities: tuple[Capability, ...] = ()) -> UnitInfo:
    name, title = f"relu_{hidden_size}", f"ReLU, {hidden_size} hidden"
    return UnitInfo(name, title, "_dense:MLP", "", capabilities, {"hidden_size": hidden_size})


# fmt: off
UNITS: tuple[UnitInfo, ...] = (
    UnitInfo("nac", "NAC+", "_nac:NAC", "trask2018", _SOFT_LINEAR, aliases=("NAC+", "NAC-add")),
    UnitInfo("nac_mul", "NAC•", "_nac:NACMul", "trask2018", _LOG, aliases=("NAC*", "NAC.", "MNAC", "NAC-mul")),
    UnitInfo("nac_sigma", "NAC•,σ", "_nac:NACSigma", "madsen2020", _LOG_PRODUCT),
    UnitInfo("nac_nmu", "NAC•,NMU", "_nac:NACNMU", "madsen2020", _LOG_PRODUCT),
    UnitInfo("posnac", "PosNAC", "_nac:NAC", "madsen2020", _SOFT_SUM, _rule("sigmoid")),
    UnitInfo("golden_nac", "golden NAC", "_nac:NAC", "rana2019", _SOFT_LINEAR, _rule("golden")),
    UnitInfo("sign_nac", "sign NAC", "_nac:NAC", "madsen2020", _SOFT_LINEAR, _rule("sign_gradient")),
    UnitInfo("independent_nac", "independent NAC", "_nac:NAC", "madsen2020", _SOFT_LINEAR,
             _rule("independent_gradient")),
    UnitInfo("softmax_nac", "softmax NAC", "_nac:NAC", "madsen2020", _SOFT_LINEAR, _rule("softmax")),
    UnitInfo("hard_softmax_nac", "hard softmax NAC", "_nac:NAC", "madsen2020",
             _LINEAR, _rule("hard_softmax")),
    UnitInfo("gumbel_nac", "Gumbel NAC", "_nac:NAC", "madsen2020", _SOFT_LINEAR, _rule("gumbel")),
    UnitInfo("bandit_nac", "gradient bandit NAC", "_nac:NAC", "madsen2020", _LINEAR, _rule("bandit")),
    UnitInfo("linear_nac", "linear NAC", "_nac:NAC", "madsen2020", _LINEAR, _rule("linear")),
    UnitInfo("regularised_nac", "regularised linear NAC", "_nac:NAC", "madsen2020",
             _LINEAR, _rule("regularised"), aliases=("RegualizedLinearNAC",)),
    UnitInfo("nalu", "NALU", "_nalu:NALU", "trask2018", _NALU),
    UnitInfo("naluig", "NALUIG", "_nalu:NALU", "passo2022", _NALU, {"free_gate": True}),
    UnitInfo("nalu2m", "NALU2M", "_nalu:NALU", "passo2022", _NALU, {"separate_weights": True}),
    UnitInfo("nalu2mig", "NALU2MIG", "_nalu:NALU", "passo2022", _NALU,
             {"free_gate": True, "separate_weights": True}),
    UnitInfo("gnalu", "G-NALU", "_nalu:GNALU", "rana2019", _NALU),
    UnitInfo("posnalu", "PosNALU", "_nalu:NALU", "madsen2020", _SOFT_SUM + _LOG_PRODUCT, _rule("sigmoid")),
    UnitInfo("softmax_nalu", "softmax NALU", "_nalu:NALU", "madsen2020", _NALU, _rule("softmax")),
    UnitInfo("hard_softmax_nalu", "hard softmax NALU", "_nalu:NALU", "madsen2020",
             _HARD_NALU, _rule("hard_softmax")),
    UnitInfo("gumbel_nalu", "Gumbel NALU", "_nalu:NALU", "madsen2020", _NALU, _rule("gumbel")),
    UnitInfo("bandit_nalu", "gradient bandit NALU", "_nalu:NALU", "madsen2020", _HARD_NALU, _rule("bandit")),
    UnitInfo("independent_nalu", "independent NALU", "_nalu:NALU", "madsen2020", _NALU,
             _rule("independent_gradient")),
    UnitInfo("linear_nalu", "linear NALU", "_nalu:NALU", "madsen2020", _NALU, _rule("linear")),
    UnitInfo("regularised_nalu", "regularised linear NALU", "_nalu:NALU", "madsen2020",
             _NALU, _rule("regularised"), aliases=("RegualizedLinearNALU",)),
    UnitInfo("nau_nalu", "NALU with NAU weights", "_nalu:NALU", "madsen2020", _NALU, _rule("nau"),
             aliases=("ReRegualizedLinearNALU",)),
    UnitInfo("gated_nau_nmu", "gated NAU/NMU", "_nalu:NALU", "madsen2020",
             _SOFT_LINEAR + _SOFT_PRODUCT, _GATED),
    UnitInfo("inalu", "iNALU", "_inalu:INALU", "schloer2020", _INALU),
    UnitInfo("nau", "NAU", "_nau:NAU", "madsen2020", _LINEAR, aliases=("ReRegualizedLinearNAC",)),
    UnitInfo("snau", "sNAU", "_nau:SNAU", "mistry2022snmu", _LINEAR, aliases=("stochastic NAU",)),
    UnitInfo("posnau", "PosNAU", "_nau:PosNAU", "madsen2020", _SUM, aliases=("ReRegualizedLinearPosNAC",)),
    UnitInfo("multi_weight_nau", "multi-weight NAU", "_nau:MultiWeightNAU", "mistry2022division", _LINEAR),
    UnitInfo("sigmoid_nau", "sigmoid NAU", "_masks:SigmoidNAU", "mistry2022division", _SUM),
    UnitInfo("scaled_sigmoid_nau", "scaled sigmoid NAU", "_masks:SigmoidNAU", "mistry2022division", _SUM,
             {"scaled": True}),
    UnitInfo("nmu", "NMU", "_nmu:NMU", "madsen2020", _PRODUCT, aliases=("ReRegualizedLinearMNAC",)),
    UnitInfo("snmu", "sNMU", "_nmu:SNMU", "mistry2022snmu", _PRODUCT, aliases=("stochastic NMU",)),
    UnitInfo("snmu_batch", "sNMU (batch)", "_nmu:SNMU", "mistry2022snmu", _PRODUCT, {"noise": "batch"},
             aliases=("batch sNMU", "bsNMU")),
    UnitInfo("sigmoid_nmu", "sigmoid NMU", "_nmu:SigmoidNMU", "madsen2020", _SOFT_PRODUCT),
    UnitInfo("gumbel_nmu", "Gumbel NMU", "_nmu:SigmoidNMU", "madsen2020", _SOFT_PRODUCT, {"gumbel": True},
             aliases=("GumbelMNAC",)),
    UnitInfo("regularised_nmu", "regularised linear NMU", "_nmu:NMU", "madsen2020", _PRODUCT, _WIDE,
             aliases=("RegualizedLinearMNAC",)),
    UnitInfo("silly_nmu", "NMU without identity", "_nmu:NMU", "madsen2020", _PRODUCT, {"identity": False},
             aliases=("SillyReRegualizedLinearMNAC",)),
    UnitInfo("npu", "NPU", "_npu:NPU", "heim2020", _NPU),
    UnitInfo("realnpu", "Real NPU", "_npu:RealNPU", "heim2020", _NPU),
    UnitInfo("naive_npu", "naive NPU", "_npu:NPU", "heim2020", _NPU, {"gated": False}),
    UnitInfo("naive_realnpu", "naive Real NPU", "_npu:RealNPU", "heim2020", _NPU, {"gated": False}),
    UnitInfo("realnpu_modified", "Real NPU (mod.)", "_npu:RealNPU", "mistry2022division", _NPU, _MODIFIED),
    UnitInfo("nru", "NRU", "_nru:NRU", "mistry2022division", _RATIO, zeros=False),
    UnitInfo("nmru", "NMRU", "_nmru:NMRU", "mistry2022division", _RATIO),
    UnitInfo("sign_nmru", "Sign-NMRU", "_nmru:SignNMRU", "mistry2022division", _RATIO),
    UnitInfo("gated_sign_nmru", "Gated-Sign-NMRU", "_nmru:GatedSignNMRU", "mistry2022division", _RATIO),
    UnitInfo("mcfc", "MCFC", "_mcfc:MCFC", "hoedt2021", _SOFT_SUM),
    UnitInfo("mul_mcfc", "MulMCFC", "_mcfc:MulMCFC", "hoedt2021", _SOFT_POSITIVE_PRODUCT,
             zeros=False),
    UnitInfo("mul_mcfc_inalu", "MulMCFC (sign: iNALU)", "_mcfc:MulMCFC", "mistry2022primer", _SOFT_PRODUCT,
             {"sign": "inalu"}, aliases=("MulMCFCSignINALU",), zeros=False),
    UnitInfo("mul_mcfc_realnpu", "MulMCFC (sign: Real NPU)", "_mcfc:MulMCFC", "mistry2022primer",
             _SOFT_PRODUCT, {"sign": "realnpu"},
             aliases=("MulMCFCSignRealNPU",), zeros=False),
    UnitInfo("nnu", "NNU", "_nnu:NNU", "mistry2022snmu",
             (Capability(("squared",), exact=True, signs="full"),)),
    UnitInfo("dmu", "DMU add", "_choosing.dmu:DMU", "curry2025",
             (Capability(("add", "mul"), exact=False, signs="full"),), aliases=("DMU",)),
    UnitInfo("dmu_sub", "DMU sub", "_choosing.dmu:DMU", "curry2025",
             (Capability(("sub", "div"), exact=False, signs="full"),), {"operands": "difference"}),
    UnitInfo("nsr", "NSR", "_choosing.nsr:NSR", "faber2023",
             (Capability(("greater", "less"), exact=False, signs="full"),)),
    _dense("linear", "linear", _LINEAR),
    _dense("relu", "ReLU"),
    _dense("relu6", "ReLU6"),
    _dense("tanh", "tanh"),
    _dense("sigmoid", "sigmoid"),
    _dense("softsign", "softsign"),
    _dense("elu", "ELU"),
    _dense("selu", "SELU"),
    _mlp(1),
    _mlp(100, _LINEAR),
)
# fmt: on

CLASSES = dict(sorted((name, module) for module, name in (info.target.split(":") for info in UNITS)))
"""Module, in `nalm.units`, of each class of the table."""
