"""What every unit offers beyond `torch.nn.Module`."""

from __future__ import annotations

import inspect
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from operator import index
from typing import Any

import torch
from torch import Tensor, nn

from nalm.errors import InputError, did_you_mean

_NOT_SHOWN = ("device", "dtype")


class Unit(nn.Module, ABC):
    """A layer that does arithmetic: maps `[..., in_features]` to `[..., out_features]`.

    A subclass stores each constructor argument under its own name, calls `check_input(x)` first in `forward`,
    and implements `weight`, `reset_parameters` and whatever of `penalties` and `project_` it needs.
    Subclasses that are complete are not subclassed further.

    Args:
        in_features: Number of inputs, at least 1; any integer, NumPy's included.
        out_features: Number of outputs, at least 1.

    Raises:
        InputError: a size is not a positive integer.
    """

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.in_features = checked_size(self, "in_features", in_features)
        self.out_features = checked_size(self, "out_features", out_features)

    @property
    @abstractmethod
    def weight(self) -> Tensor:
        """The effective arithmetic weights, `[out, in]`, or `[k, out, in]` where the unit has k matrices."""

    @abstractmethod
    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw new initial values, in the released code's order, from `generator` (default: torch's own)."""

    @abstractmethod
    def sparsity_error(self) -> Tensor:
        """Return the distance of the worst weight from {-1, 0, 1}, a scalar tensor."""

    def penalties(self) -> dict[str, Tensor]:
        """Return named scalars to be added to the loss, each with a factor of the caller's choice.

        Keys: `sparsity`, `bounds`, `input`, `gate`, `npu_weight`, `npu_gate`, `inalu`, `copies`.
        """
        return {}

    def project_(self) -> None:
        """Clamp the parameters to their domain, in place; call it after each optimiser step."""

    def skip_construction_draws(self, generator: torch.Generator) -> None:
        """Draw and drop what the released code's constructor draws before the first `reset_parameters`."""

    def learn_(self, loss: Tensor) -> None:
        """Learn from the loss of the last training forward pass; only units with bandits do."""

    def check_input(self, x: Tensor) -> None:
        """Refuse an input that the unit cannot map.

        Raises:
            InputError: `x` is no tensor, has no feature dimension of size `in_features`, or is not of a floating
                point type.
        """
        if not isinstance(x, Tensor):
            raise InputError(f"{type(self).__name__}: expects a tensor, got {type(x).__name__}")
        if x.ndim == 0 or x.shape[-1] != self.in_features:
            raise InputError(
                f"{type(self).__name__}: expects input of shape [..., {self.in_features}], "
                f"got [{', '.join(map(str, x.shape))}]"
            )
        if not x.is_floating_point():
            raise InputError(f"{type(self).__name__}: expects a floating point input, got {x.dtype}")

    def extra_repr(self) -> str:
        """Return the arguments of the call that would build this unit, without those at their default."""
        shown = []
        for name, parameter in inspect.signature(type(self)).parameters.items():
            if name in _NOT_SHOWN:
                continue
            value = getattr(self, name)
            if parameter.default is inspect.Parameter.empty:
                shown.append(repr(value))
            elif value != parameter.default:
                shown.append(f"{name}={value!r}")
        return ", ".join(shown)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.extra_repr()})"


def clamp_(parameter: Tensor, low: float, high: float) -> None:
    """Clamp in place, written as a copy: `Tensor.clamp_` has no batching rule for `torch.func.vmap`."""
    with torch.no_grad():
        parameter.copy_(parameter.clamp(low, high))


def checked_size(owner: object, name: str, value: Any, *, least: int = 1) -> int:
    """Return `value` as an int if it is an integer, NumPy's and others included, of `least` or more.

    Raises:
        InputError: it is not one; the message names the class and the argument.
    """
    try:
        # NumPy refuses its own booleans as an index, Python and PyTorch do not
        size = None if isinstance(value, bool) or str(getattr(value, "dtype", "")) == "torch.bool" else index(value)
    except TypeError:
        size = None
    if size is None or size < least:
        kind = "a positive integer" if least == 1 else f"an integer of {least} or more"
        raise InputError(f"{type(owner).__name__}: {name} must be {kind}, got {value!r}")
    return size


def checked_choice(owner: object, name: str, value: Any, choices: Sequence[str]) -> Any:
    """Return `value` if it is one of `choices`.

    Raises:
        InputError: it is not; the message names the class, the argument and the choices.
    """
    if value not in choices:
        nearest = did_you_mean(value, choices) if isinstance(value, str) else ""
        allowed = ", ".join(repr(choice) for choice in choices)
        raise InputError(f"{type(owner).__name__}: {name} must be one of {allowed}, got {value!r}{nearest}")
    return value


def checked_range(owner: object, name: str, value: Any, *, above: float = -math.inf) -> tuple[float, float]:
    """Return `value` as a pair low < high of numbers greater than `above`.

    Raises:
        InputError: it is not one; the message names the class and the argument.
    """
    try:
        low, high = value
        good = above < low < high < math.inf
    except (TypeError, ValueError):
        good = False
    if not good:
        limit = "" if above == -math.inf else f" greater than {above:g}"
        raise InputError(f"{type(owner).__name__}: {name} must be an increasing pair of numbers{limit}, got {value!r}")
    return _number(low), _number(high)


def _number(value: Any) -> Any:
    """Return a number of NumPy or PyTorch as one of Python, which its `repr` can build again."""
    return value.item() if hasattr(value, "item") else value
