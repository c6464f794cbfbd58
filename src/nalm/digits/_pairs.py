"""Pairs of digits, folds, and the images drawn for them.

Mistry et al. (2022), section 6.1, as the released program draws them: scikit-learn's shuffled folds,
NumPy's global generator for the images, one more generator for the order of the samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import ceil

import numpy as np
from numpy.typing import NDArray

from nalm.errors import DataError
from nalm.streams import Family, FastStream, Integers, PaperStream
from nalm.tasks.images import DigitImages
from nalm.tasks.static_digits import StaticDigits

Pair = tuple[int, int]


@dataclass(frozen=True)
class Fold:
    """Pairs `(left, right)` of one fold, in ascending order."""

    training: tuple[Pair, ...]
    test: tuple[Pair, ...]


@dataclass(frozen=True)
class PairSamples:
    """Samples as pairs of images; pictures are composed from them when they are needed.

    Attributes:
        training: `[samples, 2]`, left and right image of the training part.
        validation: As `training`, of the training pairs; may be empty.
        test: `[samples, 2]`, of the test part.
    """

    training: Integers
    validation: Integers
    test: Integers


def fold(settings: StaticDigits, index: int) -> Fold:
    """Return fold `index`; folds do not depend on the run's seed.

    Raises:
        InputError: there is no such fold.
    """
    index = settings.existing_fold(index)
    digits = sorted(int(digit) for digit in settings.digits)
    pairs = list(product(digits, digits))
    blocks = np.array_split(PaperStream(0).permutation(len(pairs)), settings.folds)
    test = set(blocks[index].tolist())
    return Fold(
        training=tuple(pair for k, pair in enumerate(pairs) if k not in test),
        test=tuple(pair for k, pair in enumerate(pairs) if k in test),
    )


def draw_samples(settings: StaticDigits, data: DigitImages, fold_: Fold, seed: int) -> PairSamples:
    """Draw `samples_per_pair` images for every pair, with replacement, and put them into random order.

    Raises:
        DataError: the data set has no image of a digit.
    """
    draw = _Draws(seed, settings.streams)
    training = draw.pairs(fold_.training, data.training_labels, settings.samples_per_pair)
    test = draw.pairs(fold_.test, data.test_labels, settings.samples_per_pair)
    training, test = training[draw.order(len(training))], test[draw.order(len(test))]
    held_back = ceil(settings.validation_share * len(training))
    if held_back:
        training = training[PaperStream(0).permutation(len(training))]
    return PairSamples(training[held_back:], training[:held_back], test)


class _Draws:
    """The two streams of a fold: images, and their order."""

    def __init__(self, seed: int, streams: Family) -> None:
        self._images = PaperStream(seed) if streams == "paper" else FastStream(seed, "images")
        self._order = PaperStream(seed) if streams == "paper" else FastStream(seed, "order of samples")

    def pairs(self, pairs: tuple[Pair, ...], labels: NDArray[np.uint8], samples: int) -> Integers:
        """Images `[pairs * samples, 2]`, pair by pair, left and right in turn."""
        of_digit = {digit: np.flatnonzero(labels == digit) for pair in pairs for digit in pair}
        for digit, images in of_digit.items():
            if not len(images):
                raise DataError(f"the data set has no image of digit {digit}")
        counts = np.array([[len(of_digit[digit]) for digit in pair] for pair in pairs])
        chosen = self._images.integers_below(np.repeat(counts, samples, axis=0))
        result = np.empty_like(chosen)
        for k, pair in enumerate(pairs):
            rows = slice(k * samples, (k + 1) * samples)
            for side, digit in enumerate(pair):
                result[rows, side] = of_digit[digit][chosen[rows, side]]
        return result

    def order(self, count: int) -> Integers:
        """A random order of `count` samples."""
        return self._order.permutation(count)
