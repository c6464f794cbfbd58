"""How the cost of training grows with runs, inputs and iterations: a figure and its numbers.

    python benchmarks/scaling.py --to docs/performance/scaling.svg

Everything is measured on one core, in this process, with compiled kernels.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import torch
from matplotlib import pyplot

from engine import RANGES, runs_of
from nalm.runs import Run
from nalm.tasks import ArithmeticTask
from nalm.training.batches import Batch
from nalm.training.engine import train_batch
from nalm.training.programs import lower, program_key

RUNS = (1, 3, 9, 27, 81)
INPUTS = (2, 4, 10, 20, 30, 50, 100, 200)
ITERATIONS = (1_000, 3_000, 10_000, 30_000, 100_000)


def us_per_iteration(runs: Sequence[Run]) -> float:
    """Microseconds per model-iteration of a batch, the better of two."""
    lowered = {key: lower(key) for key in {program_key(run) for run in runs}}
    iterations = sum(run.training.iterations + 1 for run in runs)
    times = []
    for _ in range(2):
        start = time.perf_counter()
        train_batch(Batch(tuple(runs)), lowered)
        times.append(time.perf_counter() - start)
    return min(times) / iterations * 1e6


def of_one_seed(count: int, iterations: int) -> list[Run]:
    """`count` runs of the NMU that share their random numbers: nine ranges, then other learning rates."""
    runs = runs_of("nmu", [0], iterations)
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


def measure() -> dict[str, dict[int, float]]:
    return {
        "NMU, runs of one seed": {n: us_per_iteration(of_one_seed(n, 20_000)) for n in RUNS},
        "NAU-NMU, inputs": {n: us_per_iteration(with_inputs(n, 2_000)) for n in INPUTS},
        "NMU, iterations": {n: us_per_iteration(of_one_seed(9, n)) for n in ITERATIONS},
    }


def draw(curves: dict[str, dict[int, float]], to: Path) -> None:
    matplotlib.rcParams["svg.hashsalt"] = "nalm"
    figure, axes = pyplot.subplots(1, len(curves), figsize=(11, 3.2), layout="constrained")
    for axis, (name, curve) in zip(axes, curves.items(), strict=True):
        axis.loglog(list(curve), list(curve.values()), "o-", color="#0072b2")
        axis.set_xlabel(name)
        axis.set_ylim(bottom=min(curve.values()) / 3)
        axis.grid(alpha=0.3, which="both")
    axes[0].set_ylabel("µs per model-iteration")
    figure.savefig(to, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--to", type=Path, required=True, help="the figure (.svg); its numbers go beside it (.json)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    curves = measure()
    options.to.with_suffix(".json").write_text(json.dumps(curves, indent=1) + "\n")
    draw(curves, options.to)
    for name, curve in curves.items():
        print(name, {count: round(value, 3) for count, value in curve.items()})


if __name__ == "__main__":
    main()
