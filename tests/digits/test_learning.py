"""Every digit task learns on real images: small versions of the studies, two minutes on one core in all.

Those marked `slow` differ in the unit alone.
"""

from functools import cache

import numpy as np
import pytest

from nalm.digits import SequentialDigits, StaticDigits, train_digits
from nalm.digits._pairs import draw_samples, fold
from nalm.tasks.images import DigitImages, load_images

pytestmark = pytest.mark.heavy

DIGITS = "12345"


@cache
def images() -> DigitImages:
    return load_images("digits")


def error_of_the_best_constant(labels: np.ndarray, samples: np.ndarray) -> float:
    return float(labels[samples].astype(float).prod(1).var())


# the noise of the sNMU slows the image network down
@pytest.mark.parametrize(
    ("stage", "error", "accuracy"),
    [
        ("solved", 0.15, 0.38),
        pytest.param("fc", 0.15, 0.38, marks=pytest.mark.slow),
        pytest.param("nmu", 0.15, 0.38, marks=pytest.mark.slow),
        ("snmu", 0.5, 0.22),
        pytest.param("snmu_batch", 0.15, 0.38, marks=pytest.mark.slow),
    ],
)
def test_isolated_digits_are_learned_from_products(stage: str, error: float, accuracy: float) -> None:
    settings = StaticDigits(
        dataset="digits",
        digits=DIGITS,
        folds=5,
        samples_per_pair=20,
        batch_size=20,
        epochs=12,
        stage=stage,
        training_metrics="last",
    )
    samples = draw_samples(settings, images(), fold(settings, 0), 0)
    constant = error_of_the_best_constant(images().test_labels, samples.test)
    records = train_digits(settings, 0, data=images()).records
    assert records[-1].step == 12 * 20
    first, *_, last = (record.metrics for record in records)
    assert last["test_output_error"] < error * min(constant, first["test_output_error"])
    assert last["train_output_error"] < error * constant
    chance = 1 / 5  # five pairs are tested, all equally often, none of them in training
    late = max(record.metrics["test_output_rounded_accuracy"] for record in records[-3:])
    assert late > accuracy > chance >= first["test_output_rounded_accuracy"]


@pytest.mark.parametrize("stage", [pytest.param("solved", marks=pytest.mark.slow), "snmu"])
def test_colour_digits_are_learned_from_products(stage: str) -> None:
    settings = StaticDigits(
        dataset="digits",
        picture="colour",
        digits=DIGITS,
        samples_per_pair=30,
        batch_size=32,
        epochs=20,
        stage=stage,
        training_metrics="last",
    )
    samples = draw_samples(settings, images(), fold(settings, 1), 1)
    assert samples.validation is not None
    constant = error_of_the_best_constant(images().training_labels, samples.validation)
    records = train_digits(settings, 1, data=images()).records
    first, last = records[0].metrics, records[-1].metrics
    assert last["validation_output_error"] < 0.85 * min(constant, first["validation_output_error"])
    assert last["test_output_error"] < first["test_output_error"]


@pytest.mark.parametrize("cell", ["solved", pytest.param("nmu", marks=pytest.mark.slow), "snmu"])
def test_sequences_are_learned_from_products(cell: str) -> None:
    settings = SequentialDigits(
        dataset="digits",
        digits=DIGITS,
        cell=cell,
        epochs=24,
        evaluation_interval=24,
        batch_size=16,
        learning_rate=2e-3,
        test_lengths=(1, 2, 3),
    )
    records = train_digits(settings, 0, data=images()).records
    first, last = (record.metrics for record in records)
    for error in ("validation_error", "test_2_error", "test_3_error"):
        assert last[error] < first[error] / 4
    chance = 1 / 5
    assert last["test_1_accuracy"] > 2 * chance > chance > first["test_1_accuracy"]
