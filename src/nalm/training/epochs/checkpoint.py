"""Checkpoints: everything a run needs to go on as if it had never stopped, in one safetensors file."""

from __future__ import annotations

import json
import math
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nalm.errors import StoreError
from nalm.training.epochs.record import EpochRecord

_NETWORK, _OPTIMIZER, _KEPT = "network/", "optimizer/", "kept/"


@dataclass(frozen=True)
class Progress:
    """Where a run stands, before an epoch.

    Attributes:
        epoch: Epochs done.
        step: Updates done.
        records: Of the epochs before; the record of `epoch` itself is yet to come.
        diverged_epoch: See `DigitsResult`.
        digest: Of the network at the last record, where runs stop early.
        unchanged: Records in a row with that network, but for the first.
        settled_epoch: See `DigitsResult`.
    """

    epoch: int = 0
    step: int = 0
    records: tuple[EpochRecord, ...] = ()
    diverged_epoch: int | None = None
    digest: str = ""
    unchanged: int = 0
    settled_epoch: int | None = None


@dataclass
class Kept:
    """The network of the record with the least validation error, where that one is wanted.

    Attributes:
        error: The least error.
        state: Of the network that had it first.
    """

    error: float = math.inf
    state: dict[str, Tensor] = field(default_factory=dict)

    def offer(self, network: nn.Module, error: float | None) -> None:
        """Keep the network as it is now if its error is the least."""
        if error is not None and error < self.error:
            self.error = error
            self.state = {name: value.detach().clone() for name, value in network.state_dict().items()}

    def restore_(self, network: nn.Module) -> None:
        """Give `network` the values that were kept, if any were."""
        if self.state:
            network.load_state_dict(self.state)


def save(
    path: Path,
    identity: str,
    progress: Progress,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    kept: Kept | None = None,
) -> None:
    """Write a checkpoint under a temporary name, then rename it; `identity` names the run it belongs to."""
    from safetensors.torch import save_file

    names = [name for name, _ in network.named_parameters()]
    tensors = {_NETWORK + name: value for name, value in network.state_dict().items()}
    for index, values in optimizer.state_dict()["state"].items():
        for key, value in values.items():
            if value is not None:
                tensors[f"{_OPTIMIZER}{names[index]}/{key}"] = torch.as_tensor(value)
    metadata = {"identity": identity, "progress": json.dumps(asdict(progress))}
    if kept is not None and kept.state:
        tensors |= {_KEPT + name: value for name, value in kept.state.items()}
        metadata["kept"] = json.dumps(kept.error)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        save_file({name: value.contiguous() for name, value in tensors.items()}, temporary, metadata)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def load(
    path: Path, identity: str, network: nn.Module, optimizer: torch.optim.Optimizer, kept: Kept | None = None
) -> Progress:
    """Restore network and optimiser in place and return where the run stands: at its start without a file.

    Raises:
        StoreError: the file is damaged, or of another run.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        return Progress()
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise StoreError(f"checkpoint {str(path)!r} is damaged ({error}); delete it to start the run again") from None
    if metadata.get("identity") != identity:
        raise StoreError(f"checkpoint {str(path)!r} belongs to another run; give another path, or delete it")
    _restore(tensors, network, optimizer)
    if kept is not None and "kept" in metadata:
        kept.error = json.loads(metadata["kept"])
        own = {name.removeprefix(_KEPT): value for name, value in tensors.items() if name.startswith(_KEPT)}
        kept.state = {name: value.to(network.state_dict()[name].device) for name, value in own.items()}
    return _progress(json.loads(metadata["progress"]))


def _restore(tensors: dict[str, Tensor], network: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    state = {name.removeprefix(_NETWORK): t for name, t in tensors.items() if name.startswith(_NETWORK)}
    network.load_state_dict(state)
    moments: dict[int, dict[str, Tensor]] = {}
    parameters = dict(network.named_parameters())
    indices = {name: index for index, name in enumerate(parameters)}
    for name, tensor in tensors.items():
        if name.startswith(_OPTIMIZER):
            parameter, key = name.removeprefix(_OPTIMIZER).rsplit("/", 1)
            if tensor.shape == parameters[parameter].shape:
                # the fused optimiser walks parameters and moments together: their memory layouts must agree
                tensor = torch.empty_like(parameters[parameter], requires_grad=False).copy_(tensor)
            moments.setdefault(indices[parameter], {})[key] = tensor
    optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})


def _progress(content: dict[str, Any]) -> Progress:
    records = tuple(EpochRecord(**{**record, "weights": tuple(record["weights"])}) for record in content.pop("records"))
    return Progress(**content, records=records)
