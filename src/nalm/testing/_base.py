"""What the checks have in common: how a module is built, run and fed, and how results are compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nalm.errors import InputError

Factory = Callable[[int, int], nn.Module]
"""Builds the module under test from `in_features` and `out_features`."""

IN, OUT = 3, 2


@dataclass(frozen=True)
class Inputs:
    """Random inputs: magnitudes from U(0.5, 2), signs at random unless `positive`.

    Args:
        positive: Positive inputs only.
        zeros: Whether checks may set inputs to 0.
    """

    positive: bool = False
    zeros: bool = True

    def __call__(self, *shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
        """Return an input of `shape`, the same for the same seed."""
        generator = torch.Generator().manual_seed(seed)
        magnitude = torch.rand(shape, generator=generator, dtype=torch.float64) * 1.5 + 0.5
        negative = torch.rand(shape, generator=generator) < 0.5
        return (magnitude if self.positive else torch.where(negative, -magnitude, magnitude)).to(dtype)

    def allowed(self, *values: float) -> list[float]:
        """Return those of `values` that the module takes."""
        return [v for v in values if (v > 0 or not self.positive) and (v != 0 or (self.zeros and not self.positive))]


def built(factory: Factory, in_features: int = IN, out_features: int = OUT, seed: int = 0) -> nn.Module:
    """Return a new module, the same for the same seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return factory(in_features, out_features)


def run(module: Callable[[Tensor], Tensor], x: Tensor, seed: int = 0) -> Tensor:
    """Return the output for `x`, with the same noise for the same seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        y = module(x)
    assert isinstance(y, Tensor), f"the output must be a tensor, got {type(y).__name__}"
    return y


def equal(got: Tensor, expected: Tensor, what: str, rtol: float = 1e-5, atol: float = 1e-6) -> None:
    """Fail where `got` is not `expected`, to rounding."""
    torch.testing.assert_close(got, expected, rtol=rtol, atol=atol, msg=lambda detail: f"{what}: {detail}")


def refusal(call: Callable[[], object]) -> str | None:
    """Return the sentence with which `call` is refused, or None; fail where it has more than one line."""
    try:
        call()
    except InputError as error:
        message = str(error)
    else:
        return None
    assert "\n" not in message, f"refused in more than one line: {message}"
    return message
