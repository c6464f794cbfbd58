"""From the two labels of a picture to its output."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from nalm import units
from nalm.digits._operations import digit_operation
from nalm.errors import InputError, did_you_mean
from nalm.runs import NetworkSettings
from nalm.tasks.static_digits import STAGES


class Solved(nn.Module):
    """The operation itself, nothing learned: `[..., labels]` to `[..., 1]`.

    Args:
        operation: `"mul"` or `"add"`.

    Raises:
        InputError: digit tasks have no such operation.
    """

    def __init__(self, operation: str) -> None:
        super().__init__()
        self.operation = operation
        self._of_labels = digit_operation(operation).of_labels

    def forward(self, labels: Tensor) -> Tensor:
        """Return product or sum."""
        return self._of_labels(labels)


class WeightedProduct(nn.Module):
    """Π_i w_i z_i: the FC stage; no identity, no penalty, no bounds. `[..., 2]` to `[..., 1]`.

    Only the product of its weights matters. Mistry et al. (2022), section 6.1.
    """

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(1, 2))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw both weights from U(0.25, 0.75)."""
        nn.init.uniform_(self.weight, 0.25, 0.75)

    def forward(self, labels: Tensor) -> Tensor:
        """Return the product."""
        return (self.weight * labels).prod(-1, keepdim=True)


_WEIGHTED: dict[str, Callable[[], nn.Module]] = {
    "mul": WeightedProduct,
    "add": lambda: nn.Linear(2, 1, bias=False),
}


def create_stage(stage: NetworkSettings | str, operation: str) -> nn.Module:
    """Build the stage `[batch, 2]` to `[batch, 1]`.

    Args:
        stage: One layer `"solved"` or `"fc"`, or any layers of units; or the name of one.
        operation: `"mul"` or `"add"`.

    Raises:
        InputError: no stage, unit or operation is called so, or a unit refuses its arguments.
    """
    network = NetworkSettings.of_unit(stage) if isinstance(stage, str) else stage
    name = refuse_arguments(network, STAGES, "stage")
    if name == "solved":
        return Solved(operation)
    if name == "fc":
        digit_operation(operation)
        return _WEIGHTED[operation]()
    try:
        return network.build(2, 1)
    except InputError as error:
        raise named_choices(error, network, STAGES, "stage") from None


def refuse_arguments(network: NetworkSettings, own: tuple[str, ...], what: str) -> str:
    """Return the name of the only layer, if it is one of `own`, else "".

    Raises:
        InputError: it has arguments, or is one of several layers.
    """
    for layer in network.layers:
        if layer.unit in own and len(network.layers) > 1:
            raise InputError(f"{what} {layer.unit!r}: stands alone, not among layers")
        if layer.unit in own and layer.arguments:
            raise InputError(f"{what} {layer.unit!r}: takes no arguments, got {', '.join(layer.arguments)}")
    first = network.layers[0].unit
    return first if first in own else ""


def named_choices(error: InputError, network: NetworkSettings, own: tuple[str, ...], what: str) -> InputError:
    """Return `error`; of an unknown unit with the names that may stand there."""
    name = next((layer.unit for layer in network.layers if f"unknown unit {layer.unit!r}" in str(error)), None)
    if name is None:
        return error
    nearest = did_you_mean(name.lower(), (*own, *units.names()))
    return InputError(f"unknown {what} {name!r}{nearest} ({', '.join(map(repr, own))}, or any unit)")
