"""Recurrent cells: any unit applied to [input, state], and the cells of PyTorch under one interface."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from nalm.errors import InputError, did_you_mean
from nalm.units._catalogue.registry import checked_arguments, create, names
from nalm.units._unit import checked_size

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
    """A recurrent cell: `cell(x, state)` is the next state; without a state it starts at 0, as PyTorch's cells do.

    A subclass calls `check_state(x, state)` first in `forward`, as those below do.

    Args:
        input_size: Width of each input, at least 1; any integer, NumPy's included.
        hidden_size: Width of the state, at least 1.

    Raises:
        InputError: a size is not a positive integer.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.input_size = checked_size(self, "input_size", input_size)
        self.hidden_size = checked_size(self, "hidden_size", hidden_size)

    @abstractmethod
    def forward(self, x: Tensor, state: State | None = None) -> State:
        """Return the state after input `x`, `[..., input_size]`.

        Args:
            x: The input.
            state: A tuple of `state_size` tensors `[..., hidden_size]`; None for zeros.

        Raises:
            InputError: `x` or `state` is something else; the message says what.
        """

    @property
    @abstractmethod
    def state_size(self) -> int:
        """Number of tensors in the state."""

    def initial_state(self, x: Tensor, value: float = 0.0) -> State:
        """Return a state of constant `value` for inputs shaped like `x`: 0 starts a sum, 1 a product."""
        self._check_input(x)
        shape = (*x.shape[:-1], self.hidden_size)
        return tuple(x.new_full(shape, value) for _ in range(self.state_size))

    def check_state(self, x: Tensor, state: State | None) -> State:
        """Return the state to start from: `state`, or zeros for None.

        Raises:
            InputError: `x` is no input of the cell, or `state` does not fit it.
        """
        if state is None:
            return self.initial_state(x)
        self._check_input(x)
        self._check_form(x, state)
        for part in state:
            self._check_part(x, part)
        return tuple(state)

    def _check_input(self, x: Tensor) -> None:
        name = type(self).__name__
        if not isinstance(x, Tensor):
            raise InputError(f"{name}: expects a tensor as input, got {type(x).__name__}")
        if x.ndim == 0 or x.shape[-1] != self.input_size:
            raise InputError(f"{name}: expects input of shape [..., {self.input_size}], got {list(x.shape)}")
        if not x.is_floating_point():
            raise InputError(f"{name}: expects a floating point input, got {x.dtype}")

    def _expected(self, x: Tensor) -> str:
        count = self.state_size
        shape = [*x.shape[:-1], self.hidden_size]
        return f"{type(self).__name__}: expects a tuple of {count} tensor{'s' * (count > 1)} of shape {shape} as state"

    def _check_form(self, x: Tensor, state: State) -> None:
        count = self.state_size
        if isinstance(state, Tensor):
            written = "(state,)" if count == 1 else "(output, carried)"
            raise InputError(f"{self._expected(x)}, got a tensor of shape {list(state.shape)}; write {written}")
        if not isinstance(state, (tuple, list)):
            raise InputError(f"{self._expected(x)}, got {type(state).__name__}")
        if len(state) != count:
            raise InputError(f"{self._expected(x)}, got {len(state)}")

    def _check_part(self, x: Tensor, part: Tensor) -> None:
        if not isinstance(part, Tensor):
            raise InputError(f"{self._expected(x)}, got {type(part).__name__} in it")
        if list(part.shape) != [*x.shape[:-1], self.hidden_size]:
            raise InputError(f"{self._expected(x)}, got {list(part.shape)} for an input of shape {list(x.shape)}")
        if part.device != x.device:
            raise InputError(f"{self._expected(x)}, on the device of the input, {x.device}, got {part.device}")
        if part.dtype != x.dtype and not torch.is_autocast_enabled(x.device.type):
            raise InputError(f"{self._expected(x)}, with the dtype of the input, {x.dtype}, got {part.dtype}")


