import hashlib
import os
from math import ceil

import numpy as np
import pytest

from nalm.digits import StaticDigits
from nalm.digits._pairs import draw_samples, fold
from nalm.errors import DataError, InputError
from nalm.tasks.images import DigitImages, load_images

TEN_FOLDS = """
02 16 26 54 55 73 75 86 93 95
07 08 13 22 24 30 33 53 78 92
03 06 43 45 48 62 71 76 82 99
18 27 51 56 60 63 68 74 80 90
01 04 05 15 17 38 40 41 42 61
00 11 23 28 34 35 50 52 59 91
10 14 31 32 57 66 79 84 85 89
19 20 29 49 69 72 77 94 97 98
12 25 37 39 46 58 65 70 81 88
09 21 36 44 47 64 67 83 87 96
"""
THREE_FOLDS = """
02 03 06 07 08 13 16 22 24 26 30 33 43 45 48 53 54 55 60 62 68 71 73 75 76 78 80 82 86 90 92 93 95 99
00 01 04 05 10 11 15 17 18 23 27 28 31 32 34 35 38 40 41 42 50 51 52 56 57 59 61 63 66 74 79 85 91
09 12 14 19 20 21 25 29 36 37 39 44 46 47 49 58 64 65 67 69 70 72 77 81 83 84 87 88 89 94 96 97 98
"""


@pytest.mark.parametrize(("picture", "table"), [("isolated", TEN_FOLDS), ("colour", THREE_FOLDS)])
def test_published_folds(picture: str, table: str) -> None:
    settings = StaticDigits(picture=picture)
    for index, line in enumerate(table.split("\n")[1:-1]):
        pairs = fold(settings, index)
        assert " ".join(f"{a}{b}" for a, b in pairs.test) == line
        assert len(set(pairs.training) | set(pairs.test)) == 100
        assert list(pairs.training) == sorted(set(pairs.training) - set(pairs.test))


@pytest.mark.parametrize("index", [-1, 10])
def test_no_such_fold(index: int) -> None:
    with pytest.raises(InputError, match=f"fold {index}: there are 10 folds, 0 to 9"):
        fold(StaticDigits(), index)


def test_fewer_digits() -> None:
    settings = StaticDigits(digits="719", folds=4)
    pairs = [fold(settings, index).test for index in range(4)]
    assert sorted(pair for part in pairs for pair in part) == [(a, b) for a in (1, 7, 9) for b in (1, 7, 9)]
    assert [len(part) for part in pairs] == [3, 2, 2, 2]


def original_samples(settings: StaticDigits, data: DigitImages, index: int) -> tuple[np.ndarray, np.ndarray]:
    """One image after the other, as the published program draws them."""
    pairs, state, order = fold(settings, index), np.random.RandomState(index), np.random.RandomState(index)
    parts = []
    for chosen, labels in ((pairs.training, data.training_labels), (pairs.test, data.test_labels)):
        drawn = []
        for left, right in chosen:
            for _ in range(settings.samples_per_pair):
                i = state.choice(np.flatnonzero(labels == left))
                drawn.append((i, state.choice(np.flatnonzero(labels == right))))
        parts.append(np.array(drawn))
    for part in parts:
        permutation = np.arange(len(part))
        order.shuffle(permutation)
        part[:] = part[permutation]
    return parts[0], parts[1]


def test_samples_equal_the_original_draws() -> None:
    settings, data = StaticDigits(dataset="digits", samples_per_pair=6), load_images("digits")
    samples = draw_samples(settings, data, fold(settings, 2), 2)
    training, test = original_samples(settings, data, 2)
    np.testing.assert_array_equal(samples.training, training)
    np.testing.assert_array_equal(samples.test, test)
    assert samples.validation.shape == (0, 2)


def test_validation_samples_are_split_as_scikit_learn_does() -> None:
    from sklearn.model_selection import train_test_split

    settings = StaticDigits(dataset="digits", picture="colour", samples_per_pair=3)
    data = load_images("digits")
    samples = draw_samples(settings, data, fold(settings, 1), 1)
    training, _ = original_samples(settings, data, 1)
    expected_training, expected_validation = train_test_split(training, test_size=0.15, random_state=0)
    np.testing.assert_array_equal(samples.training, expected_training)
    np.testing.assert_array_equal(samples.validation, expected_validation)
    assert len(samples.validation) == ceil(0.15 * 67 * 3)


@pytest.mark.parametrize("streams", ["paper", "fast"])
def test_images_show_the_digits_of_their_pairs(streams: str) -> None:
    settings = StaticDigits(dataset="digits", samples_per_pair=4, streams=streams)
    data = load_images("digits")
    pairs = fold(settings, 0)
    samples = draw_samples(settings, data, pairs, 0)
    for indices, labels, expected in (
        (samples.training, data.training_labels, pairs.training),
        (samples.test, data.test_labels, pairs.test),
    ):
        shown = sorted(map(tuple, labels[indices].tolist()))
        assert shown == sorted(pair for pair in expected for _ in range(4))
    again = draw_samples(settings, data, pairs, 0)
    np.testing.assert_array_equal(samples.training, again.training)
    assert not np.array_equal(samples.training, draw_samples(settings, data, pairs, 1).training)


def test_a_digit_without_images() -> None:
    data = load_images("digits")
    few = DigitImages(
        data.training_images[:3], data.training_labels[:3], data.test_images.copy(), data.test_labels.copy()
    )
    settings = StaticDigits()
    with pytest.raises(DataError, match="the data set has no image of digit"):
        draw_samples(settings, few, fold(settings, 0), 0)


def digest(array: np.ndarray) -> str:
    return hashlib.sha256(array.astype("<i8").tobytes()).hexdigest()[:16]


PUBLISHED = [
    ("isolated", 0, "cd3aefe7e9984d73", "a8249b5dd48caa0f"),
    ("isolated", 1, "976a79b81bf99a68", "6f08e077c8f49d3c"),
    ("isolated", 9, "e54594c05a771dcd", "6516a0c3bc4aa18d"),
    ("colour", 0, "510d989b8b53b7fd", "dfe91fd4b51d045e"),
    ("colour", 1, "1230cca07b973d6a", "ce1b1c29a65ebbd9"),
    ("colour", 2, "5c80274583cc90ed", "98a4de1c94ca9b15"),
]


@pytest.mark.skipif("NALM_MNIST" not in os.environ, reason="NALM_MNIST names no folder with the MNIST files")
@pytest.mark.parametrize(("picture", "index", "training", "test"), PUBLISHED)
def test_published_samples(picture: str, index: int, training: str, test: str) -> None:
    settings = StaticDigits(picture=picture, validation_share=0)
    samples = draw_samples(settings, load_images("mnist"), fold(settings, index), index)
    assert (digest(samples.training), digest(samples.test)) == (training, test)
