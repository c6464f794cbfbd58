"""What every digit data set looks like, and the data sets by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nalm.errors import InputError, did_you_mean

Bytes = NDArray[np.uint8]

DATASETS = ("mnist", "digits")
"""Names that `load_images` knows."""


@dataclass(frozen=True)
class DigitImages:
    """A data set of digits in two parts, read-only.

    Attributes:
        training_images: `[count, 28, 28]` bytes, 0 is background and 255 ink.
        training_labels: `[count]` bytes, 0 to 9.
        test_images: As `training_images`.
        test_labels: As `training_labels`.
    """

    training_images: Bytes
    training_labels: Bytes
    test_images: Bytes
    test_labels: Bytes

    def __post_init__(self) -> None:
        for array in (self.training_images, self.training_labels, self.test_images, self.test_labels):
            array.flags.writeable = False


def load_images(dataset: str, folder: str | Path | None = None) -> DigitImages:
    """Load a data set by its name.

    Args:
        dataset: `"mnist"` (60,000 and 10,000 images) or `"digits"` (1,497 and 300, part of scikit-learn, no
            download).
        folder: Where MNIST's files lie; see `nalm.tasks.images.mnist.load`.

    Raises:
        InputError: an unknown name.
        DataError: the files of MNIST are missing, damaged, or cannot be downloaded.
    """
    if dataset == "mnist":
        from nalm.tasks.images import mnist

        return mnist.load(folder)
    if dataset == "digits":
        from nalm.tasks.images import handwritten

        return handwritten.load()
    known = " or ".join(repr(name) for name in DATASETS)
    raise InputError(f"dataset {dataset!r}: give {known}{did_you_mean(dataset, DATASETS)}")
