"""What units offer, asked of whole networks."""

from __future__ import annotations

import doctest

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from nalm import units
from nalm.errors import InputError


class Bare(nn.Module):
    """A user's module: raw parameters, no reset."""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.rand(out_features, in_features))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.scale.T


class Opinionated(nn.Module):
    """A user's module with hooks of its own and a unit inside, which it answers for."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = units.NMU(2, 1)
        self.projected = False

    def penalties(self) -> dict[str, torch.Tensor]:
        return {"sparsity": torch.tensor(7.0)}

    def project_(self) -> None:
        self.projected = True

    def sparsity_error(self) -> torch.Tensor:
        return torch.tensor(0.25)


def network() -> nn.Sequential:
    return nn.Sequential(units.NAU(3, 2), nn.Sequential(nn.Identity(), units.NMU(2, 1)))


def test_penalties_of_one_name_are_summed() -> None:
    net = network()
    expected = net[0].penalties()["sparsity"] + net[1][1].penalties()["sparsity"]
    torch.testing.assert_close(units.penalties(net), {"sparsity": expected})
    assert units.penalties(nn.Linear(2, 1)) == {}


def test_project_reaches_nested_units() -> None:
    net = network()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.fill_(-3)
    units.project_(net)
    assert net[0].weights.W.unique().tolist() == [-1]
    assert net[1][1].weights.W.unique().tolist() == [0]


def test_a_module_with_a_hook_answers_for_all_below_it() -> None:
    module = nn.Sequential(Opinionated())
    assert units.penalties(module)["sparsity"] == 7
    assert units.sparsity_error(module) == 0.25
    units.project_(module)
    assert module[0].projected


def test_sparsity_error_is_the_worst() -> None:
    net = network()
    errors = [net[0].sparsity_error(), net[1][1].sparsity_error()]
    assert units.sparsity_error(net) == max(errors)
    assert units.sparsity_error(nn.Sequential(nn.Linear(2, 1))) is None


def test_effective_weights_are_row_major_in_order() -> None:
    net = network()
    expected = torch.cat([net[0].weight.flatten(), net[1][1].weight.flatten()])
    assert torch.equal(units.effective_weights(net), expected)
    complex_unit = units.NPU(2, 1)
    assert torch.equal(units.effective_weights(complex_unit), complex_unit.weight.flatten())


def test_effective_weights_of_plain_modules_are_their_parameters() -> None:
    linear = nn.Linear(2, 1)
    expected = torch.cat([linear.weight.flatten(), linear.bias])
    assert torch.equal(units.effective_weights(nn.Sequential(linear)), expected)
    mixed = nn.Sequential(linear, units.NMU(1, 1))
    assert torch.equal(units.effective_weights(mixed), torch.cat([expected, mixed[1].weight.flatten()]))
    assert units.effective_weights(nn.ReLU()).shape == (0,)


def test_plain_modules_draw_from_the_given_generator() -> None:
    net = nn.Sequential(nn.Linear(2, 3), units.NMU(3, 1), nn.Linear(1, 1))
    state = torch.get_rng_state()
    generator = torch.Generator().manual_seed(11)
    units.reset_parameters(net, generator)
    assert torch.equal(torch.get_rng_state(), state)

    torch.manual_seed(11)
    expected = nn.Sequential(nn.Linear(2, 3), units.NMU(3, 1), nn.Linear(1, 1))
    for got, wanted in zip(net.parameters(), expected.parameters(), strict=True):
        assert torch.equal(got, wanted)
    assert torch.equal(torch.rand(3), torch.rand(3, generator=generator))


def test_reset_without_a_generator_uses_the_default_one() -> None:
    net = nn.Sequential(units.NMU(2, 2), nn.Linear(2, 1))
    drawn = []
    for _ in range(2):
        torch.manual_seed(3)
        units.reset_parameters(net)
        drawn.append(units.effective_weights(net).detach().clone())
    assert torch.equal(*drawn)


def test_parameters_that_cannot_be_redrawn_are_named() -> None:
    with pytest.raises(InputError, match=r"Bare: cannot redraw parameter 'scale' without a method reset_parameters"):
        units.reset_parameters(nn.Sequential(Bare(2, 1)), torch.Generator())


def test_nothing_is_drawn_where_something_cannot_be() -> None:
    network = nn.Sequential(units.NAU(2, 2), nn.Linear(2, 2), nn.Sequential(Bare(2, 1)))
    before = [parameter.clone() for parameter in network.parameters()]
    generator = torch.Generator().manual_seed(1)
    state = generator.get_state()
    with pytest.raises(InputError, match="cannot redraw parameter 'scale'"):
        units.reset_parameters(network, generator)
    assert all(torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))
    assert torch.equal(generator.get_state(), state)


def test_a_parametrised_module_without_a_reset_is_named() -> None:
    module = Bare(2, 1)
    parametrizations.weight_norm(module, "scale")
    with pytest.raises(InputError, match=r"^Bare: cannot redraw parameter 'scale'"):
        units.reset_parameters(module, torch.Generator())


def test_modules_can_be_built_from_a_generator() -> None:
    state = torch.get_rng_state()
    built = []
    for _ in range(2):
        generator = torch.Generator().manual_seed(4)
        with units.drawing_from(generator):
            built.append(Bare(2, 1).scale)
        following = torch.rand(1, generator=generator)
    assert torch.equal(*built)
    assert torch.equal(torch.get_rng_state(), state)
    assert not torch.equal(following, torch.rand(1, generator=torch.Generator().manual_seed(4)))


def test_the_default_generator_is_restored_after_an_error() -> None:
    state = torch.get_rng_state()
    with pytest.raises(RuntimeError), units.drawing_from(torch.Generator().manual_seed(1)):
        torch.rand(1) @ torch.rand(2)
    assert torch.equal(torch.get_rng_state(), state)


def test_the_documented_training_loop() -> None:
    torch.manual_seed(0)
    result = doctest.testmod(units)
    assert (result.failed, result.attempted) == (0, 6)
