"""The mass-conserving LSTM cell."""

from __future__ import annotations

import pytest
import torch

from nalm import units
from nalm.digits import DigitSequenceNetwork, SequentialDigits
from nalm.errors import InputError
from nalm.runs import NetworkSettings
from nalm.runs.network import LayerSettings


@pytest.mark.parametrize("normaliser", ["softmax", "sigmoid"])
@pytest.mark.parametrize("hidden", [1, 3])
def test_mass_is_conserved(normaliser: str, hidden: int) -> None:
    torch.manual_seed(0)
    cell = units.create_cell("mclstm", 2, hidden, normaliser=normaliser)
    masses = torch.rand(6, 5, 2)
    state = cell.initial_state(masses[0])
    out = torch.zeros(5)
    for mass in masses:
        state = cell(mass, state)
        out = out + state[0].sum(-1)
    torch.testing.assert_close(out + state[1].sum(-1), masses.sum((0, 2)))


def test_a_cumulative_cell_of_one_number_sums() -> None:
    cell = units.MCLSTMCell(1, 1, cumulative=True)
    state = cell.initial_state(torch.zeros(4, 1))
    for label in (2.0, 7.0, -1.0):
        state = cell(torch.full((4, 1), label), state)
    torch.testing.assert_close(state[0], torch.full((4, 1), 8.0))


def test_starts_nearly_closed_and_is_redrawn() -> None:
    cell = units.MCLSTMCell(3, 3)
    generator = torch.Generator().manual_seed(0)
    units.reset_parameters(cell, generator)
    kept = [parameter.detach().clone() for parameter in cell.parameters()]
    units.reset_parameters(cell, torch.Generator().manual_seed(0))
    assert all(torch.equal(a, b) for a, b in zip(kept, cell.parameters(), strict=True))
    assert torch.equal(cell.output_bias, torch.full((3,), -3.0))
    assert torch.equal(cell.junction_bias, 3 * torch.eye(3))


def test_refuses_what_it_has_not() -> None:
    with pytest.raises(InputError, match="normaliser must be one of 'softmax', 'sigmoid', got 'max'"):
        units.MCLSTMCell(1, 1, normaliser="max")
    with pytest.raises(InputError, match="has no argument 'cumulativ'; did you mean 'cumulative'"):
        units.create_cell("mclstm", 1, 1, cumulativ=True)


def test_digit_sequences_take_it_with_its_arguments() -> None:
    layer = LayerSettings(unit="mclstm", arguments={"cumulative": True})
    network = DigitSequenceNetwork(SequentialDigits(), NetworkSettings(label="sum", layers=(layer,)))
    assert network.initial_state == 0
    labels = torch.tensor([[[2.0], [3.0]]])
    torch.testing.assert_close(network.states(labels), torch.tensor([[2.0, 5.0]]))
