"""The whole network of the sequential task: one part reads labels, a recurrent cell accumulates them."""

from __future__ import annotations

import inspect

import torch
from torch import Tensor, nn

from nalm import functional, units
from nalm.digits._image_networks import DigitReader
from nalm.tasks.sequential_digits import SequentialDigits
from nalm.training.step.initial import RunRandom, constructed
from nalm.units import NMU, SNMU, Cell, FrameworkCell, UnitCell

# in the name of a module of the user's own
_OWN_CLASS = ":"


class SolvedCell(Cell):
    """The operation itself: the next state is state times (plus) label. Nothing is learned.

    Args:
        operation: `"mul"` or `"add"`.
    """

    state_size = 1

    def __init__(self, operation: str) -> None:
        super().__init__(1, 1)
        self.operation = operation

    def forward(self, x: Tensor, state: tuple[Tensor, ...] | None = None) -> tuple[Tensor, ...]:
        """Return the state after label `x` `[..., 1]`."""
        (h,) = self.check_state(x, state)
        return (h * x if self.operation == "mul" else h + x,)


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
        self.product = NMU(unit.in_features, unit.out_features, input_penalty=unit.input_penalty)

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


class DigitSequenceNetwork(nn.Module):
    """Sequences of images to the state of the cell after each of them.

    Args:
        settings: Cell, number of labels per image, initial state.

    Raises:
        InputError: an unknown cell.
    """

    def __init__(self, settings: SequentialDigits) -> None:
        super().__init__()
        self.reader = DigitReader(settings.outputs)
        self.cell = _create_cell(settings)
        self.initial_state = _initial_state(settings, self.cell)

    def forward(self, images: Tensor) -> Tensor:
        """Map `[batch, length, 1, 28, 28]` to states `[batch, length]`."""
        labels = self.reader(images.flatten(0, 1))
        return self.states(labels.reshape(*images.shape[:2], -1))

    def states(self, labels: Tensor) -> Tensor:
        """Accumulate labels `[batch, length, outputs]` to states `[batch, length]`."""
        state = self.cell.initial_state(labels[:, 0], self.initial_state)
        outputs = []
        for label in labels.unbind(1):
            state = self.cell(label, state)
            outputs.append(state[0][..., 0])
        return torch.stack(outputs, 1)


def _initial_state(settings: SequentialDigits, cell: Cell) -> float:
    """State before the first image: 1 starts a product, 0 a sum.

    As released, only units made for products start at 1; NALU and the cells of PyTorch start a product at 0.
    """
    if settings.initial_state is not None:
        return settings.initial_state
    if settings.operation == "add" or isinstance(cell, FrameworkCell):
        return 0.0
    if isinstance(cell, SolvedCell) or _OWN_CLASS in settings.cell:
        return 1.0
    operations = units.resolve(settings.cell).operations
    return 1.0 if "mul" in operations and "add" not in operations else 0.0


def _create_cell(settings: SequentialDigits) -> Cell:
    if settings.cell == "solved":
        return SolvedCell(settings.operation)
    cell = units.create_cell(settings.cell, settings.outputs, 1)
    if not isinstance(cell, UnitCell):
        return cell
    if settings.input_penalty and "input_penalty" in inspect.signature(type(cell.unit)).parameters:
        cell = UnitCell(settings.cell, settings.outputs, 1, input_penalty=True)
    if isinstance(cell.unit, SNMU):
        cell.unit = SequenceSNMU(cell.unit, noisy_evaluation=settings.constraints == "released")
    return cell


def create_sequence_network(settings: SequentialDigits, seed: int) -> DigitSequenceNetwork:
    """Build the network with the initial values of `seed`.

    Under `paper` streams everything is drawn three times, as in the released program (constructors, the
    end of the network's constructor, the script); the third draw counts. A cell of the user's own stays as its
    constructor leaves it.
    """
    streams = RunRandom.of(seed, settings.streams)
    with streams.copy().drawing():
        network = DigitSequenceNetwork(settings)
    generator = streams.torch
    if _OWN_CLASS in settings.cell:
        for _ in range(3 if settings.streams == "paper" else 1):
            units.reset_parameters(network.reader, generator)
        network.cell = constructed(lambda: _create_cell(settings), settings.outputs, streams)  # type: ignore[assignment]
        return network
    if settings.streams == "paper":
        units.reset_parameters(network.reader, generator)
        if isinstance(network.cell, FrameworkCell):
            units.reset_parameters(network.cell, generator)
        else:
            units.skip_construction_draws(network.cell, generator)
        units.reset_parameters(network, generator)
    units.reset_parameters(network, generator)
    return network
