import pytest
import torch
from torch import Tensor, nn

from nalm import units
from nalm.digits import DigitPairNetwork, StaticDigits
from nalm.digits._pair_network import create_pair_network
from nalm.digits._stages import create_stage
from nalm.digits.image_networks.networks import ColourDigits, DigitReader, IsolatedDigits, Localisation
from nalm.digits.image_networks.thin_plate import control_points
from nalm.errors import InputError
from support.rounding import DRAWN

STAGES = ["solved", "fc", "nmu", "snmu", "snmu_batch"]


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_parameter_counts() -> None:
    assert count(IsolatedDigits()) == 1_199_882
    colour = ColourDigits()
    assert count(colour) == 589_546
    assert count(colour.classifier) == 544_810
    assert count(Localisation()) == 22_368
    assert count(DigitReader(1)) == 426_571
    assert [count(DigitPairNetwork(stage=stage)) - 1_199_882 for stage in STAGES] == [0, 2, 2, 2, 2]


PICTURES = {"isolated": (1, 28, 56), "colour": (2, 42, 42)}


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("picture", ["isolated", "colour"])
def test_shapes(picture: str, stage: str) -> None:
    network = DigitPairNetwork(picture, stage)
    pictures = torch.randn(3, *PICTURES[picture])
    labels = network.image_network(pictures)
    assert labels.shape == (3, 2)
    assert labels.min() >= 0
    assert labels.max() <= 9
    assert network(pictures).shape == (3,)
    assert network.eval()(pictures[:1]).shape == (1,)


@pytest.mark.parametrize("picture", ["isolated", "colour"])
def test_gradient_reaches_every_parameter(picture: str) -> None:
    torch.manual_seed(0)
    network = DigitPairNetwork(picture, "nmu")
    network(torch.randn(4, *PICTURES[picture])).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_left_label_reads_the_left_half() -> None:
    network = IsolatedDigits().eval()
    pictures = torch.randn(2, 1, 28, 56)
    changed = pictures.clone()
    changed[..., 28:] += 1
    before, after = network(pictures), network(changed)
    torch.testing.assert_close(before[:, 0], after[:, 0])
    assert not torch.isclose(before[:, 1], after[:, 1]).any()


def test_classifier_is_a_plain_convolutional_network() -> None:
    """The order of ReLU and pooling changes nothing but the time."""
    classifier = IsolatedDigits().eval().classifier
    images = torch.randn(5, 1, 28, 28)
    x = torch.relu(classifier.conv2(torch.relu(classifier.conv1(images))))
    x = torch.relu(classifier.fc1(torch.max_pool2d(x, 2).flatten(1)))
    expected = (classifier.fc2(x).softmax(1) * torch.arange(10)).sum(1)
    torch.testing.assert_close(classifier(images), expected)


ISOLATED = [
    (0, (-0.16692376, 0.22556226, 0.06310253), (0.39897597, 0.66222566)),
    (1, (0.31960833, -0.27250645, -0.07390594), (0.51456499, 0.71476752)),
    (2, (0.01269082, -0.07390670, 0.18590908), (0.63224906, 0.55351281)),
]
COLOUR = [
    (0, (-0.09698504, 0.04010953, -0.09821092), (0.38417184, 0.57991457)),
    (1, (0.17378826, 0.05286159, 0.18697596), (0.60157895, 0.74414402)),
    (2, (0.05094972, 0.08750767, -0.15901655), (0.51083338, 0.25670931)),
]


@pytest.mark.parametrize(
    ("picture", "seed", "convolution", "weights"),
    [("isolated", *row) for row in ISOLATED] + [("colour", *row) for row in COLOUR],
)
def test_published_initial_values(
    picture: str, seed: int, convolution: tuple[float, ...], weights: tuple[float, ...]
) -> None:
    for stage in ("nmu", "fc", "snmu"):
        network = create_pair_network(StaticDigits(picture=picture, stage=stage), seed)
        first = network.image_network.classifier.conv1.weight.flatten()[:3]
        torch.testing.assert_close(first, torch.tensor(convolution), atol=1e-8 + DRAWN, rtol=0)
        torch.testing.assert_close(
            units.effective_weights(network.stage), torch.tensor(weights), atol=1e-8 + DRAWN, rtol=0
        )


def test_warps_start_as_the_identity_or_scrambled() -> None:
    kept = create_pair_network(StaticDigits(picture="colour"), 0).image_network
    assert isinstance(kept, ColourDigits)
    halved = torch.randn(2, 2, 21, 21)
    torch.testing.assert_close(kept.localisation1(halved).reshape(2, 16, 2), control_points().expand(2, 16, 2))
    lost = create_pair_network(StaticDigits(picture="colour", constraints="released"), 0).image_network
    assert isinstance(lost, ColourDigits)
    expected = torch.tensor([-0.05070649, -0.07345711, -0.09382221])
    torch.testing.assert_close(lost.localisation1.fc2.bias[:3], expected, atol=1e-8 + DRAWN, rtol=0)


def test_creating_a_network_leaves_the_default_generator_alone() -> None:
    torch.manual_seed(0)
    state = torch.get_rng_state()
    create_pair_network(StaticDigits(), 3)
    assert torch.equal(torch.get_rng_state(), state)


def test_fast_streams_give_other_values() -> None:
    paper, fast = (
        create_pair_network(StaticDigits(streams=streams), 0).image_network.classifier.conv1.weight
        for streams in ("paper", "fast")
    )
    assert not torch.equal(paper, fast)


def ideal(stage: nn.Module) -> nn.Module:
    for parameter in stage.parameters():
        nn.init.ones_(parameter)
    return stage


def every_pair() -> Tensor:
    return torch.cartesian_prod(torch.arange(10.0), torch.arange(10.0))


@pytest.mark.parametrize("name", STAGES)
def test_ideal_stages_give_exact_products(name: str) -> None:
    stage, pairs = ideal(create_stage(name, "mul")).eval(), every_pair()
    assert torch.equal(stage(pairs)[:, 0], pairs[:, 0] * pairs[:, 1])


@pytest.mark.parametrize("name", ["snmu", "snmu_batch"])
def test_noise_of_an_ideal_stage_cancels(name: str) -> None:
    stage, pairs = ideal(create_stage(name, "mul")).train(), every_pair()
    torch.testing.assert_close(stage(pairs)[:, 0], pairs[:, 0] * pairs[:, 1], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["solved", "fc", "nau"])
def test_ideal_stages_give_exact_sums(name: str) -> None:
    stage, pairs = ideal(create_stage(name, "add")).eval(), every_pair()
    assert torch.equal(stage(pairs)[:, 0], pairs[:, 0] + pairs[:, 1])


def test_penalty_of_the_published_weights() -> None:
    network = create_pair_network(StaticDigits(), 0)
    penalty = units.penalties(network.stage)["sparsity"]
    assert float(penalty.detach()) == pytest.approx(0.36837515, abs=1e-7)


def test_unknown_stage() -> None:
    with pytest.raises(InputError, match=r"unknown stage 'sovled'; did you mean 'solved'\?"):
        create_stage("sovled", "mul")
