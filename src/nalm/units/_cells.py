"""Recurrent cells: any unit applied to [input, state], and the cells of PyTorch under one interface."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from nalm.errors import InputError, did_you_mean
from nalm.units._registry import create, names

State = tuple[Tensor, ...]
"""What a cell carries from step to step; its first element, `[..., hidden_size]`, is the cell's output."""

_FRAMEWORK = {
    "rnn_tanh": (nn.RNNCell, {"nonlinearity": "tanh"}),
    "rnn_relu": (nn.RNNCell, {"nonlinearity": "relu"}),
    "gru": (nn.GRUCell, {}),
    "lstm": (nn.LSTMCell, {}),
}
_FRAMEWORK_ALIASES = {"rnn": "rnn_tanh", "rnn-tanh": "rnn_tanh", "rnn-relu": "rnn_relu"}


class Cell(nn.Module, ABC):
    """A recurrent cell: `cell(x, state)` is the next state.

    Args:
        input_size: Width of each input.
        hidden_size: Width of the state.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size

    @abstractmethod
    def forward(self, x: Tensor, state: State) -> State:
        """Return the state after input `x`, `[..., input_size]`."""

    @property
    @abstractmethod
    def state_size(self) -> int:
        """Number of tensors in the state."""

    def initial_state(self, x: Tensor, value: float = 0.0) -> State:
        """Return a state of constant `value` for inputs shaped like `x`: 0 starts a sum, 1 a product."""
        shape = (*x.shape[:-1], self.hidden_size)
        return tuple(x.new_full(shape, value) for _ in range(self.state_size))


class UnitCell(Cell):
    """A unit as a cell: h' = unit([x, h]), the input first.

    Args:
        unit: A registered name or `package.module:Class`.
        input_size: Width of each input.
        hidden_size: Width of the state.
        **arguments: Constructor arguments of the unit.

    Raises:
        InputError: there is no such unit, or it refuses the arguments.

    Reference: Madsen & Johansen (2020), Neural Arithmetic Units, section 4.3.
    """

    state_size = 1

    def __init__(self, unit: str, input_size: int, hidden_size: int, **arguments: Any) -> None:
        super().__init__(input_size, hidden_size)
        self.unit = create(unit, input_size + hidden_size, hidden_size, **arguments)

    def forward(self, x: Tensor, state: State) -> State:
        """Return the state after input `x`, `[..., input_size]`."""
        return (self.unit(torch.cat([x, state[0]], -1)),)


class _NamedCell(UnitCell):
    """`UnitCell` of one unit.

    Args:
        input_size: Width of each input.
        hidden_size: Width of the state.
        **arguments: Constructor arguments of the unit.

    Raises:
        InputError: the unit refuses the arguments.
    """

    _name: ClassVar[str]

    def __init__(self, input_size: int, hidden_size: int, **arguments: Any) -> None:
        super().__init__(self._name, input_size, hidden_size, **arguments)


class NACCell(_NamedCell):
    """`nalm.NAC` as a cell (`UnitCell`): a sum; start it at 0."""

    _name = "nac"


class NALUCell(_NamedCell):
    """`nalm.NALU` as a cell (`UnitCell`): a sum or a product."""

    _name = "nalu"


class NAUCell(_NamedCell):
    """`nalm.NAU` as a cell (`UnitCell`): a sum; start it at 0."""

    _name = "nau"


class NMUCell(_NamedCell):
    """`nalm.NMU` as a cell (`UnitCell`): a product; start it at 1."""

    _name = "nmu"


class SNMUCell(_NamedCell):
    """`nalm.SNMU` as a cell (`UnitCell`): a product, with noise in training; start it at 1."""

    _name = "snmu"


class FrameworkCell(Cell):
    """A cell of PyTorch: all its parameters are drawn from U(±1/√hidden_size); inputs have one leading
    dimension.

    Args:
        kind: `"rnn_tanh"`, `"rnn_relu"`, `"gru"` or `"lstm"`.
        input_size: Width of each input.
        hidden_size: Width of the state.

    Raises:
        InputError: `kind` is none of its choices.
    """

    def __init__(self, kind: str, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        if kind not in _FRAMEWORK:
            raise InputError(f"FrameworkCell: kind must be one of {', '.join(_FRAMEWORK)}, got {kind!r}")
        self.kind = kind
        cls, arguments = _FRAMEWORK[kind]
        self.cell = cls(input_size, hidden_size, **arguments)

    @property
    def state_size(self) -> int:
        """Two for the LSTM (output and cell), else one."""
        return 2 if self.kind == "lstm" else 1

    def forward(self, x: Tensor, state: State) -> State:
        """Return the state after input `x`, `[batch, input_size]`."""
        if self.kind == "lstm":
            output, carried = self.cell(x, (state[0], state[1]))
            return output, carried
        return (self.cell(x, state[0]),)


def create_cell(name: str, input_size: int, hidden_size: int, **arguments: Any) -> Cell:
    """Build a cell: `rnn_tanh`, `rnn_relu`, `gru`, `lstm`, or any unit by its name.

    Args:
        name: The cell; a unit also as `package.module:Class`.
        input_size: Width of each input.
        hidden_size: Width of the state.
        **arguments: Constructor arguments of the unit.

    Raises:
        InputError: there is no such cell or unit, or it refuses the arguments.
    """
    kind = _FRAMEWORK_ALIASES.get(name.lower(), name.lower())
    if kind in _FRAMEWORK:
        if arguments:
            raise InputError(f"cell {name!r} takes no arguments, got {', '.join(arguments)}")
        return FrameworkCell(kind, input_size, hidden_size)
    try:
        return UnitCell(name, input_size, hidden_size, **arguments)
    except InputError as error:
        if str(error).startswith("unknown unit"):
            nearest = did_you_mean(name.lower(), (*_FRAMEWORK, *names()))
            raise InputError(f"unknown cell {name!r}{nearest} (any unit, or one of {', '.join(_FRAMEWORK)})") from None
        raise
