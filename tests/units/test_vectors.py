"""Outputs and penalties against numbers computed by the published code (float64, two rows of two inputs)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nalm import units

pytestmark = pytest.mark.usefixtures("float64")

A = [[1.5, 2.0], [0.5, 3.0]]
B = [[-1.5, 2.0], [0.5, -3.0]]


@dataclass(frozen=True)
class Case:
    unit: str
    state: dict[str, Any]
    outputs: dict[str, list[float]] = field(default_factory=dict)
    penalties: dict[str, float] = field(default_factory=dict)
    arguments: dict[str, Any] = field(default_factory=dict)
    training: bool = False
    out_features: int = 1
    tolerance: float = 1e-9


NAC = {"W_hat": (0.8, -0.6), "M_hat": (0.4, 1.2)}
NALU = {**NAC, "G": (0.2, -0.1)}
W = {"W": (0.8, -0.6)}
NMU = {"W": (0.3, 0.8)}
OUTSIDE = {"W": (1.2, -0.1)}
NPU = {"W_re": (0.8, -0.6), "g": (0.7, 0.4)}
NMRU = {"W": (0.3, 0.8, 0.1, 0.6)}
MCFC = {"r": (0.5, -0.2, 0.1, 0.3), "w": (0.7, 0.2), "b": (0.1, -0.3)}
MUL_MCFC = {**MCFC, "c": (0.05, -0.1)}

CASES = [
    Case("nac", NAC, {"A": [-0.229145874, -1.0394324], "B": [-1.42179773, 1.43698302]}),
    Case("sign_nac", NAC, {"A": [-0.229145874, -1.0394324]}),
    Case("independent_nac", NAC, {"A": [-0.229145874, -1.0394324]}),
    Case("nac_mul", NAC, {"A": [0.882590615, 0.482392221], "B": [0.882590615, 0.482392221]}),
    Case("golden_nac", NAC, {"A": [-0.0582310632, -0.439297085], "B": [-0.66157476, 0.64041165]}),
    Case("nalu", NALU, {"A": [0.298952096, -0.202681484], "B": [0.0125902961, 1.05389395]}),
    Case("nalu", NALU, {"A": [0.298952096, -0.202681484]}, {"gate": 0.123452863}, {"gate": "regularised"}, True),
    Case("gnalu", NALU, {"A": [0.437530205, 0.16499432], "B": [0.24501479, 0.673602458]}),
    Case("posnac", {"W_hat": (0.8, -0.6)}, {"A": [1.74364911, 1.40801832], "B": [-0.326274334, -0.718043841]}),
    Case(
        "sigmoid_nmu",
        {"W_hat": (0.8, -0.6)},
        {"A": [1.82157499, 1.11921204], "B": [-0.981812775, -0.273385803]},
    ),
    Case("naluig", {**NAC, "G": (0.4,)}, {"A": [0.217007698, -0.428705398], "B": [-0.497018254, 1.05389395]}),
    Case("dmu", {"gate": (0.4, -0.3)}, {"A": [3.32547955, 2.64221922], "B": [0.304785656, -2.11022071]}, training=True),
    Case("dmu", {"gate": (0.4, -0.3)}, {"A": [3.5, 3.5], "B": [0.5, -2.5]}, tolerance=3e-8),
    Case("dmu_sub", {"gate": (-0.4, 0.3)}, {"A": [0.75, 1 / 6], "B": [-0.75, -1 / 6]}),
    Case(
        "nsr",
        {"V1": (0.9, 0.2), "V2": (0.1, 0.7), "w_sign": (1.5,), "w_zero": (-0.5,), "b": (0.25,)},
        {"A": [0.521242205, 0.307901183], "B": [0.318312, 0.890781263]},
        {"sparsity": 0.175},
    ),
    Case("nau", {"W": (0.8, -1.3)}, {"A": [-0.8, -2.6], "B": [-3.2, 3.4]}, {"sparsity": 0.25}),
    Case("snau", {"W": (0.8, -1.3)}, {"A": [-0.8, -2.6], "B": [-3.2, 3.4]}, {"sparsity": 0.25}),
    Case("snau", {"W": (0.8, -1.3)}, {"A": [-0.8, -2.6]}, {"sparsity": 0.25}, training=True),
    Case("nmu", {"W": (1.2, -0.1)}, {"A": [1.575, 0.55]}, {}, {"bounds": "penalty", "epsilon": 0.05}),
    Case(
        "nau",
        {"W": (0.8, -1.3)},
        {"A": [-0.8, -2.6]},
        {"sparsity": 0.08885, "bounds": 0.045},
        {"penalty_shape": "squared", "bounds": "penalty"},
    ),
    Case("nau", W, {"A": [0.0, -1.4]}, {"input": 1.35}, {"input_penalty": True}, True),
    Case("nmu", NMU, {"A": [2.07, 2.21], "B": [0.45, -1.87]}, {"sparsity": 0.25}),
    Case("nmu", NMU, {"A": [2.07, 2.21]}, {"sparsity": 0.25, "input": 0.225}, {"input_penalty": True}, True),
    Case("nmu", OUTSIDE, {"A": [1.44, 0.32], "B": [-1.8, 0.56]}, {"sparsity": 0.15}),
    Case("nmu", OUTSIDE, {"A": [1.5, 0.5], "B": [-1.5, 0.5]}, {"bounds": 0.15}, {"bounds": "penalty"}),
    Case(
        "nmu",
        NMU,
        {"A": [2.05568092, 2.21042216], "B": [1.09309562, -1.62939421]},
        arguments={"normalise": True},
    ),
    Case("snmu", NMU, {"A": [2.07, 2.21], "B": [0.45, -1.87]}, {"sparsity": 0.25}),
    Case("snmu_batch", NMU, {"A": [2.07, 2.21], "B": [0.45, -1.87]}, {"sparsity": 0.25}),
    Case("nac_nmu", NMU, {"A": [1.96630734, 1.95608644], "B": [1.96630734, 1.95608644]}),
    Case(
        "npu",
        {**NPU, "W_im": (0.1, 0.2)},
        {"A": [1.03402479, 0.49654837], "B": [-0.235081416, 0.301253791]},
        {"npu_gate": 0.35, "npu_weight": 0.6},
        {"clip": "wig"},
    ),
    Case("realnpu", NPU, {"A": [1.03893937, 0.49792877], "B": [-0.194677826, 0.362974452]}, {"npu_weight": 0.3}),
    Case("realnpu", NPU, {}, {"npu_weight": 0.3}, {"weight_targets": "ternary"}),
    Case(
        "nru",
        W,
        {"A": [0.912546513, 0.29710041], "B": [-0.912546513, -0.29710041]},
        {"sparsity": 0.3},
        training=True,
    ),
    Case("nru", W, {"A": [1.0398046, 0.468473756], "B": [-0.721463649, 0.0591097172]}),
    Case("nru", {"W": (0.0005, -0.6)}, {"A": [0.659782522, 0.51724358]}, training=True),
    Case("nru", {"W": (0.0005, -0.6)}, {"A": [0.795852454, 0.710368992]}),
    Case("nru", W, {"B": [-1.0398046, -0.468473756]}, arguments={"separate_sign": True}),
    Case("nmru", NMRU, {"A": [1.4007, 1.4586], "B": [0.2625, -0.4114]}),
    Case("nmru", NMRU, {"A": [1.40069996, 1.45859992]}, training=True),
    Case("sign_nmru", NMRU, {"A": [1.4007, 1.4586], "B": [0.432840104, -0.450732188]}),
    Case(
        "gated_sign_nmru",
        {**NMRU, "g": (0.9, 0.8, 0.7, 0.6)},
        {"A": [0.897943627, 0.95732416], "B": [0.277479841, -0.295829435]},
        {"npu_gate": 0.25},
    ),
    Case("multi_weight_nau", {"W": (0.8, -0.6, 0.4, 0.2)}, {}, {"copies": 0.1}, {"copies": 2}),
    Case(
        "inalu",
        {
            "W_hat_add": (0.8, -0.6),
            "M_hat_add": (0.4, 1.2),
            "W_hat_mul": (0.9, 0.5),
            "M_hat_mul": (0.3, -0.2),
            "g": (0.4,),
        },
        {"A": [0.410537768, -0.243091813], "B": [-0.754234783, 1.08173654]},
        {"inalu": 97.15},
    ),
    # The published code runs this one in float32 only.
    Case(
        "softmax_nac",
        {"logits": (0.8, -0.6, 0.4, 1.2)},
        {"A": [0.0372139812, -0.72160399], "B": [-1.29551458, 1.16584694]},
        tolerance=2e-7,
    ),
    Case(
        "mcfc",
        MCFC,
        {"A": [1.31275488, 0.758791755, 1.16232542, 0.862356633]},
        {"sparsity": -0.4125},
        out_features=2,
    ),
    Case("mul_mcfc", MUL_MCFC, {"A": [1.5718075, 1.15597768, 1.07429963, 1.08078338]}, out_features=2),
    Case(
        "mul_mcfc_inalu",
        MUL_MCFC,
        {"B": [-0.528717602, 0.388842621, 0.10707329, -0.107719512]},
        out_features=2,
    ),
    Case(
        "mul_mcfc_realnpu",
        {**MUL_MCFC, "g": (0.7, 0.4)},
        {"B": [0.159068685, 0.861641443, 0.906941081, 0.832901601]},
        out_features=2,
    ),
]


def set_state(unit: nn.Module, state: dict[str, Any]) -> None:
    """Set parameters by the last part of their names."""
    parameters = {name.rpartition(".")[2]: parameter for name, parameter in unit.named_parameters()}
    with torch.no_grad():
        for name, values in state.items():
            parameters[name].copy_(torch.tensor(values).reshape(parameters[name].shape))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.unit}-{case.arguments or case.training}")
def test_published_numbers(case: Case) -> None:
    unit = units.create(case.unit, 2, case.out_features, **case.arguments).train(case.training)
    set_state(unit, case.state)
    for name, expected in case.outputs.items():
        # Nine significant digits are known.
        got: Tensor = unit(torch.tensor(A if name == "A" else B)).flatten()
        torch.testing.assert_close(got, torch.tensor(expected), rtol=6e-9, atol=case.tolerance)
    penalties = units.penalties(unit)
    for name, value in case.penalties.items():
        assert penalties[name].item() == pytest.approx(value, abs=1e-9)


def test_every_case_pins_something() -> None:
    assert all(case.outputs or case.penalties for case in CASES)
