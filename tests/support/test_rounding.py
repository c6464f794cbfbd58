"""The bounds of `support.rounding` are as wide as a computation is badly conditioned, and no wider."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from support.rounding import EPSILON, LEAST_ULPS, assert_within, sampled, tolerance

X = torch.linspace(0.1, 0.9, 400)


def relative(samples: np.ndarray) -> float:
    return float((tolerance(samples) / np.abs(samples[0])).max())


def polynomial(x: Tensor) -> Tensor:
    """(x - 1)^5 written out, which cancels near 1."""
    return x**5 - 5 * x**4 + 10 * x**3 - 10 * x**2 + 5 * x - 1


@pytest.mark.parametrize(
    ("function", "least", "most"),
    [
        (lambda x: x.exp(), 1e-7, 1e-5),
        (lambda x: x.square().mean().reshape(1), 1e-7, 1e-5),
        (lambda x: (1e4 + x) - 1e4, 1e-3, 1e-1),
        (lambda x: polynomial(0.9 + x / 10), 1e1, np.inf),
        (lambda x: torch.func.grad(lambda y: torch.sin(100 * y).sum())(x), 1e-5, 1e1),
    ],
    ids=["function", "mean", "cancellation", "polynomial", "gradient"],
)
def test_the_bound_follows_the_conditioning_and_float32_meets_it(function: object, least: float, most: float) -> None:
    samples = sampled(function, X)
    assert least < relative(samples) < most
    assert_within(function(X).numpy(), samples)


def test_what_float32_holds_exactly_is_not_rounded() -> None:
    samples = sampled(lambda x: (x.clamp(0, 1) * 2).view(2, 2).sum(1), torch.tensor([-3.0, 0.5, 1.0, 7.0]))
    assert (samples == samples[0]).all()
    assert relative(samples) == LEAST_ULPS * EPSILON


@pytest.mark.parametrize("wrong", [1.001, np.nan, np.inf])
def test_what_is_wrong_is_refused_and_its_place_told(wrong: float) -> None:
    samples = sampled(lambda x: x * 3, X[:4])
    got = samples[0].astype(np.float32)
    assert_within(got, samples)
    got[2] *= wrong
    with pytest.raises(AssertionError, match=r"output \[2\]: got .*, expected 0\.3"):
        assert_within(got, samples, "output")


def test_infinite_truth_wants_infinity() -> None:
    samples = sampled(lambda x: x / 0, X[:2])
    assert_within(np.array([np.inf, np.inf]), samples)
    with pytest.raises(AssertionError):
        assert_within(np.array([np.inf, 1e30]), samples)
