"""The batched trainer: plan, compile and train many small networks at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nalm.runs.record import TrainedRuns as TrainedRuns
    from nalm.training.stacked.batches import Batch as Batch
    from nalm.training.stacked.batches import plan as plan
    from nalm.training.training import check_device as check_device
    from nalm.training.training import check_workers as check_workers
    from nalm.training.training import train as train

_HOME = {
    "Batch": "nalm.training.stacked.batches",
    "plan": "nalm.training.stacked.batches",
    "TrainedRuns": "nalm.runs.record",
    "check_device": "nalm.training.training",
    "check_workers": "nalm.training.training",
    "train": "nalm.training.training",
}

__all__ = ["Batch", "TrainedRuns", "check_device", "check_workers", "plan", "train"]


def __getattr__(name: str) -> Any:
    """Import on first use: settings must stay readable without PyTorch."""
    if name in _HOME:
        from importlib import import_module

        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
