"""What a study of so many runs costs beside its training: time and peak memory of each step, each in its own process.

Time is that of the processor, all threads together, so that what else a shared machine does is not counted; the wall
time is kept beside it.

    python benchmarks/scale.py [--runs 1000 10000 100000 1000000] --to docs/performance/scale.json
    python benchmarks/report.py

Records are synthetic, but written and read by the code that writes and reads real ones: eleven logged rows a run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

RUNS = (1_000, 10_000, 100_000, 1_000_000)
BATCH = 1000
ROWS = 11


def study_text(runs: int) -> str:
    """A sweep of two networks, about as many conditions as runs of each, of `runs` runs in all."""
    rates = round((runs / 2) ** 0.5 / 2)
    seeds = runs // (2 * rates)
    listed = ", ".join(f"{1e-4 * (1 + index):.6g}" for index in range(rates))
    return f"""
title = "A sweep of {2 * rates * seeds:,} runs"
seeds = "0:{seeds}"
task = {{ kind = "single-module", operation = "mul" }}
settings = {{ iterations = 10_000 }}
grid = {{ learning_rate = [{listed}] }}
figure = {{ kind = "sweep", x = "learning_rate", logarithmic = true }}
networks = [{{ unit = "nmu" }}, {{ unit = "snmu" }}]
"""


def trained(runs: list[Any], generator: np.random.Generator) -> Any:
    """Made-up results: errors fall to a last value that differs from run to run."""
    from nalm.runs.record import TrainedRuns

    steps = np.arange(ROWS) * 1000
    last = 10 ** generator.uniform(-9, -1, len(runs))
    error = np.maximum(last[:, None], generator.uniform(0.5, 1.0, (len(runs), 1)) * 0.3 ** np.arange(ROWS)).ravel()
    return TrainedRuns(
        runs=tuple(runs),
        run_index=np.repeat(np.arange(len(runs)), ROWS),
        steps=np.tile(steps, len(runs)),
        metrics={
            "train_loss": error,
            "penalty_loss": error * 0.1,
            "interpolation_error": error,
            "extrapolation_error": error * 2,
            "sparsity_error": np.minimum(error, 0.5),
        },
        weights=tuple(generator.uniform(0.5, 1.0, (ROWS, 2)) for _ in runs),
        status=("finished",) * len(runs),
        failed_step=(None,) * len(runs),
        reason=(None,) * len(runs),
        state={run.id: {"W": np.ones((1, 2), dtype=np.float32)} for run in runs},
        seconds=1.0,
    )


def expanding(folder: Path) -> Callable[[], Any]:
    from nalm.studies import expand, load

    return lambda: expand(load(str(folder / "sweep.toml")))


def planning(folder: Path) -> Callable[[], Any]:
    """As `nalm run` begins: the study is read, its runs are named, chosen, and cut into batches and sixteen parts."""
    from nalm.cluster import split
    from nalm.jobs import prepare
    from nalm.training import by_trainer

    def plan() -> None:
        job = prepare(str(folder / "sweep.toml"), only={"unit": ["nmu", "snmu"]}, out=folder / "results")
        waiting = [run for run in job.runs if run.id not in {"none"}]
        for trainer, runs in by_trainer(waiting).items():
            trainer.plan(runs, None)
        split(job.runs, 16)

    return plan


def writing(folder: Path) -> Callable[[], Any]:
    from nalm.results.store import Store
    from nalm.studies import expand, load, to_toml

    def write() -> None:
        study = load(str(folder / "sweep.toml"))
        store = Store.create_or_open(folder / "results", to_toml(study))
        generator = np.random.default_rng(0)
        runs = expand(study)
        for start in range(0, len(runs), BATCH):
            store.write(trained(runs[start : start + BATCH], generator))

    return write


def opening(folder: Path) -> Callable[[], Any]:
    from nalm.results.store import Store

    return lambda: Store.open(folder / "results").finished(print)


def summarising(folder: Path) -> Callable[[], Any]:
    from nalm.results.store import Store
    from nalm.results.summaries import summary_of

    return lambda: summary_of(Store.open(folder / "results"))


def plotting(folder: Path) -> Callable[[], Any]:
    from nalm.figures import plot
    from nalm.results.store import Store

    return lambda: plot(Store.open(folder / "results"), folder / "figure.svg")


def status(folder: Path) -> Callable[[], Any]:
    from nalm.cluster.status import status as status_of

    return lambda: status_of(folder / "results")


def compacting(folder: Path) -> Callable[[], Any]:
    from nalm.results.store import Store
    from nalm.results.store.compact import compact

    return lambda: compact(Store.open(folder / "results"), print)


STEPS = {
    step.__name__: step for step in (expanding, planning, writing, opening, status, summarising, plotting, compacting)
}


def measured(step: str, folder: Path) -> dict[str, float]:
    """Do a step in this process."""
    function = STEPS[step](folder)
    start, wall = time.process_time(), time.perf_counter()
    function()
    seconds = time.process_time() - start
    return {
        "seconds": seconds,
        "wall_seconds": time.perf_counter() - wall,
        "mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def measurements(sizes: list[int], steps: list[str], scratch: Path) -> Iterator[dict[str, Any]]:
    for runs in sizes:
        folder = scratch / str(runs)
        folder.mkdir(exist_ok=True)
        (folder / "sweep.toml").write_text(study_text(runs))
        for step in steps:
            words = [sys.executable, __file__, "--step", step, "--folder", str(folder)]
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            if done.returncode:
                raise SystemExit(f"{step} of {runs} runs: {done.stderr}")
            row = {"runs": runs, "step": step, **json.loads(done.stdout.splitlines()[-1])}
            print(f"{runs:>9,} {step:12} {row['seconds']:8.2f} s {row['mebibytes']:8.0f} MiB", flush=True)
            yield row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, nargs="+", default=list(RUNS))
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=list(STEPS))
    parser.add_argument("--scratch", type=Path, help="keep what is written here, instead of in a temporary folder")
    parser.add_argument("--to", type=Path, help="JSON file")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        print(json.dumps(measured(options.step, options.folder)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        scratch = options.scratch or Path(temporary)
        scratch.mkdir(exist_ok=True)
        rows = list(measurements(options.runs, options.steps, scratch))
    if options.to:
        machine = {"processor": platform.processor() or platform.machine(), "cores": len(os.sched_getaffinity(0))}
        options.to.write_text(json.dumps({"machine": machine, "rows_of_a_run": ROWS, "steps": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
