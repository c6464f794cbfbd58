"""From the two labels of a picture to its output."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nalm import units
from nalm.errors import InputError, did_you_mean


class Solved(nn.Module):
    """The operation itself, nothing learned: `[..., labels]` to `[..., 1]`.

    Args:
        operation: `"mul"` or `"add"`.
    """

    def __init__(self, operation: str) -> None:
        super().__init__()
        self.operation = operation

    def forward(self, labels: Tensor) -> Tensor:
        """Return product or sum."""
        return labels.prod(-1, keepdim=True) if self.operation == "mul" else labels.sum(-1, keepdim=True)


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


def create_stage(name: str, operation: str) -> nn.Module:
    """Build the stage `[batch, 2]` to `[batch, 1]` called `name`.

    Args:
        name: `"solved"`, `"fc"`, or any unit.
        operation: `"mul"` or `"add"`.

    Raises:
        InputError: no stage or unit is called so.
    """
    if name == "solved":
        return Solved(operation)
    if name == "fc":
        return WeightedProduct() if operation == "mul" else nn.Linear(2, 1, bias=False)
    try:
        return units.create(name, 2, 1)
    except InputError as error:
        if not str(error).startswith("unknown unit"):
            raise
        nearest = did_you_mean(name.lower(), ("solved", "fc", *units.names()))
        raise InputError(f"unknown stage {name!r}{nearest} ('solved', 'fc', or any unit)") from None
