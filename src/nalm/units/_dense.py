"""Dense baselines: one layer, and layers stacked to a perceptron."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn import init

from nalm import functional
from nalm.units import _draws
from nalm.units._computed import refresh, written_through
from nalm.units._unit import Unit, checked_choice, checked_size


class _Activation(NamedTuple):
    apply: Callable[[Tensor], Tensor]
    gain: float | None
    """Gain of the Xavier uniform draw; None for U(±√(limit / in))."""
    limit: float = 6.0


def _identity(x: Tensor) -> Tensor:
    return x


_ACTIVATIONS = {
    "linear": _Activation(_identity, 1.0),
    "relu": _Activation(F.relu, None),
    "relu6": _Activation(F.relu6, None),
    "tanh": _Activation(torch.tanh, 5 / 3),
    "sigmoid": _Activation(torch.sigmoid, 1.0),
    "softsign": _Activation(F.softsign, 1.0),
    "elu": _Activation(F.elu, None),
    "selu": _Activation(F.selu, None, 3.0),
}


class Dense(Unit):
    """One dense layer, y = f(W x + b): the baseline that the units are compared with.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        activation: f, one of `"linear"`, `"relu"`, `"relu6"`, `"tanh"`, `"sigmoid"`, `"softsign"`, `"elu"`,
            `"selu"`.
        bias: Whether b exists; it starts at 0.
        device: As in `torch.nn.Linear`.
        dtype: As in `torch.nn.Linear`.

    Raises:
        InputError: `activation` is none of its choices.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        activation: str = "linear",
        bias: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(in_features, out_features)
        self.activation = checked_choice(self, "activation", activation, tuple(_ACTIVATIONS))
        self.bias = bias
        self.W = nn.Parameter(torch.empty(self.out_features, self.in_features, device=device, dtype=dtype))
        self.b = nn.Parameter(torch.empty(self.out_features, device=device, dtype=dtype)) if bias else None
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., in_features]` to `[..., out_features]`."""
        self.check_input(x)
        return _ACTIVATIONS[self.activation].apply(F.linear(x, self.W, self.b))

    @property
    def weight(self) -> Tensor:
        """W, `[out, in]`; the bias is not one of them."""
        refresh(self)
        return self.W

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw W by the rule of its activation; the bias is 0."""
        activation = _ACTIVATIONS[self.activation]
        with written_through(self, exact=False):
            if activation.gain is not None:
                _draws.xavier_uniform_(self.W, generator, activation.gain)
            else:
                bound = math.sqrt(activation.limit / self.in_features)
                _draws.uniform_(self.W, -bound, bound, generator)
            if self.b is not None:
                init.zeros_(self.b)

    def sparsity_error(self) -> Tensor:
        """Return the distance of the worst weight from {-1, 0, 1}; the bias is not counted."""
        return functional.sparsity_error(self.weight)


class MLP(nn.Sequential):
    """A perceptron of `Dense` layers: hidden layers with an activation, then a linear layer.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        hidden_size: Width of each hidden layer, at least 1.
        depth: Number of hidden layers after the first, at least 0.
        activation: Activation of the hidden layers, see `Dense`.
        bias: Whether all layers have a bias.
        device: As in `torch.nn.Linear`.
        dtype: As in `torch.nn.Linear`.

    Raises:
        InputError: a size is out of its range, or `activation` is none of its choices.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        hidden_size: int = 2,
        depth: int = 0,
        activation: str = "relu",
        bias: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        in_features = checked_size(self, "in_features", in_features)
        out_features = checked_size(self, "out_features", out_features)
        hidden_size = checked_size(self, "hidden_size", hidden_size)
        depth = checked_size(self, "depth", depth, least=0)
        hidden = [
            Dense(width, hidden_size, activation=activation, bias=bias, device=device, dtype=dtype)
            for width in (in_features, *[hidden_size] * depth)
        ]
        super().__init__(*hidden, Dense(hidden_size, out_features, bias=bias, device=device, dtype=dtype))
        self.in_features = in_features
        self.out_features = out_features
