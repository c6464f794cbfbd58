"""Where and in which precision a run computes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nalm.errors import InputError
from nalm.runs.record import MadeBy

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class ComputeContext:
    """Where a run computes.

    Attributes:
        device: Of network and data.
        bfloat16: Whether image networks compute in mixed precision.
    """

    device: torch.device
    bfloat16: bool

    def mixed_precision(self) -> torch.autocast:
        """Return a context in which image networks are called."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bfloat16)

    def tensor(self, values: NDArray[Any]) -> Tensor:
        """Copy `values` to the device."""
        return torch.tensor(values, device=self.device)

    def network(self, network: Network) -> Network:
        """Move a network to the device, its images channels last: convolutions take two thirds of the time."""
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return network.to(self.device)

    def pictures(self, pictures: Tensor) -> Tensor:
        """Lay out pictures `[batch, channels, height, width]` as the network expects them."""
        return pictures.contiguous(memory_format=torch.channels_last)


def made_by(device: str) -> MadeBy:
    """Return what decides the bits of a run on the device called `device`."""
    found = find_device(device)
    on_gpu = found.type == "cuda"
    return MadeBy(
        "an ordinary loop",
        compiler=f"CUDA {torch.version.cuda}" if on_gpu else "",
        instructions=torch.cuda.get_device_name(found) if on_gpu else torch.backends.cpu.get_cpu_capability(),
    )


def find_device(name: str) -> torch.device:
    """Return the device called `name`.

    Raises:
        InputError: it is unknown, or not here.
    """
    try:
        device = torch.device(name)
    except RuntimeError:
        raise InputError(f"device {name!r}: give 'cpu' or 'cuda'") from None
    if device.type not in ("cpu", "cuda"):
        raise InputError(f"device {name!r}: give 'cpu' or 'cuda'")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise InputError(f"device {name!r}: PyTorch finds no CUDA device here; give 'cpu'")
    if device.type == "cuda" and device.index is not None and device.index >= torch.cuda.device_count():
        raise InputError(f"device {name!r}: there are only {torch.cuda.device_count()} CUDA devices, from cuda:0 on")
    return device