def _numbered(name: str, count: int) -> tuple[str, ...]:
    return tuple(f"{name}{place + 1}" for place in range(count)) if count > 1 else (name,)


class UnitCell(Cell):
    """A unit as a cell: h' = unit([x, h]), the input first.

    Args:
        unit: A registered name or `package.module:Class`, or a module that maps `[..., input_size + hidden_size]` to
            `[..., hidden_size]`.
        input_size: Width of each input.
        hidden_size: Width of the state.
        **arguments: Constructor arguments of the unit.

    Raises:
        InputError: there is no such unit, it refuses the arguments, or a size is not a positive integer.

    Reference: Madsen & Johansen (2020), Neural Arithmetic Units, section 4.3.
    """

    state_size = 1

    def __init__(self, unit: str | nn.Module, input_size: int, hidden_size: int, **arguments: Any) -> None:
        super().__init__(input_size, hidden_size)
        if isinstance(unit, str):
            self.unit = create(unit, self.input_size + self.hidden_size, self.hidden_size, **arguments)
        elif arguments:
            raise InputError(f"UnitCell: {type(unit).__name__} is built already, got {', '.join(arguments)}")
        else:
            self.unit = unit

    def forward(self, x: Tensor, state: State | None = None) -> State:
        """Return the state after input `x`, see `Cell.forward`."""
        (h,) = self.check_state(x, state)
        return (self.unit(torch.cat([x, h], -1)),)

    def arithmetic(self) -> tuple[nn.Module, tuple[str, ...]]:
        """Return what computes the next state, and what inputs and state are called, see `nalm.formula`."""
        return self.unit, (*_numbered("x", self.input_size), *_numbered("h", self.hidden_size))


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
    dimension or none.

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
        self.cell = cls(self.input_size, self.hidden_size, **arguments)

    @property
    def state_size(self) -> int:
        """Two for the LSTM (output and cell), else one."""
        return 2 if self.kind == "lstm" else 1

    def forward(self, x: Tensor, state: State | None = None) -> State:
        """Return the state after input `x`, `[batch, input_size]` or `[input_size]`, see `Cell.forward`."""
        parts = self.check_state(x, state)
        if x.ndim > 2:
            raise InputError(f"FrameworkCell: a {self.kind} takes at most one leading dimension, got {list(x.shape)}")
        if self.kind == "lstm":
            output, carried = self.cell(x, parts)
            return output, carried
        return (self.cell(x, parts[0]),)


def create_cell(name: str, input_size: int, hidden_size: int, **arguments: Any) -> Cell:
    """Build a cell: `rnn_tanh`, `rnn_relu`, `gru`, `lstm`, `mclstm`, or any unit by its name.

    Args:
        name: The cell; a unit also as `package.module:Class`.
        input_size: Width of each input.
        hidden_size: Width of the state.
        **arguments: Constructor arguments of the unit, or of `MCLSTMCell`.

    Raises:
        InputError: there is no such cell or unit, or it refuses the arguments.
    """
    kind = _FRAMEWORK_ALIASES.get(name.lower(), name.lower())
    if kind in _FRAMEWORK:
        if arguments:
            raise InputError(f"cell {name!r} takes no arguments, got {', '.join(arguments)}")
        return FrameworkCell(kind, input_size, hidden_size)
    if kind == "mclstm":
        from nalm.units._recurrent.mclstm import MCLSTMCell

        return MCLSTMCell(input_size, hidden_size, **checked_arguments(name, MCLSTMCell, arguments))
    try:
        return UnitCell(name, input_size, hidden_size, **arguments)
    except InputError as error:
        if str(error).startswith("unknown unit"):
            nearest = did_you_mean(name.lower(), (*_FRAMEWORK, *names()))
            raise InputError(f"unknown cell {name!r}{nearest} (any unit, or one of {', '.join(_FRAMEWORK)})") from None
        raise
