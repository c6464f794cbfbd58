"""Runs that are computed in float64."""

from __future__ import annotations

import numpy as np
import pytest

from nalm.runs import TrainingSettings
from nalm.runs.record import TrainedRuns
from nalm.studies import expand, loads
from nalm.training import train

STUDY = """
title = "Precision"
seeds = "0:1"
[task]
kind = "single-module"
operation = "mul"
[settings]
iterations = 60
log_interval = 20
validation_samples = 20
test_samples = 20
{more}
[[networks]]
unit = "nmu"
"""


def trained(more: str) -> TrainedRuns:
    found: list[TrainedRuns] = []
    train(expand(loads(STUDY.format(more=more), "precision")), found.append, workers=1)
    return found[0]


def test_settings_without_it_keep_their_content() -> None:
    assert "float64" not in TrainingSettings().model_dump()
    assert TrainingSettings(float64=True).model_dump()["float64"] is True


@pytest.mark.heavy
def test_float64_is_near_float32_and_not_the_same() -> None:
    single = trained("")
    with pytest.warns(RuntimeWarning, match="nmu: trained one run at a time, .* because float64 = true asks for it"):
        double = trained("float64 = true")
    (state,) = double.state.values()
    assert state["weights.W"].dtype == np.float64
    assert (state["weights.W"].astype(np.float32) != state["weights.W"]).any()
    one, other = (result.metrics["extrapolation_error"] for result in (single, double))
    np.testing.assert_allclose(one, other, rtol=1e-4)
    assert (one != other).any()
