import hashlib
import os

import numpy as np
import pytest

from nalm.digits import SequentialDigits
from nalm.digits._sequences import draw_orders, running_targets, sequences
from nalm.errors import InputError
from nalm.tasks.images import load_images


def test_parts_do_not_overlap_and_hold_the_allowed_digits() -> None:
    data = load_images("digits")
    settings = SequentialDigits(dataset="digits", digits="135")
    orders = draw_orders(settings, data, 0)
    training, validation = set(orders.training.tolist()), set(orders.validation.tolist())
    assert set(orders.full_training.tolist()) == training
    assert not training & validation
    assert min(validation) >= 1497 - 1497 // 12 > max(training)
    for order in (orders.training, orders.validation):
        assert set(data.training_labels[order].tolist()) == {1, 3, 5}
    assert set(data.test_labels[orders.test].tolist()) == {1, 3, 5}
    assert len(training) + len(validation) == np.isin(data.training_labels, [1, 3, 5]).sum()


def test_only_training_depends_on_the_seed() -> None:
    data = load_images("digits")
    for streams in ("paper", "fast"):
        settings = SequentialDigits(dataset="digits", streams=streams)
        first, second = draw_orders(settings, data, 0), draw_orders(settings, data, 1)
        assert not np.array_equal(first.training, second.training)
        for name in ("full_training", "validation", "test"):
            np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_order_is_the_legacy_permutation() -> None:
    data = load_images("digits")
    orders = draw_orders(SequentialDigits(dataset="digits"), data, 3)
    allowed = np.flatnonzero(data.test_labels > 0)
    np.testing.assert_array_equal(orders.test, np.random.RandomState(88253339).permutation(allowed))
    train_seed = np.random.RandomState(3).randint(0, 2**32 - 1)
    allowed = np.flatnonzero(data.training_labels[: 1497 - 124] > 0)
    np.testing.assert_array_equal(orders.training, np.random.RandomState(train_seed).permutation(allowed))


def test_sequences_drop_the_rest() -> None:
    cut = sequences(np.arange(11), 3)
    assert cut.tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]


def test_running_targets_are_exact_integers_first() -> None:
    labels = np.array([[2, 3, 4], [9, 0, 5]], dtype=np.uint8)
    assert running_targets(labels, "mul").tolist() == [[2, 6, 24], [9, 0, 0]]
    assert running_targets(labels, "add").tolist() == [[2, 5, 9], [9, 9, 14]]
    long = running_targets(np.full((1, 19), 9, dtype=np.uint8), "mul")
    assert long.dtype == np.float32
    assert long[0, -1] == np.float32(9**19)


def test_too_few_images() -> None:
    settings = SequentialDigits(dataset="digits", digits="7", test_lengths=(1, 100))
    with pytest.raises(InputError, match=r"digits '7' leave \d+ images in the test part of 'digits', too few for a"):
        draw_orders(settings, load_images("digits"), 0)


def digest(array: np.ndarray) -> str:
    return hashlib.sha256(array.astype("<i8").tobytes()).hexdigest()[:16]


PUBLISHED = {
    "mul": ("a20f406d32089587", "690f4d3e85f05333", "5604bb437ff7b5c5", "0ada0f59f56e8afb"),
    "add": ("60008a488c041fc4", "9f0129ed15bd876e", "3f45ed3a199eeab3", "39338447eef4f21e"),
}


@pytest.mark.skipif("NALM_MNIST" not in os.environ, reason="NALM_MNIST names no folder with the MNIST files")
@pytest.mark.parametrize("operation", ["mul", "add"])
def test_published_orders(operation: str) -> None:
    data = load_images("mnist")
    orders = draw_orders(SequentialDigits(operation=operation), data, 0)
    parts = (orders.training, orders.full_training, orders.validation - 55_000, orders.test)
    assert tuple(map(digest, parts)) == PUBLISHED[operation]


@pytest.mark.skipif("NALM_MNIST" not in os.environ, reason="NALM_MNIST names no folder with the MNIST files")
@pytest.mark.parametrize(
    ("length", "count", "largest", "mean_square"),
    [(1, 9020, 9, 31.19), (8, 1127, 9.798e6, 1.175e11), (20, 451, 7.938e15, 1.579e28)],
)
def test_published_test_sets(length: int, count: int, largest: float, mean_square: float) -> None:
    data = load_images("mnist")
    cut = sequences(draw_orders(SequentialDigits(), data, 0).test, length)
    targets = running_targets(data.test_labels[cut], "mul").astype(np.float64)
    assert len(targets) == count
    assert targets.max() == pytest.approx(largest, rel=1e-3)
    assert np.square(targets).mean() == pytest.approx(mean_square, rel=1e-3)
