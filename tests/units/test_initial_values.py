"""Initial weights against those of the published code, after both of its reset passes, seed 0, float32."""

from __future__ import annotations

import pytest
import torch

from nalm import units
from support.rounding import DRAWN

NAC = {"W_hat": [-3.64795327, 2.53982735], "M_hat": [-0.187658668, 7.50977802]}
NALU = {
    "W_hat": [-0.187658668, 7.50977802],
    "M_hat": [-0.840530872, 2.506253],
    "G": [-0.427393824, -0.277985424],
}
SIGNED = {"W": [-0.411522567, -0.367969513]}
NMU = {"W": [0.294238716, 0.316015244]}
NPU = {"W_re": [-1.16396153, -1.04077494]}
NMRU = {"W": [0.403711408, 0.567039371, 0.495046705, 0.698222399]}
INALU = {
    "W_hat_add": [0.799331307, 0.760672927],
    "M_hat_add": [0.536407292, 0.328665078],
    "W_hat_mul": [1.10012078, 0.665762544],
    "M_hat_mul": [0.524540246, 0.386736512],
    "g": [0.0746229291],
}
MCFC = {"w": [-1.0], "b": [0.0], "r": [0.971045375, -0.238895565]}

# name: values, and the next uniform number of the stream
EXPECTED = {
    "nmu": (NMU, 0.307422817),
    "snmu": (NMU, 0.307422817),
    "snmu_batch": (NMU, 0.307422817),
    "nau": (SIGNED, 0.307422817),
    "nru": (SIGNED, 0.307422817),
    "npu": (NPU, 0.307422817),
    "realnpu": (NPU, 0.307422817),
    "nac": (NAC, 0.455627978),
    "nac_mul": (NAC, 0.455627978),
    "nalu": (NALU, 0.0223257542),
    "gnalu": (NALU, 0.0223257542),
    "nmru": (NMRU, 0.455627978),
    "sign_nmru": (NMRU, 0.455627978),
    "gated_sign_nmru": (NMRU, 0.455627978),
    "softmax_nac": ({"logits": [-0.272345245, 0.18961589, -0.0140100336, 0.560657501]}, 0.455627978),
    "posnac": ({"W_hat": [-1.77897406, 0.464122206]}, 0.455627978),
    "inalu": (INALU, 0.208129764),
    "mcfc": (MCFC, 0.397099912),
    "mul_mcfc": (MCFC, 0.397099912),
    "mul_mcfc_inalu": (MCFC, 0.397099912),
    "mul_mcfc_realnpu": (MCFC, 0.397099912),
    "relu_1": ({"0.W": [-1.274683714, -0.667106926], "1.W": [0.464462161]}, None),
}


def twice(name: str, **arguments: int) -> tuple[torch.nn.Module, torch.Generator]:
    unit = units.create(name, 2, 1, **arguments)
    generator = torch.Generator().manual_seed(0)
    units.skip_construction_draws(unit, generator)
    for _ in range(2):
        units.reset_parameters(unit, generator)
    return unit, generator


def assert_values(unit: torch.nn.Module, expected: dict[str, list[float]]) -> None:
    parameters = dict(unit.named_parameters())
    for name, values in expected.items():
        [parameter] = [p for key, p in parameters.items() if key == name or key.endswith(f".{name}")]
        drawn, published = parameter.detach().flatten(), torch.tensor(values)
        atol = DRAWN * max(1.0, published.abs().max().item())
        torch.testing.assert_close(drawn, published, rtol=3e-9, atol=atol)


@pytest.mark.parametrize("name", EXPECTED)
def test_second_draw(name: str) -> None:
    values, following = EXPECTED[name]
    unit, generator = twice(name)
    assert_values(unit, values)
    if following is not None:
        assert torch.rand((), generator=generator).item() == pytest.approx(following, rel=1e-8)


def test_first_draw_of_the_nmu() -> None:
    unit = units.create("nmu", 2, 1)
    units.reset_parameters(unit, torch.Generator().manual_seed(0))
    assert_values(unit, {"W": [0.498128295, 0.634110928]})


def test_hidden_layers_are_drawn_first() -> None:
    unit, generator = twice("relu_1", hidden_size=2)
    assert_values(
        unit,
        {
            "0.W": [-0.0343174338, 1.37332487, -0.153709188, 0.458322376],
            "1.W": [-0.427393824, -0.277985424],
        },
    )
    assert torch.rand((), generator=generator).item() == pytest.approx(0.0223257542, rel=1e-8)


def test_two_layers_are_drawn_in_order() -> None:
    network = torch.nn.Sequential(units.create("nau", 4, 2), units.create("nmu", 2, 1))
    generator = torch.Generator().manual_seed(0)
    for _ in range(2):
        units.reset_parameters(network, generator)
    first = [-0.151106536, -0.0982826948, -0.477674246, -0.331141055]
    first += [-0.20611155, 0.0185217857, 0.197667599, 0.300011396]
    assert_values(network, {"0.weights.W": first, "1.weights.W": [0.330514729, 0.391134292]})


@pytest.mark.parametrize(
    ("in_features", "out_features", "bound"),
    [(2, 1, 9.47140638591577), (4, 2, 5.425507821), (10, 1, 2.260468061), (100, 2, 0.503908904)],
)
def test_range_of_the_nac(in_features: int, out_features: int, bound: float) -> None:
    unit = units.NAC(in_features, out_features)
    assert unit.weights.bound == pytest.approx(bound, rel=1e-9)
    assert unit.weights.W_hat.abs().max() < bound


def test_range_of_the_nau_shrinks_with_size() -> None:
    assert units.NAU(100, 2).weights.W.abs().max() < 0.242535625
    assert units.NAU(100, 2).weights.W.abs().max() > 0.2


def test_beta_values_have_variance_one_fifteenth() -> None:
    unit = units.NAU(100, 100, initial="beta")
    unit.reset_parameters(torch.Generator().manual_seed(0))
    assert unit.weights.W.var().item() == pytest.approx(1 / 15, rel=0.05)
    assert unit.weights.W.abs().max() <= 1


def test_generator_of_another_device_is_used() -> None:
    unit = units.NMU(2, 1, device="meta")
    generator = torch.Generator().manual_seed(0)
    unit.reset_parameters(generator)
    assert torch.rand((), generator=generator) != torch.rand((), generator=torch.Generator().manual_seed(0))
