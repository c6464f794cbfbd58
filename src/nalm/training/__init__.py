"""Training: a trainer cuts runs into jobs, an executor does them. PyTorch is loaded when first used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nalm.runs.record import TrainedRuns as TrainedRuns
    from nalm.training.executors import check_cluster as check_cluster
    from nalm.training.executors import check_workers as check_workers
    from nalm.training.stacked.batches import Batch as Batch
    from nalm.training.stacked.batches import plan as plan
    from nalm.training.trainer import TRAINERS as TRAINERS
    from nalm.training.trainer import Trainer as Trainer
    from nalm.training.trainer import by_trainer as by_trainer
    from nalm.training.trainer import find_trainer as find_trainer
    from nalm.training.training import compiled_networks as compiled_networks
    from nalm.training.training import train as train

_HOME = {
    "Batch": "nalm.training.stacked.batches",
    "plan": "nalm.training.stacked.batches",
    "TRAINERS": "nalm.training.trainer",
    "TrainedRuns": "nalm.runs.record",
    "Trainer": "nalm.training.trainer",
    "by_trainer": "nalm.training.trainer",
    "check_cluster": "nalm.training.executors",
    "check_workers": "nalm.training.executors",
    "compiled_networks": "nalm.training.training",
    "find_trainer": "nalm.training.trainer",
    "train": "nalm.training.training",
}

__all__ = [
    "TRAINERS",
    "Batch",
    "TrainedRuns",
    "Trainer",
    "by_trainer",
    "check_cluster",
    "check_workers",
    "compiled_networks",
    "find_trainer",
    "plan",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
