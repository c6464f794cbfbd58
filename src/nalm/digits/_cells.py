"""Recurrent cells of the sequential task."""

from __future__ import annotations

import inspect

import torch
from torch import Tensor, nn

from nalm import functional, units
from nalm.digits._operations import digit_operation
from nalm.digits._stages import named_choices, refuse_arguments
from nalm.errors import InputError
from nalm.runs import NetworkSettings
from nalm.runs.network import LayerSettings
from nalm.tasks.sequential_digits import CELLS, SequentialDigits
from nalm.units import NMU, SNMU, Cell, UnitCell
from nalm.units._catalogue.load import load_factory


class SolvedCell(Cell):
    """The operation itself: the next state is state times (plus) label. Nothing is learned.

    Args:
        operation: `"mul"` or `"add"`.

    Raises:
        InputError: digit tasks have no such operation.
    """

    state_size = 1

    def __init__(self, operation: str) -> None:
        super().__init__(1, 1)
        self.operation = operation
        self._step = digit_operation(operation).step

    def forward(self, x: Tensor, state: tuple[Tensor, ...] | None = None) -> tuple[Tensor, ...]:
        """Return the state after label `x` `[..., 1]`."""
        (h,) = self.check_state(x, state)
        return (self._step(h, x),)


class PassThroughCell(Cell):
    """The label itself is the next state: shows what the image network learns of single digits."""

    state_size = 1

    def __init__(self) -> None:
        super().__init__(1, 1)

    def forward(self, x: Tensor, state: tuple[Tensor, ...] | None = None) -> tuple[Tensor, ...]:
        """Return label `x` `[..., 1]`."""
        self.check_state(x, state)
        return (x,)


class SequenceSNMU(nn.Module):
    """An sNMU as published for the sequential task: its input penalty sees the noisy inputs.

    Noise from U[1,5] makes the mean input three times as large and the penalty on weights that do not use it about
    ten times; on inputs without noise the weights reach 1 several times later.

    Args:
        unit: The sNMU whose settings are taken.
        noisy_evaluation: Whether noise stays on in evaluation mode, as in the released program.
    """

    def __init__(self, unit: SNMU, noisy_evaluation: bool) -> None:
        super().__init__()
        self.noise = unit.noise
        self.noisy_evaluation = noisy_evaluation
        self.product = NMU(
            unit.in_features,
            unit.out_features,
            bounds=unit.bounds,
            penalty_shape=unit.penalty_shape,
            input_penalty=unit.input_penalty,
            initial=unit.initial,  # type: ignore[arg-type]
        )

    def arithmetic(self) -> tuple[nn.Module, None]:
        """Return what is computed without noise, see `nalm.formula`."""
        return self.product, None

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., in]` to `[..., out]`."""
        if not (self.training or self.noisy_evaluation):
            exact: Tensor = self.product(x)
            return exact
        low, high = (1.0, 5.0) if isinstance(self.noise, str) else self.noise
        bound: float | Tensor = high
        if self.noise == "batch":
            bound = 1 + functional.batch_spread(x.detach())
        noise = functional.uniform(torch.rand_like(x), low, bound)
        noisy: Tensor = self.product(x * noise)
        return noisy / functional.product(noise, self.product.weight)


def create_cell(settings: SequentialDigits, network: NetworkSettings) -> Cell:
    """Build the cell: one of `CELLS`, or any layers of units, applied to label and state.

    Raises:
        InputError: no cell, unit or operation is called so, or a unit refuses its arguments.
    """
    first = network.layers[0]
    if network.layers == (first,) and first.unit == "mclstm":
        return units.create_cell(first.unit, settings.outputs, 1, **first.arguments)
    name = refuse_arguments(network, CELLS, "cell")
    if name == "solved":
        return SolvedCell(settings.operation)
    if name == "pass_through":
        return PassThroughCell()
    if name:
        return units.create_cell(name, settings.outputs, 1)
    digit_operation(settings.operation)
    try:
        module = _with_input_penalty(settings, network).build(settings.outputs + 1, 1)
    except InputError as error:
        if network.is_plain and str(error).startswith("unknown unit"):
            return units.create_cell(network.layers[0].unit, settings.outputs, 1)
        raise named_choices(error, network, CELLS, "cell") from None
    cell = UnitCell(module, settings.outputs, 1)
    cell.unit = _as_published(cell.unit, settings.constraints == "released")
    return cell


def _with_input_penalty(settings: SequentialDigits, network: NetworkSettings) -> NetworkSettings:
    """Let the units that can offer the penalty `input` do so, if it has a factor and they are not told otherwise."""

    def offering(layer: LayerSettings) -> LayerSettings:
        if not settings.input_penalty or not _has_input_penalty(layer.unit):
            return layer
        return LayerSettings(unit=layer.unit, arguments={"input_penalty": True, **layer.arguments})

    return network.model_copy(update={"layers": tuple(map(offering, network.layers))})


def _has_input_penalty(unit: str) -> bool:
    factory = load_factory(unit) if ":" in unit else units.resolve(unit).cls
    return "input_penalty" in inspect.signature(factory).parameters


def _as_published(module: nn.Module, noisy_evaluation: bool) -> nn.Module:
    if isinstance(module, SNMU):
        return SequenceSNMU(module, noisy_evaluation)
    for name, child in module.named_children():
        if isinstance(child, SNMU):
            setattr(module, name, SequenceSNMU(child, noisy_evaluation))
    return module
