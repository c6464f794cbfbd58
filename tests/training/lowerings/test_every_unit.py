"""Every registered unit trains in the batched engine."""

from __future__ import annotations

import numpy as np
import pytest

from nalm import units
from nalm.training.lowerings.choice import Fallback, program_key, step_of
from nalm.training.lowerings.native import generate
from nalm.training.stacked.batches import Batch
from nalm.training.stacked.engine import train_batch
from support.runs import run

# takes the pair of a current and an initial input, so that it is no network of one input by itself
TRAINED = [name for name in units.names() if name != "nnu"]


@pytest.mark.parametrize("name", TRAINED)
def test_unit_trains_in_a_batch_and_has_a_kernel(name: str) -> None:
    sizes = {"iterations": 4, "log_interval": 2, "validation_samples": 96, "test_samples": 96, "batch_size": 32}
    runs = [run(name, seed, "[1,2]", **sizes) for seed in range(2)]
    (key,) = {program_key(r) for r in runs}
    assert "void train(" in generate(step_of(key), (96,))
    result = train_batch(Batch(tuple(runs)), {key: Fallback("by request", compiler=False)})
    assert result.status == ("finished", "finished")
    assert np.isfinite(result.metrics["train_loss"]).all()
