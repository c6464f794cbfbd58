"""Weights that were kept of a network, given to a network that is built anew."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn


def load_weights_(module: nn.Module, state: Mapping[str, np.ndarray]) -> None:
    """Give `module` the values that were kept, by name; what else was kept beside them is left out.

    Raises:
        ValueError: they lack a parameter, or one has another shape; the message is its name.
    """
    known = module.state_dict()
    lacking = [name for name, _ in module.named_parameters() if name not in state]
    wrong = [name for name, value in state.items() if name in known and known[name].shape != value.shape]
    for name in (*lacking, *wrong):
        raise ValueError(name)
    values = {name: torch.from_numpy(value.copy()) for name, value in state.items() if name in known}
    module.load_state_dict(values, strict=False)
