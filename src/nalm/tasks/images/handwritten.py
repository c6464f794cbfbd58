"""The handwritten digits that are part of scikit-learn, in the form of MNIST: for demonstrations and tests.

E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning Repository.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from nalm.errors import missing_package
from nalm.streams import FastStream, Floats
from nalm.tasks.images._base import Bytes, DigitImages

TEST_IMAGES = 300

# MNIST's digits fill 20 x 20 pixels in the middle of 28 x 28
_BOX, _SIDE = 20, 28


@cache
def load() -> DigitImages:
    """Return the 1,797 digits, 8 x 8 pixels each, scaled to 28 x 28 and split at random, always alike.

    Raises:
        InputError: scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise missing_package('the data set "digits"', "scikit-learn", "digits") from None

    source = load_digits()
    images, labels = enlarge(source.images), source.target.astype(np.uint8)
    order = FastStream(0, "split of the digits").permutation(len(images))
    test, training = order[:TEST_IMAGES], order[TEST_IMAGES:]
    return DigitImages(images[training], labels[training], images[test], labels[test])


def enlarge(images: Floats) -> Bytes:
    """Scale `images` `[count, side, side]` of values 0 to 16 to bytes `[count, 28, 28]`, bilinear."""
    weights = _interpolation(images.shape[-1])
    box = np.einsum("ri,nij,cj->nrc", weights, images, weights) * (255 / 16)
    margin = (_SIDE - _BOX) // 2
    scaled = np.zeros((len(images), _SIDE, _SIDE), dtype=np.uint8)
    scaled[:, margin : margin + _BOX, margin : margin + _BOX] = np.rint(box).astype(np.uint8)
    return scaled


def _interpolation(side: int) -> Floats:
    """Weights `[20, side]` of the source pixels in each target pixel; the outer ones extend to the edge."""
    centres = np.clip((np.arange(_BOX) + 0.5) * side / _BOX - 0.5, 0, side - 1)
    weights: Floats = np.maximum(0, 1 - np.abs(centres[:, None] - np.arange(side)))
    return weights
