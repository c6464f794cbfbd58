"""The whole network of the static task: picture to labels to output."""

from __future__ import annotations

from torch import Tensor, nn

from nalm import units
from nalm.digits._stages import create_stage
from nalm.digits.image_networks.networks import ColourDigits, IsolatedDigits
from nalm.runs import NetworkSettings
from nalm.tasks.static_digits import StaticDigits
from nalm.training.step.initial import RunRandom, constructed


class DigitPairNetwork(nn.Module):
    """A picture of two digits to one number: `stage(image_network(picture))`.

    Args:
        picture: `"isolated"` (pictures `[batch, 1, 28, 56]`), `"colour"` (`[batch, 2, 42, 42]`) or `"width"`
            (`[batch, 1, 42, 84]`).
        stage: See `nalm.digits.StaticDigits`; or any layers, as `NetworkSettings`.
        operation: `"mul"` or `"add"`.
        image_network: See `nalm.digits.StaticDigits`.
        bounded_warps: See `nalm.digits.StaticDigits`.

    Raises:
        InputError: an unknown stage or operation.
    """

    image_network: IsolatedDigits | ColourDigits

    def __init__(
        self,
        picture: str = "isolated",
        stage: str | NetworkSettings = "nmu",
        operation: str = "mul",
        *,
        image_network: str | None = None,
        bounded_warps: bool = True,
    ) -> None:
        super().__init__()
        wide = picture == "width"
        kind = image_network or ("affine" if wide else "spline")
        self.image_network = IsolatedDigits() if picture == "isolated" else ColourDigits(kind, bounded_warps, wide)
        self.stage = create_stage(stage, operation)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the outputs `[batch]`."""
        return self.outputs(self.image_network(pictures))

    def arithmetic(self) -> tuple[nn.Module, tuple[str, ...]]:
        """Return what is computed of the labels, and what they are called, see `nalm.formula`."""
        return self.stage, ("label1", "label2")

    def outputs(self, labels: Tensor) -> Tensor:
        """Return the outputs `[batch]` for labels `[batch, 2]`."""
        outputs: Tensor = self.stage(labels)
        return outputs[..., 0]


def create_pair_network(settings: StaticDigits, seed: int, network: NetworkSettings | None = None) -> DigitPairNetwork:
    """Build the network with the initial values of `seed`; its stage is `network`, by default that of the settings.

    Under `paper` streams the image network is drawn twice and the stage once, as in the released program; all
    stages thus start from the same image network. A stage of the user's own stays as its constructor leaves it.
    """
    stage = network or NetworkSettings.of_unit(settings.stage)
    streams = RunRandom.of(seed, settings.streams)
    with streams.copy().drawing():
        whole = DigitPairNetwork(
            settings.picture,
            stage,
            settings.operation,
            image_network=settings.reads,
            bounded_warps=settings.bounded_warps,
        )
    if settings.streams == "paper":
        units.reset_parameters(whole.image_network, streams.torch)
    if stage.has_own_units:
        units.reset_parameters(whole.image_network, streams.torch)
        whole.stage = constructed(lambda: create_stage(stage, settings.operation), 2, streams)
    else:
        units.reset_parameters(whole, streams.torch)
    if isinstance(whole.image_network, ColourDigits) and settings.constraints == "paper":
        whole.image_network.start_as_identity_()
    return whole
