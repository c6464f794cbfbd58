"""Networks in files: safetensors, and checkpoints of the original code, of which nothing but numbers is unpickled."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nalm.errors import InputError
from nalm.runs import NetworkSettings

if TYPE_CHECKING:
    from torch import Tensor, nn

# what the original's files call parameters that have other names here
_ALIASES = {"bias": "b"}
_STATE = "model_state_dict"


def network_of_names(names: str, hidden_size: int = 2) -> NetworkSettings:
    """Return the network of the units in a text such as `nau,nmu`.

    Raises:
        InputError: there are none.
    """
    from nalm.runs.network import LayerSettings

    stack = tuple(LayerSettings(unit=name.strip()) for name in names.split(",") if name.strip())
    if not stack:
        raise InputError(f"network {names!r}: give the units of its layers, such as nau,nmu")
    return NetworkSettings(label="_".join(layer.unit for layer in stack), layers=stack, hidden_size=hidden_size)


def load_network(
    path: str | os.PathLike[str], network: NetworkSettings, in_features: int = 2, out_features: int = 1
) -> nn.Module:
    """Return a network with the numbers of a file, in evaluation mode.

    Args:
        path: `.safetensors` with the names of `state_dict()`, or a checkpoint of the original code, `.pth`, whose
            parameters are found by layer, name and shape.
        network: its layers.
        in_features: its inputs.
        out_features: its outputs.

    Raises:
        InputError: the file cannot be read, or does not hold this network.
    """
    import torch

    file = Path(path)
    module = network.build(in_features, out_features)
    held = {name: value for name, value in module.state_dict().items() if value.is_floating_point()}
    found = _safetensors(file) if file.suffix == ".safetensors" else _mapped(_checkpoint(file), held, file)
    parameters = dict(module.named_parameters())
    missing = [name for name in parameters if name not in found]
    foreign = [name for name in found if name not in held]
    if missing or foreign:
        lacks = f"lacks {', '.join(missing)}" if missing else f"has {', '.join(foreign)}, which the network has not"
        raise InputError(f"{file}: {lacks}; it holds {', '.join(found) or 'nothing'}")
    for name, value in found.items():
        if value.shape != held[name].shape:
            shape = list(held[name].shape)
            raise InputError(f"{file}: {name} has the shape {list(value.shape)}, the network takes {shape}")
    with torch.no_grad():
        module.load_state_dict(found, strict=False)
    return module.eval()


def _safetensors(file: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(file)
    except (OSError, SafetensorError) as error:
        raise InputError(f"{file}: cannot be read as safetensors ({error})") from None


def _checkpoint(file: Path) -> dict[str, Tensor]:
    """Return the parameters of a checkpoint; the state of NumPy's generator in it is an array, no code."""
    import numpy as np
    import torch
    from numpy._core.multiarray import _reconstruct

    harmless: list[Any] = [_reconstruct, np.ndarray, np.dtype, type(np.dtype(np.uint32))]
    try:
        with torch.serialization.safe_globals(harmless):
            content = torch.load(file, map_location="cpu", weights_only=True)
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror or error})") from None
    except Exception as error:  # a damaged file ends in any of many
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"{file}: is no checkpoint of numbers alone, and nothing else is unpickled ({reason[:100]})"
        ) from None
    state = content.get(_STATE, content) if isinstance(content, Mapping) else None
    if not isinstance(state, Mapping) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise InputError(f"{file}: holds no parameters by name ({_STATE})")
    return dict(state)


def _mapped(state: Mapping[str, Tensor], held: Mapping[str, Tensor], file: Path) -> dict[str, Tensor]:
    """Return the tensors of `state` under the names of `held`: by layer, then by the last part of the name."""
    if set(state) <= set(held):
        return dict(state)
    theirs, ours = _by_layer(state), _by_layer(held)
    if len(theirs) != len(ours):
        raise InputError(f"{file}: has {len(theirs)} layers with parameters, the network has {len(ours)}")
    found: dict[str, Tensor] = {}
    for own_names, names in zip(ours, theirs, strict=True):
        for name in names:
            last = name.rpartition(".")[2]
            wanted = _ALIASES.get(last, last)
            fitting = [
                own
                for own in own_names
                if own.rpartition(".")[2] == wanted and held[own].shape == state[name].shape and own not in found
            ]
            if len(fitting) != 1:
                raise InputError(
                    f"{file}: cannot tell which parameter {name!r} of shape {list(state[name].shape)} is; "
                    f"this layer has {', '.join(own_names)}"
                )
            found[fitting[0]] = state[name]
    return found


def _by_layer(names: Mapping[str, Tensor]) -> list[list[str]]:
    """Return names together that belong to one layer: `layer_1.…` of the original, `0.…` of several layers here."""
    layers: dict[str, list[str]] = {}
    for name in names:
        first = re.match(r"(layer_\d+|\d+)\.", name)
        layers.setdefault(first[1] if first else "", []).append(name)
    return list(layers.values())
