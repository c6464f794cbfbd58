"""Sequences of digit images with their running products or sums.

Madsen & Johansen (2020), section 4.3, with the seeds of the released program.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nalm.digits._operations import digit_operation
from nalm.errors import InputError
from nalm.streams import DataStream, FastStream, Integers, PaperStream
from nalm.tasks.images import DigitImages
from nalm.tasks.sequential_digits import SequentialDigits

# the original's fixed seeds; only the training sequences depend on the run's seed
_PAPER_SEEDS = {"full training": 62379872, "validation": 47430696, "test": 88253339}

# one twelfth of the training part is kept for validation: 5,000 of MNIST's 60,000
_VALIDATION = 12


@dataclass(frozen=True)
class SequenceOrders:
    """Images in the order in which sequences are cut from them; what is left over at the end is dropped.

    Attributes:
        training: Indices into the training images.
        full_training: The same images in another order, the same for all seeds: for the training error.
        validation: Indices into the training images, none of them in `training`.
        test: Indices into the test images; all lengths are cut from the same order.
    """

    training: Integers
    full_training: Integers
    validation: Integers
    test: Integers


def draw_orders(settings: SequentialDigits, data: DigitImages, seed: int) -> SequenceOrders:
    """Permute the images of the allowed digits.

    Raises:
        InputError: a part has too few images of these digits for one sequence.
    """
    split = len(data.training_labels) - len(data.training_labels) // _VALIDATION
    labels = {
        "training": data.training_labels[:split],
        "full training": data.training_labels[:split],
        "validation": data.training_labels[split:],
        "test": data.test_labels,
    }
    longest = dict.fromkeys(labels, settings.training_length) | {"test": max(settings.test_lengths)}
    orders = {name: _order(name, labels[name], settings, seed) for name in labels}
    for name, order in orders.items():
        if len(order) < longest[name]:
            raise InputError(
                f"digits {settings.digits!r} leave {len(order)} images in the {name} part of "
                f"{settings.dataset!r}, too few for a sequence of {longest[name]}"
            )
    return SequenceOrders(orders["training"], orders["full training"], orders["validation"] + split, orders["test"])


def _order(name: str, labels: NDArray[np.uint8], settings: SequentialDigits, seed: int) -> Integers:
    allowed = np.flatnonzero(np.isin(labels, [int(digit) for digit in settings.digits]))
    return allowed[_stream(name, settings, seed).permutation(len(allowed))]


def _stream(name: str, settings: SequentialDigits, seed: int) -> DataStream:
    if settings.streams == "fast":
        return FastStream(seed if name == "training" else 0, f"{name} sequences")
    if name == "training":
        return PaperStream(int(PaperStream(seed).integers(0, 2**32 - 1, ())))
    return PaperStream(_PAPER_SEEDS[name])


def sequences(order: Integers, length: int) -> Integers:
    """Cut `order` into sequences `[sequences, length]`."""
    count = len(order) // length
    return order[: count * length].reshape(count, length)


def running_targets(labels: NDArray[np.uint8], operation: str) -> NDArray[np.float32]:
    """Return running products or sums of `labels` `[..., length]`, in integers, then rounded.

    Raises:
        InputError: digit tasks have no such operation.
    """
    return digit_operation(operation).running(labels.astype(np.int64)).astype(np.float32)
