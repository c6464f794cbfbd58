"""The whole network of the static task: picture to labels to output."""

from __future__ import annotations

from torch import Tensor, nn

from nalm import units
from nalm.digits._image_networks import ColourDigits, IsolatedDigits
from nalm.digits._stages import create_stage
from nalm.tasks.static_digits import StaticDigits
from nalm.training.step.initial import RunRandom, constructed


class DigitPairNetwork(nn.Module):
    """A picture of two digits to one number: `stage(image_network(picture))`.

    Args:
        picture: `"isolated"` (pictures `[batch, 1, 28, 56]`) or `"colour"` (`[batch, 2, 42, 42]`).
        stage: See `nalm.digits.StaticDigits`.
        operation: `"mul"` or `"add"`.

    Raises:
        InputError: an unknown stage.
    """

    image_network: IsolatedDigits | ColourDigits

    def __init__(self, picture: str = "isolated", stage: str = "nmu", operation: str = "mul") -> None:
        super().__init__()
        self.image_network = IsolatedDigits() if picture == "isolated" else ColourDigits()
        self.stage = create_stage(stage, operation)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the outputs `[batch]`."""
        return self.outputs(self.image_network(pictures))

    def outputs(self, labels: Tensor) -> Tensor:
        """Return the outputs `[batch]` for labels `[batch, 2]`."""
        outputs: Tensor = self.stage(labels)
        return outputs[..., 0]


def create_pair_network(settings: StaticDigits, seed: int) -> DigitPairNetwork:
    """Build the network with the initial values of `seed`.

    Under `paper` streams the image network is drawn twice and the stage once, as in the released program; all
    stages thus start from the same image network. A stage of the user's own stays as its constructor leaves it.
    """
    streams = RunRandom.of(seed, settings.streams)
    with streams.copy().drawing():
        network = DigitPairNetwork(settings.picture, settings.stage, settings.operation)
    if settings.streams == "paper":
        units.reset_parameters(network.image_network, streams.torch)
    if ":" in settings.stage:
        units.reset_parameters(network.image_network, streams.torch)
        network.stage = constructed(lambda: create_stage(settings.stage, settings.operation), 2, streams)
    else:
        units.reset_parameters(network, streams.torch)
    if isinstance(network.image_network, ColourDigits) and settings.constraints == "paper":
        network.image_network.start_as_identity_()
    return network
