"""What goes on inside a network at a logged step: gates, penalties, gradients and weights as columns of the records.

Names of columns count the units of a network from 1, in their order; `gate_2_mean` is of the second one.

gates       `gate_N_mean`, `_least`, `_most`: openings over samples and outputs; 1 is the additive path of a NALU
penalties   `penalty_NAME`: each one that units offer, before its factor, as a training step would see it
gradients   `gradient_N`: norm of the criterion's gradient to the parameters of a unit; of other parts by their name
weights     `weight_N_mean`, `_deviation`, `_least`, `_most`; `weight_N_bin_K`, how many lie between two of `BIN_EDGES`

Nothing here changes a network, or the random numbers that it goes on with.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nalm import units
from nalm.runs.record import BIN_EDGES
from nalm.training.step import losses
from nalm.units import Unit


def internals(network: nn.Module, criterion: Callable[[], Tensor], which: Collection[str]) -> dict[str, float]:
    """Return the columns of one network as it is.

    Args:
        network: In evaluation mode; its parameters' `grad` is not touched.
        criterion: Evaluates it on some samples.
        which: Of `"gates"`, `"penalties"`, `"gradients"`, `"weights"`.
    """
    found: dict[str, float] = {}
    named = list(_units(network))
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        seen = _Inputs(unit for _, unit in named)
        with seen:
            value = criterion()
        if "gates" in which:
            for number, (_, unit) in enumerate(named, start=1):
                found |= _summary(f"gate_{number}", gate_openings(unit, seen.of(unit)))
        if "penalties" in which:
            found |= _penalties([(unit, seen.of(unit)) for _, unit in named])
        if "gradients" in which:
            found |= _gradients(network, value, [name for name, _ in named])
    if "weights" in which:
        for number, (_, unit) in enumerate(named, start=1):
            found |= _weights(f"weight_{number}", unit.weight.detach())
    return found


def internals_of_rows(
    module: nn.Module, states: Sequence[Mapping[str, np.ndarray]], x: np.ndarray, t: np.ndarray, which: Collection[str]
) -> dict[str, list[float]]:
    """Return the columns of a network at several times, by name.

    Args:
        module: Of the network; its values are replaced.
        states: Parameters and buffers by name, at each time.
        x: Inputs `[samples, in]` that it is evaluated on.
        t: Their targets `[samples, out]`.
        which: See `internals`.
    """
    module.eval()
    held = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    inputs, targets = torch.tensor(x), torch.tensor(t)
    found: dict[str, list[float]] = {}
    for state in states:
        with torch.no_grad():
            for name, value in state.items():
                held[name].copy_(torch.as_tensor(value))
        values = internals(module, lambda: losses.mse(module(inputs.clone()), targets), which)
        for name, number in values.items():
            found.setdefault(name, []).append(number)
    return found


@torch.no_grad()
def gate_openings(unit: nn.Module, x: Tensor | None) -> Tensor | None:
    """Return how far the gates of a unit are open, any shape; None for a unit without gates.

    Args:
        unit: The unit.
        x: Its inputs, `[samples, in]`; None if it was not called.
    """
    openings: list[Any] = []
    if isinstance(unit, units.NALU | units.GNALU):
        openings = [] if x is None else [part(x) for part in (unit.opening, unit.opening_mul) if part is not None][:1]
    elif isinstance(unit, units.INALU):
        openings = [torch.sigmoid(unit.g)]
    elif isinstance(unit, units.DMU):
        openings = [unit.gate.softmax(-1)[:, 0]]
    elif callable(getattr(unit, "gate", None)):
        openings = [unit.gate()]  # type: ignore[operator]
    return openings[0].detach() if openings else None


class _Inputs:
    """Remembers what units are called with inside a `with` block."""

    def __init__(self, watched: Iterator[nn.Module]) -> None:
        self._watched = list(watched)
        self._seen: dict[nn.Module, list[Tensor]] = {}
        self._stack = ExitStack()

    def __enter__(self) -> None:
        for unit in self._watched:
            handle = unit.register_forward_pre_hook(self._see)
            self._stack.callback(handle.remove)

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def _see(self, unit: nn.Module, args: tuple[Any, ...]) -> None:
        x = args[0].detach()
        self._seen.setdefault(unit, []).append(x.reshape(-1, x.shape[-1]))

    def of(self, unit: nn.Module) -> Tensor | None:
        """All inputs of a unit, `[samples, in]`."""
        parts = self._seen.get(unit)
        return torch.cat(parts) if parts else None


def _units(network: nn.Module) -> Iterator[tuple[str, Unit]]:
    return ((name, module) for name, module in network.named_modules() if isinstance(module, Unit))


def _summary(name: str, values: Tensor | None) -> dict[str, float]:
    if values is None:
        return {}
    return {
        f"{name}_mean": float(values.double().mean()),
        f"{name}_least": float(values.min()),
        f"{name}_most": float(values.max()),
    }


def _penalties(called: list[tuple[Unit, Tensor | None]]) -> dict[str, float]:
    """Of copies in training mode, which remember what penalties on inputs and gates need."""
    found: dict[str, float] = {}
    for unit, x in called:
        twin = copy.deepcopy(unit).train()
        if x is not None:
            twin(x)
        for name, value in units.penalties(twin).items():
            found[f"penalty_{name}"] = found.get(f"penalty_{name}", 0.0) + float(value.detach())
    return found


def _gradients(network: nn.Module, value: Tensor, names: list[str]) -> dict[str, float]:
    parameters = {name: p for name, p in network.named_parameters() if p.requires_grad}
    if not parameters or not value.requires_grad:
        return {}
    gradients = torch.autograd.grad(value, list(parameters.values()), allow_unused=True)
    squares: dict[str, float] = {}
    for name, gradient in zip(parameters, gradients, strict=True):
        owner = next((k for k, unit in enumerate(names, start=1) if not unit or name.startswith(f"{unit}.")), None)
        part = f"gradient_{name.partition('.')[0] if owner is None else owner}"
        added = 0.0 if gradient is None else float(gradient.double().square().sum())
        squares[part] = squares.get(part, 0.0) + added
    return {part: square**0.5 for part, square in squares.items()}


def _weights(name: str, weight: Tensor) -> dict[str, float]:
    values = weight.double().reshape(-1).cpu().numpy()
    counts, _ = np.histogram(np.clip(values, BIN_EDGES[0], BIN_EDGES[-1]), BIN_EDGES)
    return {
        f"{name}_mean": float(values.mean()),
        f"{name}_deviation": float(values.std()),
        f"{name}_least": float(values.min()),
        f"{name}_most": float(values.max()),
        **{f"{name}_bin_{k}": float(count) for k, count in enumerate(counts)},
    }
