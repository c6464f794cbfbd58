"""Digit tasks: image networks that learn what digits are worth from products and sums alone.

Static: two digits in one picture. Sequential: a recurrent cell over images. PyTorch is loaded when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from nalm.tasks.sequential_digits import SequentialDigits
from nalm.tasks.static_digits import StaticDigits

if TYPE_CHECKING:
    from nalm.digits._executor import train_digit_runs
    from nalm.digits._metrics import class_accuracies
    from nalm.digits._pair_network import DigitPairNetwork
    from nalm.digits._record import trained_run
    from nalm.digits._results import CONFUSION, DigitsResult, EpochRecord
    from nalm.digits._sequence_network import DigitSequenceNetwork
    from nalm.digits._thresholds import accumulator_thresholds, solved_references
    from nalm.digits._train import check_images, check_network, find_device, train_digits
    from nalm.digits._trial import seconds_per_update

_MODULES = {
    "CONFUSION": "_results",
    "DigitPairNetwork": "_pair_network",
    "DigitSequenceNetwork": "_sequence_network",
    "DigitsResult": "_results",
    "EpochRecord": "_results",
    "accumulator_thresholds": "_thresholds",
    "check_images": "_train",
    "check_network": "_train",
    "class_accuracies": "_metrics",
    "find_device": "_train",
    "seconds_per_update": "_trial",
    "solved_references": "_thresholds",
    "train_digit_runs": "_executor",
    "train_digits": "_train",
    "trained_run": "_record",
}

__all__ = [
    "CONFUSION",
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
    "seconds_per_update",
    "solved_references",
    "train_digit_runs",
    "train_digits",
    "trained_run",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
