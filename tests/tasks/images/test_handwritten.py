import hashlib

import numpy as np
from sklearn.datasets import load_digits

from nalm.tasks.images import load_images
from nalm.tasks.images.handwritten import enlarge


def test_has_the_form_of_mnist() -> None:
    data = load_images("digits")
    assert data.training_images.shape == (1497, 28, 28)
    assert data.test_images.shape == (300, 28, 28)
    assert data.training_images.dtype == data.test_labels.dtype == np.uint8
    assert np.bincount(data.training_labels).min() > 130
    assert np.bincount(data.test_labels).min() > 10
    assert data.training_images.max() == 255


def test_every_digit_is_in_one_part() -> None:
    data = load_images("digits")
    both = np.concatenate([data.training_images, data.test_images])
    expected = enlarge(load_digits().images)
    hashes = [sorted(hashlib.sha256(image.tobytes()).hexdigest() for image in part) for part in (both, expected)]
    assert hashes[0] == hashes[1]


def test_enlarging_keeps_the_margin_and_the_ink() -> None:
    images = np.full((1, 8, 8), 16.0)
    scaled = enlarge(images)[0]
    assert (scaled[4:24, 4:24] == 255).all()
    assert scaled.sum() == 255 * 400
    ramp = enlarge(np.arange(8.0)[None, None, :].repeat(8, 1) * 2)[0, 10, 4:24].astype(int)
    assert (np.diff(ramp) >= 0).all()
    assert (ramp[0], ramp[-1]) == (0, 223)


def test_same_split_every_time() -> None:
    first_labels = load_images("digits").test_labels[:10].tolist()
    assert first_labels == [5, 1, 0, 9, 5, 5, 7, 6, 6, 9]
