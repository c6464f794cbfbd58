"""Training criteria; `y` and `t` have the shape `[batch, outputs]`."""

from __future__ import annotations

import torch
from torch import Tensor

FLOAT32_EPSILON = torch.finfo(torch.float32).eps


def mse(y: Tensor, t: Tensor) -> Tensor:
    """Mean squared error."""
    return ((y - t) ** 2).mean()


def mape(y: Tensor, t: Tensor) -> Tensor:
    """Mean absolute percentage error, as a fraction."""
    return ((t - y) / t).abs().mean()


def pcc(y: Tensor, t: Tensor) -> Tensor:
    """One minus Pearson's correlation, with population statistics kept away from zero by float32's epsilon."""
    y, t = y - y.mean(), t - t.mean()
    y_scale = (y**2).mean().clamp(min=FLOAT32_EPSILON).sqrt() + FLOAT32_EPSILON
    t_scale = (t**2).mean().clamp(min=FLOAT32_EPSILON).sqrt() + FLOAT32_EPSILON
    return 1 - ((y / y_scale) * (t / t_scale)).mean()


CRITERIA = {"mse": (mse,), "mape": (mape,), "pcc": (pcc,), "pcc-mse": (pcc, mse)}
