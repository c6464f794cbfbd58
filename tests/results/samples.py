"""Made-up batches for the tests of results, figures and reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from nalm.runs import Run
from nalm.runs.network import LayerSettings, NetworkSettings
from nalm.runs.record import TrainedRuns
from nalm.runs.settings import TrainingSettings
from nalm.tasks import ArithmeticTask, Range

PAIRS = {
    "[-20,-10]": "[-40,-20]",
    "[-2,-1]": "[-6,-2]",
    "[-1.2,-1.1]": "[-6.1,-1.2]",
    "[-0.2,-0.1]": "[-2,-0.2]",
    "[-2,2]": "[[-6,-2],[2,6]]",
    "[0.1,0.2]": "[0.2,2]",
    "[1,2]": "[2,6]",
    "[1.1,1.2]": "[1.2,6]",
    "[10,20]": "[20,40]",
}

RANGES = ",\n".join(
    f'    {{ interpolation_range = "{inside}", extrapolation_range = "{outside}" }}'
    for inside, outside in PAIRS.items()
)
STUDY = f"""\
name = "quickstart"
title = "Two units on nine ranges"
description = "A study for tests."
seeds = "0:2"

[task]
kind = "single-module"
operation = "mul"

[settings]
iterations = 3000

[grid]
ranges = [
{RANGES},
]

[[networks]]
unit = "nmu"

[[networks]]
unit = "nalu"
"""


def make_run(
    unit: str = "nmu",
    interpolation_range: str = "[1,2]",
    seed: int = 0,
    iterations: int = 3000,
    study: str = "quickstart",
    **parameters: Any,
) -> Run:
    return Run(
        study=study,
        task=ArithmeticTask(
            kind="single-module",
            operation="mul",
            interpolation_range=Range.parse(interpolation_range),
            extrapolation_range=Range.parse(PAIRS[interpolation_range]),
        ),
        network=NetworkSettings(label=unit, layers=(LayerSettings(unit=unit, arguments=parameters),)),
        training=TrainingSettings(iterations=iterations),
        seed=seed,
        parameters=parameters,
    )


def make_batch(
    runs: Sequence[Run],
    solved_at: Sequence[int | None] | None = None,
    failed_at: Sequence[int | None] | None = None,
    weights: int = 2,
) -> TrainedRuns:
    """Return a batch whose errors fall below any threshold at `solved_at`, and whose rows end at
    `failed_at`."""
    solved = list(solved_at or [1000] * len(runs))
    failed = list(failed_at or [None] * len(runs))
    rows: dict[str, list[float]] = {name: [] for name in ("index", "step", "error", "sparsity")}
    paths = []
    for index, run in enumerate(runs):
        generator = np.random.default_rng([run.seed, index])
        steps = [step for step in run.training.logged_steps if failed[index] is None or step < failed[index]]
        for step in steps:
            done = solved[index] is not None and step >= solved[index]
            rows["index"].append(index)
            rows["step"].append(step)
            rows["error"].append(generator.uniform(1e-9, 1e-7) if done else generator.uniform(1, 2) / (step + 1))
            rows["sparsity"].append(generator.uniform(1e-7, 1e-5) if done else generator.uniform(0.1, 0.4))
        paths.append(generator.uniform(0, 1, (len(steps), weights)) if weights else None)
    error = np.array(rows["error"], dtype=np.float64)
    status: list[Literal["finished", "failed", "stopped"]] = [
        "finished" if step is None else "failed" for step in failed
    ]
    return TrainedRuns(
        runs=tuple(runs),
        run_index=np.array(rows["index"], dtype=np.int64),
        steps=np.array(rows["step"], dtype=np.int64),
        metrics={
            "train_loss": error * 0.9,
            "penalty_loss": error * 0.1,
            "interpolation_error": error,
            "extrapolation_error": error * 1.5,
            "sparsity_error": np.array(rows["sparsity"], dtype=np.float64),
        },
        weights=tuple(paths),
        status=tuple(status),
        failed_step=tuple(failed),
        reason=tuple(None if step is None else f"W is not finite after update {step}" for step in failed),
        state={
            run.id: {"W": np.full((1, 2), run.seed, dtype=np.float32), "scale": np.float32(0.5).reshape(())}
            for run in runs
        },
        seconds=1.5,
    )


def no_damage(line: str) -> None:
    """What a store with whole files never says."""
    raise AssertionError(line)
