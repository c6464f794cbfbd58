"""Made-up results of digit tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np

from nalm.digits import DigitsResult, EpochRecord
from nalm.digits.collect import trained_runs
from nalm.results.store import Store
from nalm.runs import Run
from nalm.studies import expand, loads, to_toml


def store_of(folder: Path, study: str, results: Mapping[tuple[str, int], Iterable[EpochRecord]]) -> Store:
    """A store of the study with TOML text `study` that holds `results` by unit and seed."""
    return store_of_runs(folder, study, lambda run: results.get((run.label, run.seed)))


def store_of_runs(folder: Path, study: str, records_of: Callable[[Run], Iterable[EpochRecord] | None]) -> Store:
    """A store of the study with TOML text `study` that holds the runs for which there are records."""
    loaded = loads(study, "made-up")
    store = Store.create_or_open(folder, to_toml(loaded))
    for run in expand(loaded):
        records = records_of(run)
        if records is not None:
            static = run.task.kind == "static-digits"
            # nine of ten images of each digit but 9 are right; 9 does not occur
            confusion = np.diag([9] * 9 + [0])
            confusion[:9, 9] = 1
            result = DigitsResult(
                tuple(records), {"weight": np.zeros(2, dtype=np.float32)}, confusion=confusion if static else None
            )
            store.write(trained_runs(run, result, 1.0))
    return store


SEQUENTIAL = """
title = "Made up"
seeds = "0:3"
[task]
kind = "sequential-digits"
test_lengths = [1, 2, 3]
[figure]
kind = "lengths"
[[networks]]
unit = "solved"
[[networks]]
unit = "nmu"
"""


def sequential_record(
    epoch: int, validation: float, errors: Iterable[float], weight: float | None = None
) -> EpochRecord:
    """Errors at the lengths 1, 2, …; accuracies of 0.5."""
    metrics = {"train_error": validation, "validation_error": validation, "validation_last_accuracy": 0.5}
    for length, error in enumerate(errors, start=1):
        metrics |= {
            f"test_{length}_error": error,
            f"test_{length}_accuracy": 0.5,
            f"test_{length}_last_accuracy": 0.5,
        }
    weights = () if weight is None else (weight, weight)
    return EpochRecord(epoch, 10 * epoch, metrics, weights, None if weight is None else 1 - weight)


STATIC = """
title = "Made up"
seeds = "0:3"
[task]
kind = "static-digits"
picture = "colour"
[figure]
kind = "pairs"
[[networks]]
unit = "solved"
[[networks]]
unit = "snmu"
"""


def static_record(epoch: int, value: float) -> EpochRecord:
    """Errors of `value`, accuracies of a tenth of it; no errors on training samples before epoch 1."""
    parts = ("validation", "test") if epoch == 0 else ("train", "validation", "test")
    metrics = {}
    for part in parts:
        for what in ("output", "label_1", "label_2"):
            metrics |= {f"{part}_{what}_error": value}
            metrics |= {f"{part}_{what}_accuracy": value / 10, f"{part}_{what}_rounded_accuracy": value / 10}
    return EpochRecord(epoch, 5 * epoch, metrics)
