"""Errors and accuracies of predictions, and confusion of digits."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

DIGIT_COUNT = 10


def accuracies(predictions: Tensor, targets: Tensor) -> dict[str, float]:
    """Mean squared error, share of exact hits, and share of hits after rounding (half to even).

    Exact means equal as float32, without tolerance: with labels that are means of class probabilities it
    measures saturation as much as correctness, and a label of 0 is nearly never hit.
    """
    return {
        "error": float((predictions.double() - targets.double()).square().mean()),
        "accuracy": float((predictions == targets).double().mean()),
        "rounded_accuracy": float((predictions.round() == targets).double().mean()),
    }


def confusion(labels: Tensor, digits: Tensor, truncate: bool = False) -> NDArray[np.int64]:
    """Return counts `[10, 10]` of true digit (row) and predicted digit (column), all positions pooled.

    Labels outside 0 to 9 count as the nearest digit; those that are not a number, of a run that diverged, not at all.

    Args:
        labels: Predicted labels, any shape.
        digits: True digits, of the same shape.
        truncate: Cut off the fraction instead of rounding, as the released program does for isolated digits.
    """
    known = ~labels.isnan()
    labels, digits = labels[known], digits[known]
    predicted = (labels.trunc() if truncate else labels.round()).clamp(0, DIGIT_COUNT - 1).long()
    cells = digits.long() * DIGIT_COUNT + predicted
    counts = torch.bincount(cells, minlength=DIGIT_COUNT**2)
    return counts.reshape(DIGIT_COUNT, DIGIT_COUNT).cpu().numpy()


def class_accuracies(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of each true digit that was predicted right `[10]`; NaN for a digit that does not occur."""
    totals = counts.sum(axis=1)
    with np.errstate(invalid="ignore"):
        shares: NDArray[np.float64] = counts.diagonal() / totals
    return shares
