"""Training criteria; `y` and `t` have the shape `[batch, outputs]`, weights of the rows, of mean 1, `[batch, 1]`."""

from __future__ import annotations

import torch
from torch import Tensor

FLOAT32_EPSILON = torch.finfo(torch.float32).eps


def mse(y: Tensor, t: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean squared error."""
    return _mean((y - t) ** 2, weights)


def mape(y: Tensor, t: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean absolute percentage error, as a fraction."""
    return _mean(((t - y) / t).abs(), weights)


def pcc(y: Tensor, t: Tensor, weights: Tensor | None = None) -> Tensor:
    """One minus Pearson's correlation, with population statistics kept away from zero by float32's epsilon."""
    y, t = y - _mean(y, weights), t - _mean(t, weights)
    y_scale = _mean(y**2, weights).clamp(min=FLOAT32_EPSILON).sqrt() + FLOAT32_EPSILON
    t_scale = _mean(t**2, weights).clamp(min=FLOAT32_EPSILON).sqrt() + FLOAT32_EPSILON
    return 1 - _mean((y / y_scale) * (t / t_scale), weights)


def _mean(values: Tensor, weights: Tensor | None) -> Tensor:
    return (values if weights is None else weights * values).mean()


CRITERIA = {"mse": (mse,), "mape": (mape,), "pcc": (pcc,), "pcc-mse": (pcc, mse)}
