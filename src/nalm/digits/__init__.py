"""Digit tasks: image networks that learn what digits are worth from products and sums alone.

Static: two digits in one picture. Sequential: a recurrent cell over images. PyTorch is loaded when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from nalm.tasks.sequential_digits import SequentialDigits
from nalm.tasks.static_digits import StaticDigits

if TYPE_CHECKING:
    from nalm.digits._metrics import class_accuracies
    from nalm.digits._pair_network import DigitPairNetwork
    from nalm.digits._sequence_network import DigitSequenceNetwork
    from nalm.digits._thresholds import accumulator_thresholds, solved_references
    from nalm.digits.experiments import check_images, check_network
    from nalm.digits.trainer import train_digits
    from nalm.training.epochs.context import find_device
    from nalm.training.epochs.record import DigitsResult, EpochRecord

_MODULES = {
    "DigitPairNetwork": "nalm.digits._pair_network",
    "DigitSequenceNetwork": "nalm.digits._sequence_network",
    "DigitsResult": "nalm.training.epochs.record",
    "EpochRecord": "nalm.training.epochs.record",
    "accumulator_thresholds": "nalm.digits._thresholds",
    "check_images": "nalm.digits.experiments",
    "check_network": "nalm.digits.experiments",
    "class_accuracies": "nalm.digits._metrics",
    "find_device": "nalm.training.epochs.context",
    "solved_references": "nalm.digits._thresholds",
    "train_digits": "nalm.digits.trainer",
}

__all__ = [
    "DigitPairNetwork",
    "DigitSequenceNetwork",
    "DigitsResult",
    "EpochRecord",
    "SequentialDigits",
    "StaticDigits",
    "accumulator_thresholds",
    "check_images",
    "check_network",
    "class_accuracies",
    "find_device",
    "solved_references",
    "train_digits",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
