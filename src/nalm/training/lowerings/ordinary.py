"""The ordinary loop: one run after the other, `module(x)`, `loss.backward()`, `torch.optim`.

Slow, but it trains whatever PyTorch can train, exactly as written: the module itself, with all that it keeps between
calls. The other lowerings are compared with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nalm import units
from nalm._lines import guarded
from nalm.errors import InputError
from nalm.training.step import losses
from nalm.training.step.initial import RunRandom
from nalm.training.step.objective import Objective


class OutputError(InputError):
    """What a module gives is not what a network has to give."""


class NewParameterError(OutputError):
    """A parameter is made when the optimiser has been made already."""


class OrdinaryLoop:
    """One run. What it does is to be called inside `streams.drawing()`, so that it draws from its own streams.

    Args:
        module: built and drawn; it is trained in place.
        streams: what it draws from.
        objective: what is minimised.
        label: what the network is called in messages.
        learning_rate: of the optimiser; the settings of an objective stand for all runs that differ in numbers only.
    """

    def __init__(
        self, module: nn.Module, streams: RunRandom, objective: Objective, label: str, learning_rate: float
    ) -> None:
        self.module = module
        self.streams = streams
        self._objective = objective
        self._label = label
        # all that the module names, as is usual: one may ask for gradients later
        self._parameters = list(module.parameters())
        self._names = {id(parameter): name for name, parameter in module.named_parameters()}
        self._optimizer = _optimizer(objective, self._parameters, learning_rate) if self._parameters else None
        self._pending: tuple[Tensor, Tensor] | None = None

    def measure(self, x: Tensor, t: Tensor, run_flags: Tensor, schedule: Tensor) -> tuple[float, float]:
        """Criterion and penalty of a training batch, which the next `train` has to be given as well."""
        self._pending = self._forward(x, t, run_flags, schedule)
        criterion, penalty = self._pending
        return criterion.item(), penalty.item()

    def train(self, x: Tensor, t: Tensor, run_flags: Tensor, schedule: Tensor) -> None:
        """Make one update."""
        settings = self._objective.settings
        criterion, penalty = self._pending or self._forward(x, t, run_flags, schedule)
        self._pending = None
        loss = criterion + penalty
        if self._optimizer is not None and loss.requires_grad:
            with guarded(self._label, self.module):
                self._optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                if settings.clip_gradient_norm is not None:
                    nn.utils.clip_grad_norm_(self._trained(), settings.clip_gradient_norm)
                if settings.clip_gradient_value is not None:
                    nn.utils.clip_grad_value_(self._trained(), settings.clip_gradient_value)
                self._optimizer.step()
        with torch.no_grad():
            units.learn_(self.module, criterion.detach())
            if settings.constraints == "paper":
                units.project_(self.module)

    def error(self, x: Tensor, t: Tensor) -> float:
        """Mean squared error in evaluation mode."""
        self.module.eval()
        with torch.no_grad():
            return losses.mse(self._output(x, t), self._objective.parted(t)[0]).item()

    def is_finite(self) -> bool:
        """Whether the trained parameters are numbers."""
        return all(bool(torch.isfinite(p.detach().abs().sum())) for p in self._trained())

    def held(self) -> dict[str, Tensor]:
        """All parameters and buffers by name, as they are."""
        named = {**dict(self.module.named_parameters()), **dict(self.module.named_buffers())}
        return {name: value.detach() for name, value in named.items()}

    def slots(self) -> dict[tuple[str, str], Tensor]:
        """Return what the optimiser remembers, by name of the slot and of the parameter; zeros without a gradient."""
        state = {} if self._optimizer is None else self._optimizer.state
        return {
            (slot, self._names.get(id(parameter), "")): (
                state[parameter][slot].detach() if parameter in state else torch.zeros_like(parameter)
            )
            for slot in self._objective.optimizer.slot_names
            for parameter in self._trained()
        }

    def _trained(self) -> list[nn.Parameter]:
        return [parameter for parameter in self._parameters if parameter.requires_grad]

    def _forward(self, x: Tensor, t: Tensor, run_flags: Tensor, schedule: Tensor) -> tuple[Tensor, Tensor]:
        self.module.train()
        y = self._output(x, t)
        for name, parameter in self.module.named_parameters():
            if parameter.requires_grad and id(parameter) not in self._names:
                raise NewParameterError(
                    f"{self._label}: no optimiser knows of parameter {name!r}, to be made in __init__, not later"
                )
        trained = self._trained()
        if trained and not y.requires_grad:
            raise OutputError(
                f"{self._label}: the output of forward depends on no parameter, so that none can be trained"
            )
        now = self._objective.coefficients(run_flags, schedule)
        return self._objective.terms(y, t, units.penalties(self.module), trained, now)

    def _output(self, x: Tensor, t: Tensor) -> Tensor:
        """Return the module's output, from a copy of its input."""
        with guarded(self._label, self.module):
            y = self.module(x.clone(memory_format=torch.contiguous_format))
        problem = output_problem(y, x, self._objective.parted(t)[0])
        if problem is not None:
            raise OutputError(f"{self._label}: {problem}")
        result: Tensor = y
        return result


def output_problem(y: Any, x: Tensor, t: Tensor) -> str | None:
    """Return what is wrong with an output `y` for inputs `x`, if targets are `t`."""
    if not isinstance(y, Tensor):
        parts = f" of {len(y)}" if isinstance(y, (tuple, list, dict)) else ""
        return f"forward must give one tensor of shape {list(t.shape)}, got a {type(y).__name__}{parts}"
    if y.shape != t.shape:
        return (
            f"forward maps an input of shape {list(x.shape)} to {list(y.shape)}, "
            f"but a network of {t.shape[1]} output{'s' * (t.shape[1] > 1)} must give {list(t.shape)}"
        )
    if not y.is_floating_point():
        return f"forward must give floating point numbers, got {y.dtype}"
    return None


def _optimizer(objective: Objective, trained: Sequence[nn.Parameter], learning_rate: float) -> torch.optim.Optimizer:
    settings = objective.settings
    if settings.optimizer == "adam":
        return torch.optim.Adam(trained, lr=learning_rate)
    return torch.optim.SGD(trained, lr=learning_rate, momentum=settings.momentum)


def as_numbers(held: dict[str, Tensor]) -> np.ndarray:
    """Parameters and buffers as one vector of float64; complex numbers are two each."""
    parts = []
    for value in held.values():
        real = torch.view_as_real(value.resolve_conj()) if value.is_complex() else value
        parts.append(real.reshape(-1).to(torch.float64))
    flat: np.ndarray = torch.cat([torch.zeros(0, dtype=torch.float64), *parts]).numpy()
    return flat


def as_arrays(held: dict[str, Tensor]) -> dict[str, np.ndarray]:
    """Parameters and buffers as NumPy's arrays, in their own types where NumPy has them."""
    return {name: as_array(value) for name, value in held.items()}


def as_array(value: Tensor) -> np.ndarray:
    """Return a copy as an array, in its own type if NumPy has it."""
    known = value.float() if value.dtype == torch.bfloat16 else value
    array: np.ndarray = known.detach().resolve_conj().resolve_neg().contiguous().numpy().copy()
    return array
