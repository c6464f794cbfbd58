"""Recurrent cells."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from nalm import units
from nalm.errors import InputError

UNIT_CELLS = [name for name in units.names() if name not in ("nnu", "mul_mcfc")]


@pytest.mark.parametrize("name", UNIT_CELLS)
def test_a_unit_cell_sees_input_then_state(name: str) -> None:
    cell = units.create_cell(name, 3, 2).eval()
    x = torch.rand(5, 3) + 0.5
    state = cell.initial_state(x, 1.0)
    (h,) = cell(x, state)
    assert torch.equal(h, cell.unit(torch.cat([x, torch.ones(5, 2)], -1)))
    assert cell(x, (h,))[0].shape == (5, 2)


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("gru", nn.GRUCell),
        ("LSTM", nn.LSTMCell),
        ("rnn_tanh", nn.RNNCell),
        ("RNN-ReLU", nn.RNNCell),
        ("rnn", nn.RNNCell),
    ],
)
def test_framework_cells(name: str, cls: type[nn.Module]) -> None:
    cell = units.create_cell(name, 3, 2)
    x = torch.randn(5, 3)
    state = cell.initial_state(x)
    assert isinstance(cell.cell, cls)
    assert len(state) == cell.state_size == (2 if name == "LSTM" else 1)
    following = cell(x, state)
    assert [part.shape for part in following] == [(5, 2)] * len(state)
    assert units.sparsity_error(cell) is None
    generator = torch.Generator().manual_seed(0)
    units.reset_parameters(cell, generator)
    torch.manual_seed(0)
    expected = [torch.empty_like(p).uniform_(-(2**-0.5), 2**-0.5) for p in cell.parameters()]
    assert all(torch.equal(p, e) for p, e in zip(cell.parameters(), expected, strict=True))


@pytest.mark.parametrize("name", ["NAC", "NALU", "NAU", "NMU", "SNMU"])
def test_cells_with_a_name_of_their_own(name: str) -> None:
    named, made = getattr(units, f"{name}Cell")(3, 2), units.create_cell(name.lower(), 3, 2)
    assert isinstance(named, units.UnitCell)
    assert type(named.unit) is type(made.unit) is getattr(units, name)
    made.load_state_dict(named.state_dict())
    x = torch.rand(5, 3) + 0.5
    state = named.initial_state(x, 1.0)
    assert torch.equal(named.eval()(x, state)[0], made.eval()(x, state)[0])


def test_a_cell_s_unit_takes_arguments() -> None:
    assert units.SNMUCell(1, 1, noise="batch").unit.noise == units.SNMU(2, 1, noise="batch").noise == "batch"
    with pytest.raises(InputError, match="noise"):
        units.SNMUCell(1, 1, noise="loud")


def test_the_product_of_a_sequence() -> None:
    cell = units.create_cell("nmu", 1, 1).eval()
    with torch.no_grad():
        cell.unit.weights.W.fill_(1)
    digits = torch.tensor([3.0, 5.0, 2.0]).reshape(3, 1, 1)
    state = cell.initial_state(digits[0], 1.0)
    for digit in digits:
        state = cell(digit, state)
    assert state[0].item() == 30


def test_penalties_of_a_cell_cover_all_time_steps() -> None:
    cell = units.create_cell("nmu", 1, 1, input_penalty=True)
    state = cell.initial_state(torch.ones(2, 1), 1.0)
    seen = []
    for digit in (2.0, 3.0):
        x = torch.full((2, 1), digit)
        seen.append(torch.cat([x, state[0]], -1))
        state = cell(x, state)
    mean = torch.cat(seen).mean(0)
    expected = ((1 - cell.unit.weight) * (1 - mean) ** 2).mean()
    torch.testing.assert_close(units.penalties(cell)["input"], expected)


def test_errors() -> None:
    with pytest.raises(InputError, match="unknown cell 'lstmm'; did you mean 'lstm'"):
        units.create_cell("lstmm", 1, 1)
    with pytest.raises(InputError, match="cell 'gru' takes no arguments, got noise"):
        units.create_cell("gru", 1, 1, noise=3)
    with pytest.raises(InputError, match="kind must be one of rnn_tanh, rnn_relu, gru, lstm, got 'elman'"):
        units.FrameworkCell("elman", 1, 1)
    with pytest.raises(InputError, match="unit 'nmu' has no argument 'noise'"):
        units.create_cell("nmu", 1, 1, noise=3)
