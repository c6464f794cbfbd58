"""Microseconds per model-iteration of the trainer, beside an eager loop and beside a native loop written by hand.

    python benchmarks/engine.py [--quick] [--to FILE.json]

One model-iteration is one optimiser step of one run, with its share of data generation, noise, penalties and an
evaluation every 1000 steps. Everything is measured in this one process (and, for "all cores", its workers), so that
ratios hold on a noisy machine. The floor needs numba, the rival jax (`pip install 'nalm[bench]'`); without them those
columns stay empty.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import nn

from nalm import units
from nalm.runs import Run
from nalm.runs.network import LayerSettings, NetworkSettings
from nalm.runs.settings import TrainingSettings
from nalm.streams import weight_generator
from nalm.tasks import ArithmeticTask
from nalm.training.executors import available_cores
from nalm.training.lowerings.choice import lower, program_key
from nalm.training.stacked.batches import Batch
from nalm.training.stacked.engine import train_batch
from nalm.training.training import train

RANGES = [
    ([-20, -10], [-40, -20]),
    ([-2, -1], [-6, -2]),
    ([-1.2, -1.1], [-6.1, -1.2]),
    ([-0.2, -0.1], [-2, -0.2]),
    ([-2, 2], [[-6, -2], [2, 6]]),
    ([0.1, 0.2], [0.2, 2]),
    ([1, 2], [2, 6]),
    ([1.1, 1.2], [1.2, 6]),
    ([10, 20], [20, 40]),
]
SPARSE = {"sparsity_penalty": 10.0, "ramp_start": 20_000, "ramp_end": 35_000}
POWER = {"sparsity_penalty": 0.0, "learning_rate": 5e-3, "l1": True, "l1_start": 1e-7, "l1_end": 1e-5}
NETWORKS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "nmu": (("nmu",), SPARSE),
    "snmu": (("snmu",), SPARSE),
    "snmu_batch": (("snmu_batch",), SPARSE),
    "nac_mul": (("nac_mul",), {}),
    "nalu": (("nalu",), {}),
    "gnalu": (("gnalu",), {}),
    "inalu": (("inalu",), {"clip_gradient_value": 0.1, "reinitialise": True}),
    "npu": (("npu",), POWER),
    "realnpu": (("realnpu",), POWER),
    "nau_nmu": (("nau", "nmu"), {"sparsity_penalty": 10.0}),
}


def runs_of(name: str, seeds: Sequence[int], iterations: int, ranges: int = 9) -> list[Run]:
    layers, settings = NETWORKS[name]
    kind = "arithmetic-dataset" if len(layers) > 1 else "single-module"
    network = NetworkSettings(label=name, layers=tuple(LayerSettings(unit=unit) for unit in layers))
    training = TrainingSettings(iterations=iterations, **settings)
    return [
        Run(
            study="benchmark",
            task=ArithmeticTask(kind=kind, operation="mul", interpolation_range=inner, extrapolation_range=outer),
            network=network,
            training=training,
            seed=seed,
        )
        for seed in seeds
        for inner, outer in RANGES[:ranges]
    ]


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def eager_us(name: str, steps: int) -> float:
    """One network in an ordinary loop: fresh NumPy data, autograd, torch.optim.Adam, penalties, projection, evaluation.

    The evaluation of the published protocol is included in proportion: one pair of 10,000 samples every 1000 steps.
    """
    (run,) = runs_of(name, [0], steps, ranges=1)
    task, settings = run.task, run.training
    generator = weight_generator(0, "paper")
    module = run.network.build(task.in_features, task.out_features)
    for _ in range(2):
        units.reset_parameters(module, generator)
    optimizer = torch.optim.Adam(module.parameters(), lr=settings.learning_rate)
    random = np.random.RandomState(0)
    lower_bound, upper_bound = task.interpolation_range.intervals[0]
    slices = task.operands(0, "paper")

    def batch(rows: int) -> tuple[torch.Tensor, torch.Tensor]:
        x = random.uniform(lower_bound, upper_bound, (rows, task.in_features))
        target = np.prod([x[:, a:b].sum(axis=1) for a, b in slices], axis=0)[:, None]
        return torch.from_numpy(x).float(), torch.from_numpy(target).float()

    sets = [batch(10_000) for _ in range(2)]

    def evaluate() -> None:
        module.eval()
        with torch.no_grad():
            for x, t in sets:
                nn.functional.mse_loss(module(x), t).item()
        module.train()

    def loop(count: int) -> None:
        for step in range(count):
            x, t = batch(settings.batch_size)
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(module(x), t)
            if settings.sparsity_penalty and (found := units.penalties(module).get("sparsity")) is not None:
                ramp = min(max((step - settings.ramp_start) / (settings.ramp_end - settings.ramp_start), 0), 1)
                loss = loss + settings.sparsity_penalty * ramp * found
            if settings.l1:
                loss = loss + settings.l1_start * sum(p.abs().sum() for p in module.parameters())
            loss.backward()
            if settings.clip_gradient_value:
                nn.utils.clip_grad_value_(module.parameters(), settings.clip_gradient_value)
            optimizer.step()
            units.project_(module)

    loop(50)
    training = min(seconds(lambda: loop(steps)) for _ in range(3)) / steps
    return (training + min(seconds(evaluate) for _ in range(3)) / 1000) * 1e6


def with_streams(runs: Sequence[Run], streams: str) -> list[Run]:
    """The same runs with random numbers of a family."""
    return [run.model_copy(update={"training": run.training.model_copy(update={"streams": streams})}) for run in runs]


def one_core_us(name: str, seeds: int, iterations: int, streams: str = "paper") -> float:
    """The engine in this process on one thread, already compiled."""
    runs = with_streams(runs_of(name, range(seeds), iterations), streams)
    lowered = {key: lower(key) for key in {program_key(run) for run in runs}}
    train_batch(Batch(tuple(with_streams(runs_of(name, [0], 10), streams))), lowered)
    best = min(seconds(lambda: train_batch(Batch(tuple(runs)), lowered)) for _ in range(2))
    return best / len(runs) / iterations * 1e6


def all_cores_us(name: str, seeds: int, iterations: int) -> float:
    """The engine with one worker per core, workers' start included."""
    runs = runs_of(name, range(seeds), iterations)
    return seconds(lambda: train(runs, lambda batch: None)) / len(runs) / iterations * 1e6


