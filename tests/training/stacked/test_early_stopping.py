from __future__ import annotations

import numpy as np

from nalm.runs.settings import TrainingSettings
from nalm.training.lowerings.choice import lower, program_key
from nalm.training.stacked.batches import Batch
from nalm.training.stacked.early_stopping import UNCHANGED_ROWS, EarlyStopping
from nalm.training.stacked.engine import train_batch
from nalm.training.step.schedules import last_change
from support.runs import run


def test_a_run_settles_after_unchanged_rows_once_schedules_are_constant() -> None:
    settling = EarlyStopping(TrainingSettings(ramp_start=0, ramp_end=30), 2)
    networks = np.zeros((2, 3))
    found = []
    for step in range(0, 150, 10):
        moving = networks.copy()
        moving[1] = step
        found.append(settling.log(step, moving).tolist())
    assert next(i * 10 for i, (first, _) in enumerate(found) if first) == 30 + 10 * UNCHANGED_ROWS
    assert not any(second for _, second in found)


def test_schedules_that_never_end_never_settle() -> None:
    assert last_change(TrainingSettings(ramp="exponential")) is None
    assert last_change(TrainingSettings(ramp_start=0, ramp_end=7)) >= 7
    assert last_change(TrainingSettings(l1=True, l1_start=1e-7, l1_end=1e-5, sparsity_penalty=0)) >= 20_000


def test_a_stopped_run_has_the_verdict_of_the_full_one() -> None:
    settings = {"iterations": 9000, "log_interval": 100, "ramp_start": 1000, "ramp_end": 2000}
    runs = [
        run("nmu", seed, r, early_stop=stop, **settings)
        for stop in (True, False)
        for seed in range(2)
        for r in ("[-2,2]", "[10,20]")
    ]
    key = {program_key(r): lower(program_key(r)) for r in runs}
    result = train_batch(Batch(tuple(runs)), key)
    stopped, full = range(4), range(4, 8)
    assert [result.status[i] for i in stopped] == ["stopped"] * 4
    assert [result.status[i] for i in full] == ["finished"] * 4
    assert "settled" in str(result.reason[0])
    for short, long in zip(stopped, full, strict=True):
        errors = [result.metrics["interpolation_error"][result.run_index == i] for i in (short, long)]
        assert len(errors[0]) < len(errors[1])
        np.testing.assert_array_equal(errors[0], errors[1][: len(errors[0])])
        assert errors[0].min() == errors[1].min()
        np.testing.assert_array_equal(result.weights[short][-1], result.weights[long][-1])
