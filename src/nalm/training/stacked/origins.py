"""Why a run of a user's own module is not finite from its first step on."""

from __future__ import annotations

import numpy as np
import torch

from nalm.errors import InputError
from nalm.training.lowerings.finite import not_finite
from nalm.training.stacked.batches import ArithmeticRun
from nalm.training.step.initial import initial_network


def origin(run: ArithmeticRun, batch: np.ndarray) -> str:
    """Return what the module of a run gives for its first batch before any update, if that is not finite, and where.

    Args:
        run: of a network with a class of the user's own.
        batch: `[features, batch]`, inputs and then targets.
    """
    widths = (run.task.in_features, run.task.out_features)
    module, streams = initial_network(run.network, widths, run.seed, run.training.streams)
    x = torch.from_numpy(batch[: widths[0]]).T.clone(memory_format=torch.contiguous_format)
    try:
        with streams.drawing(), torch.no_grad():
            kind = not_finite(lambda: module(x))
    except InputError:
        return ""
    return "" if kind is None else f"; before any update forward gave {kind}"
