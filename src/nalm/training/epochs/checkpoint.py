"""Checkpoints: everything a run needs to go on as if it had never stopped, in one safetensors file."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nalm import files
from nalm.errors import StoreError
from nalm.training.epochs.record import EpochRecord

# what an optimiser remembers of a parameter
_REMEMBERED = {torch.optim.Adam: {"step", "exp_avg", "exp_avg_sq"}, torch.optim.SGD: {"momentum_buffer"}}

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
    """Write a checkpoint whole; `identity` names the run it belongs to.

    Raises:
        StoreError: it cannot be written; the one before it stays.
    """
    from safetensors.torch import save as to_bytes

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
    metadata["sha256"] = _checksum(metadata, tensors)
    content = to_bytes({name: value.contiguous() for name, value in tensors.items()}, metadata)
    try:
        files.write_output(path, content)
    except OSError as error:
        raise StoreError(
            f"checkpoint {str(path)!r}: {files.write_failure(error)}; the one before it and finished runs are kept, "
            "make room and give the same command again to go on"
        ) from None


def load(
    path: Path,
    identity: str,
    epochs: int,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    kept: Kept | None = None,
) -> Progress:
    """Restore network and optimiser in place and return where the run stands: at its start without a file.

    Args:
        path: the file.
        identity: names the run.
        epochs: that the run has.
        network: of the run.
        optimizer: of the run.
        kept: restored, too, if the file has it.

    Raises:
        StoreError: the file is damaged, or of another run.
    """
    from safetensors import SafetensorError, safe_open

    files.remove_stale(path.parent)
    if not path.exists():
        return Progress()
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise _damaged(path, error) from None
    checksum = metadata.pop("sha256", None)
    # those of a nalm without checksums are taken as they are
    if checksum is not None and checksum != _checksum(metadata, tensors):
        raise _damaged(path, "its content differs from its checksum")
    if metadata.get("identity") != identity:
        raise StoreError(f"checkpoint {str(path)!r} belongs to another run; give another path, or delete it")
    try:
        progress = _progress(json.loads(metadata["progress"]), epochs)
        _restore(tensors, network, optimizer)
        if kept is not None and "kept" in metadata:
            _restore_kept(kept, json.loads(metadata["kept"]), tensors, network)
    except (KeyError, IndexError, ValueError, TypeError, AttributeError, RuntimeError, RecursionError) as error:
        raise _damaged(path, error) from None
    return progress


def _restore_kept(kept: Kept, error: float, tensors: Mapping[str, Tensor], network: nn.Module) -> None:
    own = {name.removeprefix(_KEPT): value for name, value in tensors.items() if name.startswith(_KEPT)}
    state = network.state_dict()
    if {name: value.shape for name, value in own.items()} != {name: value.shape for name, value in state.items()}:
        raise ValueError("the network that is kept is not complete")
    kept.error = error
    kept.state = {name: value.to(state[name].device) for name, value in own.items()}


def _damaged(path: Path, reason: object) -> StoreError:
    said = next(iter(str(reason).splitlines()), type(reason).__name__)
    return StoreError(f"checkpoint {str(path)!r} is damaged ({said}); delete it to start the run again")


def _checksum(metadata: Mapping[str, str], tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256(json.dumps(metadata, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


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
            elif tensor.shape:
                raise ValueError(f"{name} has the shape {tuple(tensor.shape)}")
            moments.setdefault(indices[parameter], {})[key] = tensor
    if any(set(moment) != _REMEMBERED[type(optimizer)] for moment in moments.values()):
        raise ValueError("the state of the optimiser is not complete")
    optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})


def _progress(content: dict[str, Any], epochs: int) -> Progress:
    records = tuple(EpochRecord(**{**record, "weights": tuple(record["weights"])}) for record in content.pop("records"))
    progress = Progress(**content, records=records)
    counts = [progress.epoch, progress.step, *(count for record in records for count in (record.epoch, record.step))]
    if not all(isinstance(count, int) and count >= 0 for count in counts):
        raise ValueError("a count of epochs or updates is none")
    if progress.epoch > epochs:
        raise ValueError(f"epoch {progress.epoch} of {epochs}")
    return progress
