"""Initial values, drawn exactly as the released code draws them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import init

from nalm.functional import HALF


@contextmanager
def drawing_from(generator: torch.Generator | None) -> Iterator[None]:
    """Make torch's default CPU generator draw from the stream of `generator` inside a `with` block.

    The stream goes on where the block stopped; the default generator is left as it was. Use it to build a
    module whose constructor draws its initial values. None changes nothing.

    Args:
        generator: A CPU generator.
    """
    if generator is None:
        yield
        return
    state = torch.get_rng_state()
    try:
        torch.set_rng_state(generator.get_state())
        yield
        generator.set_state(torch.get_rng_state())
    finally:
        torch.set_rng_state(state)


def draw_(
    parameter: Tensor,
    initialise: Callable[..., Tensor],
    *args: Any,
    generator: torch.Generator | None,
    **kwargs: Any,
) -> None:
    """Fill `parameter` by a function of `torch.nn.init`, on the generator's device if that is another one."""
    with torch.no_grad():
        if generator is None or generator.device == parameter.device:
            initialise(parameter, *args, generator=generator, **kwargs)
        else:
            drawn = torch.empty_like(parameter, device=generator.device)
            parameter.copy_(initialise(drawn, *args, generator=generator, **kwargs))


def uniform_(parameter: Tensor, low: float, high: float, generator: torch.Generator | None) -> None:
    """Draw from U(low, high)."""
    draw_(parameter, init.uniform_, low, high, generator=generator)


def normal_(parameter: Tensor, mean: float, deviation: float, generator: torch.Generator | None) -> None:
    """Draw from the normal distribution."""
    draw_(parameter, init.normal_, mean, deviation, generator=generator)


def xavier_uniform_(parameter: Tensor, generator: torch.Generator | None, gain: float = 1.0) -> None:
    """Draw from U(±gain √(6 / (fan_in + fan_out)))."""
    draw_(parameter, init.xavier_uniform_, gain, generator=generator)


def orthogonal_(parameter: Tensor, generator: torch.Generator | None) -> None:
    """Draw an orthogonal matrix, for half precision in float32: PyTorch has no other decomposition."""
    if parameter.dtype in HALF:
        drawn = torch.empty_like(parameter, dtype=torch.float32)
        draw_(drawn, init.orthogonal_, generator=generator)
        with torch.no_grad():
            parameter.copy_(drawn)
    else:
        draw_(parameter, init.orthogonal_, generator=generator)


def constrained_bound(in_features: int, out_features: int) -> float:
    """Return min(0.5, √(6 / (in + out))), the NAU's initial range. Madsen & Johansen (2020), section 2.2."""
    return min(0.5, math.sqrt(6 / (in_features + out_features)))


@cache
def nac_bound(in_features: int, out_features: int) -> float:
    """Return r such that U(±r) for Ŵ and M̂ gives NAC weights of variance 2 / max(in + out, 5).

    The root in (0, 10) of max(in + out, 5) V(r) = 2, with V(r) the variance of tanh(Ŵ) σ(M̂) as released with
    Madsen & Johansen (2020): 9.47140638591577 for all units of up to five inputs and outputs.
    """
    fan = max(in_features + out_features, 5)

    def excess(r: float) -> float:
        return fan * (1 - math.tanh(r) / r) * (r - math.tanh(r / 2)) / (2 * r) - 2

    low, high = 1e-9, 10.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) < 0 else (low, middle)
    return (low + high) / 2


def beta_(parameter: Tensor, generator: torch.Generator | None) -> None:
    """Draw from 2 Beta(7, 7) - 1, whose variance is 1/15; always with a CPU generator."""
    seven = torch.full(parameter.shape, 7.0, dtype=torch.float32 if parameter.dtype in HALF else parameter.dtype)
    with torch.no_grad(), drawing_from(generator):
        parameter.copy_(2 * torch.distributions.Beta(seven, seven).sample() - 1)