def floor_us(name: str, steps: int) -> float | None:
    """A straight loop over steps and rows for NMU, sNMU or NAU-NMU, compiled by numba; data and noise as it goes."""
    try:
        from native_floor import kernel, wide_kernel
    except ImportError:
        return None
    wide = name == "nau_nmu"
    train_natively = wide_kernel() if wide else kernel(stochastic=name == "snmu")
    weights = np.full((9, 202 if wide else 2), 0.1 if wide else 0.4, dtype=np.float32)
    bounds = np.array([inner for inner, _ in RANGES], dtype=np.float64)
    train_natively(weights, bounds, 10, 0)
    return min(seconds(lambda: train_natively(weights, bounds, steps, 0)) for _ in range(2)) / steps / 9 * 1e6


def jax_us(name: str, steps: int) -> float | None:
    """The loop that somebody would write in JAX for NMU or NAU-NMU, on the same nine ranges and on one thread."""
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
    try:
        from jax_rival import us_per_iteration
    except ImportError:
        return None
    bounds = np.array([inner for inner, _ in RANGES], dtype=np.float64)
    return us_per_iteration(100 if name == "nau_nmu" else 2, bounds, steps)


def start_up_s(name: str, cache: str) -> float:
    """Wall time of a fresh process that trains ten steps of `name`, with `cache` as its folder of compiled kernels."""
    code = (
        "from benchmarks.engine import runs_of; from nalm.training.training import train; "
        f"train(runs_of({name!r}, [0], 10), lambda batch: None, workers=1)"
    )
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    path = os.pathsep.join([root, *sys.path])
    environment = os.environ | {"NALM_CACHE": cache, "TORCHINDUCTOR_CACHE_DIR": cache, "PYTHONPATH": path}
    return seconds(lambda: subprocess.run([sys.executable, "-c", code], env=environment, check=True))


@dataclass
class Row:
    """One network's figures: microseconds per model-iteration, ratios, seconds of start-up, peak memory in MiB."""

    network: str
    eager_us: float
    one_core_us: float
    fast_us: float
    all_cores_us: float
    floor_us: float | None
    jax_us: float | None
    times_eager: float
    times_floor: float | None
    cold_start_s: float | None
    warm_start_s: float | None
    peak_mib: float


def measure(name: str, quick: bool) -> Row:
    wide = name == "nau_nmu"
    iterations = (2_000 if wide else 10_000) if quick else (10_000 if wide else 50_000)
    eager = eager_us(name, 200 if quick else 1000)
    one = one_core_us(name, seeds=1 if wide else 4, iterations=iterations)
    cores = all_cores_us(name, seeds=available_cores() * (1 if quick else 3), iterations=iterations)
    fast = one_core_us(name, seeds=1 if wide else 4, iterations=iterations, streams="fast")
    floor = floor_us(name, 500 if wide else 20_000) if name in ("nmu", "snmu", "nau_nmu") else None
    rival = jax_us(name, 500 if wide else 5_000) if name in ("nmu", "nau_nmu") else None
    cold = warm = None
    if not quick:
        with tempfile.TemporaryDirectory() as cache:
            cold, warm = start_up_s(name, cache), start_up_s(name, cache)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Row(
        name, eager, one, fast, cores, floor, rival, eager / one, one / floor if floor else None, cold, warm, peak
    )


def shown(rows: Sequence[Row]) -> Table:
    table = Table("network", "eager", "1 core", "fast", f"{available_cores()} cores", "floor", "JAX", "eager / 1 core",
                  "1 core / floor", "cold start", "warm start", "peak")  # fmt: skip
    for row in rows:
        table.add_row(
            row.network,
            f"{row.eager_us:.0f} µs",
            f"{row.one_core_us:.3f} µs",
            f"{row.fast_us:.3f} µs",
            f"{row.all_cores_us:.3f} µs",
            f"{row.floor_us:.3f} µs" if row.floor_us else "–",
            f"{row.jax_us:.3f} µs" if row.jax_us else "–",
            f"{row.times_eager:,.0f}",
            f"{row.times_floor:.2f}" if row.times_floor else "–",
            f"{row.cold_start_s:.1f} s" if row.cold_start_s else "–",
            f"{row.warm_start_s:.1f} s" if row.warm_start_s else "–",
            f"{row.peak_mib:.0f} MiB",
        )
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="under a minute, rougher")
    parser.add_argument("--only", action="append", choices=NETWORKS, help="measure this network (repeatable)")
    parser.add_argument("--to", help="write the figures as JSON")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for name in options.only or NETWORKS:
        rows.append(measure(name, options.quick))
        print(f"{name}: {rows[-1].one_core_us:.3f} µs, {rows[-1].times_eager:,.0f} times the eager loop", flush=True)
    Console().print(shown(rows))
    if options.to:
        with open(options.to, "w") as file:
            json.dump([asdict(row) for row in rows], file, indent=1)


if __name__ == "__main__":
    main()
