import pytest
import torch
from torch import nn

from nalm import units
from nalm.digits import DigitSequenceNetwork, SequentialDigits
from nalm.digits._sequence_network import create_sequence_network
from nalm.errors import InputError


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("cell", "parameters", "start"),
    [
        ("nmu", 426_573, 1.0),
        ("snmu", 426_573, 1.0),
        ("snmu_batch", 426_573, 1.0),
        ("nac_mul", 426_575, 1.0),
        ("nac_nmu", 426_573, 1.0),
        ("solved", 426_571, 1.0),
        ("nalu", 426_577, 0.0),
        ("lstm", 426_587, 0.0),
        ("gru", 426_583, 0.0),
        ("rnn_tanh", 426_575, 0.0),
    ],
)
def test_cells_of_the_product(cell: str, parameters: int, start: float) -> None:
    network = create_sequence_network(SequentialDigits(cell=cell), 0)
    assert count(network) == parameters
    assert network.initial_state == start
    images = torch.randn(3, 4, 1, 28, 28)
    assert network(images).shape == (3, 4)
    # in float64, as batches of other sizes round otherwise and some cells amplify that
    network.eval().double()
    torch.testing.assert_close(network(images[:, :2].double()), network(images.double())[:, :2])


def test_sums_start_at_zero() -> None:
    for cell in ("solved", "nau", "nac", "nmu"):
        assert create_sequence_network(SequentialDigits(operation="add", cell=cell), 0).initial_state == 0
    chosen = SequentialDigits(cell="nalu", initial_state=1.0)
    assert create_sequence_network(chosen, 0).initial_state == 1


NMU_WEIGHTS = [
    (0.50590301, 0.27449036),
    (0.354213, 0.628400),
    (0.590216, 0.382749),
    (0.479489, 0.727780),
    (0.295042, 0.469367),
    (0.356570, 0.315798),
    (0.367394, 0.405466),
    (0.251994, 0.313436),
    (0.483573, 0.657393),
    (0.721341, 0.412379),
]


@pytest.mark.parametrize("seed", range(10))
def test_published_initial_weights(seed: int) -> None:
    network = create_sequence_network(SequentialDigits(), seed)
    weights = units.effective_weights(network.cell).detach()
    torch.testing.assert_close(weights, torch.tensor(NMU_WEIGHTS[seed]), atol=2e-6, rtol=0)


@pytest.mark.parametrize(
    ("operation", "cell", "convolution"),
    [
        ("mul", "nmu", (0.07735520, 0.14735208, -0.02857060)),
        ("mul", "snmu", (0.07735520, 0.14735208, -0.02857060)),
        ("mul", "nac_nmu", (0.07735520, 0.14735208, -0.02857060)),
        ("add", "nau", (0.07735520, 0.14735208, -0.02857060)),
        ("mul", "solved", (-0.10099437, -0.12346854, 0.07735520)),
    ],
)
@pytest.mark.parametrize("constraints", ["paper", "released"])
def test_published_image_networks(operation: str, cell: str, convolution: tuple[float, ...], constraints: str) -> None:
    settings = SequentialDigits(operation=operation, cell=cell, constraints=constraints)
    first = create_sequence_network(settings, 0).reader.conv1.weight.flatten()[:3]
    torch.testing.assert_close(first.detach(), torch.tensor(convolution), atol=1e-8, rtol=0)


def test_published_weights_of_the_nau() -> None:
    network = create_sequence_network(SequentialDigits(operation="add", cell="nau"), 0)
    weights = units.effective_weights(network.cell).detach()
    torch.testing.assert_close(weights, torch.tensor([0.01180595, -0.45101929]), atol=1e-8, rtol=0)


def test_label_comes_first() -> None:
    network = DigitSequenceNetwork(SequentialDigits())
    nn.init.constant_(next(network.cell.parameters()), 1.0)
    with torch.no_grad():
        next(network.cell.parameters())[0, 1] = 0.0
    labels = torch.tensor([[[2.0], [3.0], [5.0]]])
    assert network.states(labels).tolist() == [[2, 3, 5]]


LABELS = torch.tensor([[[2.0], [3.0], [5.0]], [[1.0], [9.0], [4.0]]])


@pytest.mark.parametrize("cell", ["nmu", "snmu", "snmu_batch", "solved"])
def test_ideal_cells_give_exact_products(cell: str) -> None:
    network = DigitSequenceNetwork(SequentialDigits(cell=cell)).eval()
    for parameter in network.cell.parameters():
        nn.init.ones_(parameter)
    assert network.states(LABELS).tolist() == [[2, 6, 30], [1, 9, 36]]


@pytest.mark.parametrize("cell", ["nau", "solved"])
def test_ideal_cells_give_exact_sums(cell: str) -> None:
    network = DigitSequenceNetwork(SequentialDigits(operation="add", cell=cell)).eval()
    for parameter in network.cell.parameters():
        nn.init.ones_(parameter)
    assert network.states(LABELS).tolist() == [[2, 5, 10], [1, 10, 14]]


@pytest.mark.parametrize("cell", ["snmu", "snmu_batch"])
def test_released_noise_stays_on_in_evaluation(cell: str) -> None:
    corrected, released = (
        create_sequence_network(SequentialDigits(cell=cell, constraints=constraints), 0).eval()
        for constraints in ("paper", "released")
    )
    assert torch.equal(corrected.states(LABELS), corrected.states(LABELS))
    assert not torch.equal(released.states(LABELS), released.states(LABELS))
    corrected.train()
    states = []
    for network in (corrected, released):
        torch.manual_seed(4)
        states.append(network.states(LABELS))
    torch.testing.assert_close(states[0], states[1])


@pytest.mark.parametrize("constraints", ["paper", "released"])
def test_input_penalty_of_the_snmu_sees_noisy_inputs(constraints: str) -> None:
    def penalty(cell: str) -> float:
        torch.manual_seed(0)
        network = create_sequence_network(SequentialDigits(cell=cell, constraints=constraints), 0).train()
        network.states(LABELS)
        return float(units.penalties(network.cell)["input"].detach())

    assert penalty("snmu") > 2 * penalty("nmu") > 0


def test_input_penalty_is_that_of_mean_inputs() -> None:
    weights = torch.tensor(NMU_WEIGHTS[0])
    network = create_sequence_network(SequentialDigits(cell="nmu"), 0).train()
    states = torch.cat([torch.ones(2, 1), network.states(LABELS).detach()[:, :2]], 1)
    assert float(units.penalties(network.cell)["input"].detach()) == pytest.approx(
        float(((1 - weights) * (1 - torch.stack([LABELS.mean(), states.mean()])).square()).mean()), rel=1e-5
    )


def test_penalty_off_remembers_nothing() -> None:
    network = create_sequence_network(SequentialDigits(input_penalty=0), 0).train()
    network.states(LABELS)
    assert set(units.penalties(network.cell)) == {"sparsity"}


def test_unknown_cell() -> None:
    with pytest.raises(InputError, match=r"unknown cell 'lsmt'; did you mean 'lstm'\?"):
        DigitSequenceNetwork(SequentialDigits(cell="lsmt"))
