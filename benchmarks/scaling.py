"""How the cost of training grows with runs per seed, inputs and iterations, in microseconds per model-iteration.

    python benchmarks/scaling.py [--quick] --to docs/performance/scaling.json
    python benchmarks/report.py

Everything is measured on one core, in this process, with compiled kernels; `report.py` draws the curves.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from engine import RANGES, runs_of, seconds
from nalm.runs import Run
from nalm.tasks import ArithmeticTask
from nalm.training.lowerings.choice import lower, program_key
from nalm.training.stacked.batches import Batch
from nalm.training.stacked.engine import train_batch

RUNS = (1, 3, 9, 27, 81)
INPUTS = (2, 4, 10, 20, 30, 50, 100, 200, 300)
ITERATIONS = (1_000, 3_000, 10_000, 30_000, 100_000)


def us_per_iteration(runs: Sequence[Run], repeats: int) -> float:
    """Microseconds per model-iteration of a batch, the best of `repeats`: other work can only slow it down."""
    lowered = {key: lower(key) for key in {program_key(run) for run in runs}}
    batch = Batch(tuple(runs))
    short = runs[0].training.model_copy(update={"iterations": 10})
    train_batch(Batch((runs[0].model_copy(update={"training": short}),)), lowered)  # loads the kernel
    return min(seconds(lambda: train_batch(batch, lowered)) for _ in range(repeats)) / batch.iterations * 1e6


def of_one_seed(unit: str, count: int, iterations: int) -> list[Run]:
    """`count` runs that share their random numbers: nine ranges, then the same with other learning rates."""
    runs = runs_of(unit, [0], iterations)
    faster = [
        run.model_copy(update={"training": run.training.model_copy(update={"learning_rate": 1e-3 * (2 + n // 9)})})
        for n, run in enumerate(runs * 8)
    ]
    return [*runs, *faster][:count]


def with_inputs(inputs: int, iterations: int) -> list[Run]:
    """NAU-NMU on nine ranges with two sums among `inputs` inputs."""
    runs = []
    for run, (inner, outer) in zip(runs_of("nau_nmu", [0], iterations), RANGES, strict=True):
        task = ArithmeticTask(
            kind="arithmetic-dataset",
            operation="mul",
            input_size=inputs,
            subset_ratio=0.5 if inputs == 2 else 0.25,
            overlap_ratio=0.0 if inputs < 8 else 0.5,
            interpolation_range=inner,
            extrapolation_range=outer,
        )
        runs.append(run.model_copy(update={"task": task}))
    return runs


def measure(quick: bool) -> dict[str, dict[str, dict[int, float]]]:
    """Return curves by what varies and by network."""
    repeats = 1 if quick else 3
    long, wide = (5_000, 2_000) if quick else (20_000, 10_000)

    def per_run(unit: str) -> dict[int, float]:
        return {n: us_per_iteration(of_one_seed(unit, n, long), repeats) for n in RUNS}

    def per_length(unit: str) -> dict[int, float]:
        lengths = ITERATIONS[:3] if quick else ITERATIONS
        return {n: us_per_iteration(of_one_seed(unit, 9, n), repeats) for n in lengths}

    return {
        "runs per seed": {"NMU": per_run("nmu"), "sNMU": per_run("snmu")},
        "inputs": {"NAU-NMU": {n: us_per_iteration(with_inputs(n, wide), repeats) for n in INPUTS}},
        "iterations": {"NMU": per_length("nmu"), "sNMU": per_length("snmu")},
    }


def conditions() -> dict[str, Any]:
    """What the figures depend on, apart from the code."""
    vectors = torch.backends.cpu.get_cpu_capability()
    return {
        "torch": torch.__version__,
        "python": platform.python_version(),
        "vectors": vectors,
        "cores": os.cpu_count(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="half a minute, rougher")
    parser.add_argument("--to", type=Path, required=True, help="where to write the figures as JSON")
    options = parser.parse_args()
    torch.set_num_threads(1)
    curves = measure(options.quick)
    options.to.write_text(json.dumps({"conditions": conditions(), "curves": curves}, indent=1) + "\n")
    for varied, networks in curves.items():
        for network, curve in networks.items():
            print(f"{network}, {varied}:", {count: round(value, 3) for count, value in curve.items()})


if __name__ == "__main__":
    main()
