"""Recurrent cells."""

from __future__ import annotations

import numpy as np
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


@pytest.mark.parametrize("name", ["nac", "nmu", "snmu", "rnn", "gru", "lstm"])
def test_without_a_state_a_cell_starts_at_zeros(name: str) -> None:
    cell = units.create_cell(name, 3, 2).eval()
    for x in (torch.randn(5, 3), torch.randn(3), torch.randn(0, 3)):
        zeros = tuple(torch.zeros(*x.shape[:-1], 2) for _ in range(cell.state_size))
        assert all(torch.equal(a, b) for a, b in zip(cell(x), cell(x, zeros), strict=True))
    x = torch.randn(5, 3, dtype=torch.float64)
    assert cell.double()(x)[0].dtype == torch.float64


def test_a_cell_is_pytorch_s_own() -> None:
    for name, cls in (("rnn", nn.RNNCell), ("gru", nn.GRUCell)):
        cell, own = units.create_cell(name, 3, 2), cls(3, 2)
        own.load_state_dict(cell.cell.state_dict())
        x, h = torch.randn(5, 3), torch.randn(5, 2)
        assert torch.equal(cell(x)[0], own(x))
        assert torch.equal(cell(x, (h,))[0], own(x, h))
        assert torch.equal(cell(x, [h])[0], own(x, h))


@pytest.mark.parametrize("name", ["nac", "gru"])
@pytest.mark.parametrize(
    ("state", "message"),
    [
        (
            torch.zeros(5, 2),
            "a tuple of 1 tensor of shape [5, 2] as state, got a tensor of shape [5, 2]; write (state,)",
        ),
        (torch.zeros(5), "a tuple of 1 tensor of shape [5, 2] as state, got a tensor of shape [5]; write (state,)"),
        ((), "a tuple of 1 tensor of shape [5, 2] as state, got 0"),
        ((torch.zeros(5, 2),) * 2, "a tuple of 1 tensor of shape [5, 2] as state, got 2"),
        (2.0, "as state, got float"),
        ("ab", "as state, got str"),
        ((1.0,), "as state, got float in it"),
        ((torch.zeros(5, 3),), "as state, got [5, 3] for an input of shape [5, 3]"),
        ((torch.zeros(2),), "as state, got [2] for an input of shape [5, 3]"),
        ((torch.zeros(1, 2),), "as state, got [1, 2] for an input of shape [5, 3]"),
        ((torch.zeros(5, 2, dtype=torch.float64),), "with the dtype of the input, torch.float32, got torch.float64"),
        ((torch.zeros(5, 2, dtype=torch.int64),), "with the dtype of the input, torch.float32, got torch.int64"),
        ((torch.zeros(5, 2, device="meta"),), "on the device of the input, cpu, got meta"),
    ],
)
def test_wrong_states(name: str, state: object, message: str) -> None:
    cell = units.create_cell(name, 3, 2)
    with pytest.raises(InputError) as caught:
        cell(torch.ones(5, 3), state)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{type(cell).__name__}: expects a tuple of 1 tensor of shape [5, 2]")


def test_two_tensors_of_an_lstm() -> None:
    cell = units.create_cell("lstm", 3, 2)
    with pytest.raises(InputError, match=r"a tuple of 2 tensors .*, got a tensor .*; write \(output, carried\)"):
        cell(torch.ones(5, 3), torch.zeros(5, 2))
    with pytest.raises(InputError, match=r"a tuple of 2 tensors of shape \[5, 2\] as state, got 1"):
        cell(torch.ones(5, 3), (torch.zeros(5, 2),))


@pytest.mark.parametrize("name", ["nac", "gru"])
@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([[1.0, 2.0, 3.0]], "expects a tensor as input, got list"),
        (torch.ones(5, 2), r"expects input of shape \[..., 3\], got \[5, 2\]"),
        (torch.tensor(1.0), r"expects input of shape \[..., 3\], got \[\]"),
        (torch.ones(5, 3, dtype=torch.int64), "expects a floating point input, got torch.int64"),
    ],
)
def test_wrong_inputs(name: str, x: object, message: str) -> None:
    cell = units.create_cell(name, 3, 2)
    for call in (lambda: cell(x), lambda: cell(x, (torch.zeros(5, 2),)), lambda: cell.initial_state(x)):
        with pytest.raises(InputError, match=message):
            call()


def test_cells_of_pytorch_take_one_leading_dimension() -> None:
    with pytest.raises(InputError, match=r"a gru takes at most one leading dimension, got \[2, 5, 3\]"):
        units.create_cell("gru", 3, 2)(torch.ones(2, 5, 3))
    assert units.create_cell("nmu", 3, 2)(torch.ones(2, 5, 3))[0].shape == (2, 5, 2)


def test_any_module_can_be_a_cell() -> None:
    linear = nn.Linear(5, 2)
    cell = units.UnitCell(linear, 3, 2)
    x = torch.randn(4, 3)
    assert torch.equal(cell(x)[0], linear(torch.cat([x, torch.zeros(4, 2)], -1)))
    with pytest.raises(InputError, match="Linear is built already, got bias"):
        units.UnitCell(linear, 3, 2, bias=False)


@pytest.mark.parametrize("name", ["nmu", "gru"])
def test_sizes_of_cells(name: str) -> None:
    cell = units.create_cell(name, np.int64(3), np.int32(2))
    assert (type(cell.input_size), cell.hidden_size) == (int, 2)
    for size in (0, True, 1.5, np.float64(2), "2"):
        with pytest.raises(InputError, match="input_size must be a positive integer, got"):
            units.create_cell(name, size, 2)
        with pytest.raises(InputError, match="hidden_size must be a positive integer, got"):
            units.create_cell(name, 2, size)


def test_half_precision_under_autocast() -> None:
    for name in ("nalu", "nmu", "gru"):
        cell = units.create_cell(name, 3, 2)
        with torch.autocast("cpu", torch.bfloat16):
            state = cell(torch.rand(4, 3) + 0.5)
            state = cell(torch.rand(4, 3) + 0.5, state)
        assert state[0].isfinite().all()


def test_errors() -> None:
    with pytest.raises(InputError, match="unknown cell 'lstmm'; did you mean 'lstm'"):
        units.create_cell("lstmm", 1, 1)
    with pytest.raises(InputError, match="cell 'gru' takes no arguments, got noise"):
        units.create_cell("gru", 1, 1, noise=3)
    with pytest.raises(InputError, match="kind must be one of rnn_tanh, rnn_relu, gru, lstm, got 'elman'"):
        units.FrameworkCell("elman", 1, 1)
    with pytest.raises(InputError, match="unit 'nmu' has no argument 'noise'"):
        units.create_cell("nmu", 1, 1, noise=3)
