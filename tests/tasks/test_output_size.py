"""Tasks whose network has several outputs, each with the same target."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nalm.runs.record import TrainedRuns
from nalm.studies import expand, loads
from nalm.tasks import ArithmeticTask
from nalm.training import train

TASK = {"kind": "single-module", "operation": "mul"}
STUDY = """
title = "Outputs"
seeds = "0:2"
[task]
kind = "single-module"
operation = "mul"
[settings]
iterations = 100
log_interval = 50
validation_samples = 20
test_samples = 20
[grid]
output_size = [1, 3]
[[networks]]
unit = "nmu"
"""


def test_each_output_has_the_target() -> None:
    one, three = (ArithmeticTask.model_validate({**TASK, "output_size": size}) for size in (1, 3))
    raw = [task.open_stream(0, "paper", 8).draw(4) for task in (one, three)]
    (x, t), (y, u) = (task.batches(part, 0, "paper") for task, part in zip((one, three), raw, strict=True))
    np.testing.assert_array_equal(x, y)
    assert u.shape == (4, 3, 8)
    for k in range(3):
        np.testing.assert_array_equal(u[:, k], t[:, 0])
    (_, v), (_, w) = (task.evaluation_set("test", 0, "paper", 5) for task in (one, three))
    np.testing.assert_array_equal(w, np.repeat(v, 3, axis=1))


def test_one_output_keeps_its_content() -> None:
    assert "output_size" not in ArithmeticTask.model_validate(TASK).model_dump()
    assert ArithmeticTask.model_validate({**TASK, "output_size": 2}).model_dump()["output_size"] == 2


@pytest.mark.heavy
def test_it_is_trained() -> None:
    found: list[TrainedRuns] = []
    runs = expand(loads(STUDY, "outputs"))
    train(runs, found.append, workers=1)
    by_size: dict[Any, Any] = {
        run.parameters["output_size"]: (trained, position)
        for trained in found
        for position, run in enumerate(trained.runs)
        if run.seed == 0
    }
    trained, position = by_size[3]
    assert trained.weights[position].shape[1] == 6
    assert np.isfinite(trained.metrics["extrapolation_error"]).all()
