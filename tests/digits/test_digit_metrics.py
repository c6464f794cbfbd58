import numpy as np
import torch

from nalm.digits import class_accuracies
from nalm.digits._metrics import accuracies, confusion


def test_accuracies() -> None:
    predictions = torch.tensor([2.0, 2.5, 3.5, 6.9999995])
    found = accuracies(predictions, torch.tensor([2.0, 2.0, 3.0, 7.0]))
    assert found["accuracy"] == 0.25
    # 2.5 rounds to 2 and 3.5 to 4: half to even
    assert found["rounded_accuracy"] == 0.75
    assert np.isclose(found["error"], 0.125)


def test_error_of_large_products_is_summed_in_float64() -> None:
    predictions = torch.full((100_000,), 1e15)
    assert accuracies(predictions, torch.zeros(100_000))["error"] == float(torch.tensor(1e15)) ** 2


LABELS = torch.tensor([[0.2, 8.9], [6.9999995, 9.4], [-0.7, 3.0]])
DIGITS = torch.tensor([[0.0, 9.0], [7.0, 9.0], [1.0, 3.0]])


def test_confusion_rounds() -> None:
    counts = confusion(LABELS, DIGITS)
    assert counts.shape == (10, 10)
    assert counts.sum() == 6
    assert counts[9, 9] == 2
    assert counts[7, 7] == counts[0, 0] == counts[3, 3] == counts[1, 0] == 1


def test_confusion_truncates_as_released() -> None:
    counts = confusion(LABELS, DIGITS, truncate=True)
    assert counts[7, 6] == counts[9, 8] == counts[9, 9] == 1


def test_labels_of_a_diverged_run_are_no_zeros() -> None:
    counts = confusion(torch.tensor([[torch.nan, 0.0], [torch.nan, 12.0]]), torch.tensor([[0.0, 0.0], [3.0, 9.0]]))
    assert counts.sum() == 2
    assert counts[0, 0] == counts[9, 9] == 1
    assert np.isnan(class_accuracies(counts)[3])


def test_class_accuracies() -> None:
    shares = class_accuracies(confusion(LABELS, DIGITS))
    np.testing.assert_array_equal(shares[[0, 1, 3, 7, 9]], [1, 0, 1, 1, 1])
    assert np.isnan(shares[[2, 4, 5, 6, 8]]).all()
