"""Pruned and parametrised weights in networks, plain layers, units of one's own, copies and files."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize, prune

from nalm import units
from support.computations import COMPUTATIONS, Same


def test_pruning_of_a_whole_network_and_its_removal() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(units.NAU(4, 3), nn.Linear(3, 3), units.RealNPU(3, 1))
    chosen = [(network[0].weights, "W"), (network[1], "weight"), (network[2].exponents, "W_re")]
    prune.global_unstructured(chosen, pruning_method=prune.L1Unstructured, amount=0.5)
    masks = [module.get_buffer(f"{name}_mask").clone() for module, name in chosen]
    optimizer = torch.optim.Adam(network.parameters(), lr=0.1)
    for _ in range(4):
        optimizer.zero_grad()
        (network(torch.ones(5, 4)).square().mean() + units.penalties(network)["sparsity"]).backward()
        optimizer.step()
        units.project_(network)
    units.reset_parameters(network, torch.Generator().manual_seed(1))
    plain = nn.Sequential(units.NAU(4, 3), nn.Linear(3, 3), units.RealNPU(3, 1))
    units.reset_parameters(plain, torch.Generator().manual_seed(1))
    drawn = [plain[0].weights.W, plain[1].weight, plain[2].exponents.W_re]
    for (module, name), mask, value in zip(chosen, masks, drawn, strict=True):
        assert torch.equal(getattr(module, name), value * mask)
        prune.remove(module, name)
        assert isinstance(getattr(module, name), nn.Parameter)
    units.project_(network)


def test_copies_and_files_are_those_of_pytorch() -> None:
    unit, linear = units.NMU(3, 2), nn.Linear(3, 2)
    for module, name in ((unit.weights, "W"), (linear, "weight")):
        parametrize.register_parametrization(module, name, Same())
    twin = copy.deepcopy(unit)
    assert torch.equal(twin(torch.ones(1, 3)), unit(torch.ones(1, 3)))
    for module in (unit, linear):
        with pytest.raises(
            RuntimeError, match="Serialization of parametrized modules is only supported through state_dict"
        ):
            pickle.dumps(module)
    other = units.NMU(3, 2)
    parametrize.register_parametrization(other.weights, "W", Same())
    other.load_state_dict(unit.state_dict())
    assert torch.equal(other.weight, unit.weight)
    parametrize.remove_parametrizations(unit.weights, "W")
    assert torch.equal(other.weight, unit.weight)
    assert repr(units.create("nmu", 3, 2)) == repr(unit)
    pickle.loads(pickle.dumps(unit)).project_()


def test_a_unit_of_ones_own_writes_in_place_and_is_heard() -> None:
    class Own(units.Unit):
        def __init__(self, in_features: int, out_features: int) -> None:
            super().__init__(in_features, out_features)
            self.W = nn.Parameter(torch.empty(out_features, in_features))
            self.reset_parameters()

        @property
        def weight(self) -> Tensor:
            return self.W

        def forward(self, x: Tensor) -> Tensor:
            return x @ self.W.T

        def reset_parameters(self, generator: torch.Generator | None = None) -> None:
            nn.init.uniform_(self.W, 0.2, 0.3, generator=generator)

        def project_(self) -> None:
            with torch.no_grad():
                self.W.clamp_(0, 1)

        def sparsity_error(self) -> Tensor:
            return self.W.abs().max()

    for how in ("l1", "same", "weight_norm"):
        unit = Own(2, 1)
        COMPUTATIONS[how](unit, "W")
        with torch.no_grad():
            for parameter in unit.parameters():
                parameter.fill_(3)
        unit(torch.ones(1, 2))
        units.project_(unit)
        unit(torch.ones(1, 2))
        assert unit.weight.max().item() == pytest.approx(1), how
        units.reset_parameters(unit, torch.Generator().manual_seed(0))
        unit(torch.ones(1, 2))
        assert 0.2 < unit.weight.max() < 0.3, how


@pytest.mark.parametrize("how", ["l1", "same", "weight_norm", "older_weight_norm"])
def test_plain_layers_are_redrawn_too(how: str) -> None:
    linear = nn.Linear(4, 2)
    COMPUTATIONS[how](linear, "weight")
    units.reset_parameters(linear, torch.Generator().manual_seed(1))
    linear(torch.ones(1, 4))
    torch.manual_seed(1)
    expected = nn.Linear(4, 2)
    mask = linear.weight_mask if how == "l1" else 1
    torch.testing.assert_close(linear.weight.detach(), expected.weight.detach() * mask)
    torch.testing.assert_close(linear.bias.detach(), expected.bias.detach())
