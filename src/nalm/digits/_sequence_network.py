"""The whole network of the sequential task: one part reads labels, a recurrent cell accumulates them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nalm import units
from nalm.digits._cells import PassThroughCell, SolvedCell, create_cell
from nalm.digits._operations import digit_operation
from nalm.digits.image_networks.networks import DigitReader
from nalm.runs import NetworkSettings
from nalm.tasks.sequential_digits import SequentialDigits
from nalm.training.step.initial import RunRandom, constructed
from nalm.units import Cell, FrameworkCell, MCLSTMCell


class DigitSequenceNetwork(nn.Module):
    """Sequences of images to the state of the cell after each of them.

    Args:
        settings: Operation, number of labels per image, initial state.
        network: The cell; by default that which the settings name.

    Raises:
        InputError: an unknown cell.
    """

    def __init__(self, settings: SequentialDigits, network: NetworkSettings | None = None) -> None:
        super().__init__()
        network = network or NetworkSettings.of_unit(settings.cell)
        self.reader = DigitReader(settings.outputs)
        self.cell = create_cell(settings, network)
        self.initial_state = _initial_state(settings, network, self.cell)

    def forward(self, images: Tensor) -> Tensor:
        """Map `[batch, length, 1, 28, 28]` to states `[batch, length]`."""
        labels = self.reader(images.flatten(0, 1))
        return self.states(labels.reshape(*images.shape[:2], -1))

    def arithmetic(self) -> tuple[nn.Module, None]:
        """Return what computes the next state of labels x and the state h, see `nalm.formula`."""
        return self.cell, None

    def states(self, labels: Tensor) -> Tensor:
        """Accumulate labels `[batch, length, outputs]` to states `[batch, length]`."""
        state = self.cell.initial_state(labels[:, 0], self.initial_state)
        outputs = []
        for label in labels.unbind(1):
            state = self.cell(label, state)
            outputs.append(state[0][..., 0])
        return torch.stack(outputs, 1)


def _initial_state(settings: SequentialDigits, network: NetworkSettings, cell: Cell) -> float:
    """State before the first image: 1 starts a product, 0 a sum.

    As released, only units made for products start at 1; NALU and the cells of PyTorch start a product at 0.
    """
    if settings.initial_state is not None:
        return settings.initial_state
    neutral = digit_operation(settings.operation).neutral
    if isinstance(cell, (FrameworkCell, MCLSTMCell)):
        return 0.0
    if isinstance(cell, (SolvedCell, PassThroughCell)) or network.has_own_units:
        return neutral
    # the last layer makes the state
    operations = units.resolve(network.layers[-1].unit).operations
    return neutral if "mul" in operations and "add" not in operations else 0.0


def create_sequence_network(
    settings: SequentialDigits, seed: int, network: NetworkSettings | None = None
) -> DigitSequenceNetwork:
    """Build the network with the initial values of `seed`; its cell is `network`, by default that of the settings.

    Under `paper` streams everything is drawn three times, as in the released program (constructors, the
    end of the network's constructor, the script); the third draw counts. A cell of the user's own stays as its
    constructor leaves it.
    """
    cell_network = network or NetworkSettings.of_unit(settings.cell)
    streams = RunRandom.of(seed, settings.streams)
    with streams.copy().drawing():
        whole = DigitSequenceNetwork(settings, cell_network)
    generator = streams.torch
    if cell_network.has_own_units:
        for _ in range(3 if settings.streams == "paper" else 1):
            units.reset_parameters(whole.reader, generator)
        cell = constructed(lambda: create_cell(settings, cell_network), settings.outputs, streams)
        whole.cell = cell  # type: ignore[assignment]
        return whole
    if settings.streams == "paper":
        units.reset_parameters(whole.reader, generator)
        if isinstance(whole.cell, FrameworkCell):
            units.reset_parameters(whole.cell, generator)
        else:
            units.skip_construction_draws(whole.cell, generator)
        units.reset_parameters(whole, generator)
    units.reset_parameters(whole, generator)
    return whole
