"""Runs of the single module task for tests."""

from __future__ import annotations

from collections.abc import Iterable

from nalm.runs import Run
from nalm.runs.network import LayerSettings, NetworkSettings
from nalm.runs.settings import TrainingSettings
from nalm.tasks import ArithmeticTask

RANGES = {"[1,2]": ([1, 2], [2, 6]), "[-2,2]": ([-2, 2], [[-6, -2], [2, 6]]), "[10,20]": ([10, 20], [20, 40])}


def network(*units: str, **arguments: object) -> NetworkSettings:
    layers = tuple(LayerSettings(unit=unit, arguments=arguments) for unit in units)
    return NetworkSettings(label="_".join(unit.rpartition(":")[2] for unit in units), layers=layers)


def run(unit: str = "nmu", seed: int = 0, interpolation_range: str = "[1,2]", **settings: object) -> Run:
    inner, outer = RANGES[interpolation_range]
    task = ArithmeticTask(kind="single-module", operation="mul", interpolation_range=inner, extrapolation_range=outer)
    quick = {"iterations": 300, "log_interval": 100, "ramp_start": 100, "ramp_end": 200}
    training = TrainingSettings(**{**quick, **settings})
    return Run(study="test", task=task, network=network(unit), training=training, seed=seed)


def grid(units: Iterable[str], seeds: Iterable[int], **settings: object) -> list[Run]:
    return [run(u, s, r, **settings) for s in seeds for u in units for r in RANGES]


def wide_run(*units: str, seed: int = 0, **settings: object) -> Run:
    """A run of the arithmetic dataset task, 100 inputs."""
    task = ArithmeticTask(kind="arithmetic-dataset", operation="mul")
    quick = {"iterations": 8, "log_interval": 4, "ramp_start": 1, "ramp_end": 5, "validation_samples": 1000}
    training = TrainingSettings(**{**quick, "test_samples": 1000, **settings})
    return Run(study="test", task=task, network=network(*units), training=training, seed=seed)
