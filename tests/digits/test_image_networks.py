"""The image networks of the static task beside the published one."""

from typing import Any

import pytest
import torch
from torch import nn

from nalm.digits import DigitPairNetwork, StaticDigits, train_digits
from nalm.digits._pair_network import create_pair_network
from nalm.digits.image_networks.networks import AffineWarp, ColourDigits

# numbers of parameters as released
SIZES = {
    "spline": 589_546,
    "affine": 587_830,
    "affine_joint": 589_696,
    "affine_joint_linear": 424_328,
    "affine_linear": 247_928,
    "affine_separate": 1_132_640,
}


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(("kind", "size"), SIZES.items())
def test_sizes_are_those_of_the_released_networks(kind: str, size: int) -> None:
    network = ColourDigits(kind)
    assert count(network) == size
    labels = network(torch.randn(3, 2, 42, 42))
    assert labels.shape == (3, 2)
    assert bool((labels >= 0).all() & (labels <= 9).all())


def test_pictures_side_by_side() -> None:
    network = DigitPairNetwork("width")
    assert count(network.image_network) == 1_363_758
    assert network(torch.randn(3, 1, 42, 84)).shape == (3,)


def test_warps_start_as_the_identity() -> None:
    network = create_pair_network(StaticDigits(picture="colour", image_network="affine"), 0).image_network
    pictures = torch.randn(2, 2, 42, 42)
    numbers = network.localisation1(torch.nn.functional.avg_pool2d(pictures, 2))  # type: ignore[union-attr]
    torch.testing.assert_close(AffineWarp()(pictures, numbers), pictures, rtol=0, atol=1e-4)
    released = StaticDigits(picture="colour", image_network="affine", constraints="released")
    lost = create_pair_network(released, 0).image_network
    assert bool(lost.localisation1.fc2.weight.any())  # type: ignore[union-attr]


def test_unbounded_warps() -> None:
    bounded, free = (
        create_pair_network(StaticDigits(picture="colour", bounded_warps=bounded), 0).image_network
        for bounded in (True, False)
    )
    x = torch.randn(1, 2, 21, 21)
    torch.testing.assert_close(bounded.localisation1(x), free.localisation1(x))  # type: ignore[union-attr]
    with torch.no_grad():
        for network in (bounded, free):
            network.localisation1.fc2.bias.add_(3)  # type: ignore[union-attr]
    assert bool((bounded.localisation1(x).abs() <= 1).all())  # type: ignore[union-attr]
    assert bool((free.localisation1(x) > 1).all())  # type: ignore[union-attr]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"picture": "isolated", "image_network": "affine"}, "'affine' does not read pictures 'isolated'; give 'halves'"),
    ({"picture": "width", "image_network": "spline"}, "'spline' does not read pictures 'width'; give 'affine'"),
    ({"picture": "width", "bounded_warps": False}, "bounded_warps: image network 'affine' has no spline warps"),
]


@pytest.mark.parametrize(("settings", "message"), WRONG)
def test_refuses(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StaticDigits(**settings)


@pytest.mark.heavy
@pytest.mark.parametrize("settings", [{"picture": "width"}, {"picture": "colour", "image_network": "affine_separate"}])
def test_they_are_trained(settings: dict[str, Any]) -> None:
    task = StaticDigits(dataset="digits", samples_per_pair=2, epochs=1, batch_size=32, **settings)
    result = train_digits(task, 0)
    start = create_pair_network(task, 0).state_dict()
    assert all(bool((torch.tensor(value) != start[name]).any()) for name, value in result.state.items())
