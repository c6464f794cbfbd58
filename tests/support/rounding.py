"""How far a computation in float32 may be from the truth, measured on its float64 version.

Any order of operations and any processor rounds differently, so no bound that one machine suggests holds on another.
Monte Carlo arithmetic (D. S. Parker 1997, "Monte Carlo Arithmetic") asks the computation itself instead: evaluated
again in float64 with every result rounded at random, as coarsely as float32 does, it spreads as its conditioning says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

EPSILON = torch.finfo(torch.float32).eps

# Evaluations with random rounding.
COPIES = 8

# The largest of so few deviations is about 1.4 standard deviations; float32 gets ten times as many.
MARGIN = 8.0

# Results that no rounding moves in `COPIES` evaluations may still be so many units in the last place away.
LEAST_ULPS = 4.0

_PRODUCTS = ("mm", "bmm", "addmm", "baddbmm", "mv", "dot", "matmul", "linear")


class Rounded(TorchDispatchMode):
    """Rounds what every operation returns as float32 would, but in a random direction and by a random amount."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self._generator = torch.Generator().manual_seed(seed)

    def __torch_dispatch__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = function(*args, **(kwargs or {}))
        if any(returned.alias_info is not None for returned in function._schema.returns):
            return result  # a view, or written in place: nothing new was computed
        # as many steps of a random walk, some in parallel lanes
        steps = max(1.0, sqrt(_summands(function, args, result)) / 4)
        return tree_map(lambda x: self._rounded(x, steps) if isinstance(x, Tensor) else x, result)

    def _rounded(self, x: Tensor, steps: float) -> Tensor:
        if x.dtype != torch.float64:
            return x
        noise = torch.rand(x.shape, generator=self._generator, dtype=torch.float64) * 2 - 1
        # what float32 holds exactly, such as a weight that was projected to 1, is not rounded
        return torch.where(x == x.float(), x, x * (1 + EPSILON * steps * noise))


# how far a draw low + (high - low) u is from the published one on processors that round the product before they add
DRAWN = 2.0**-22 if torch.backends.cpu.get_cpu_capability() == "DEFAULT" else 0.0


def _summands(function: Any, args: Sequence[Any], result: Any) -> float:
    """How many values an operation adds or multiplies for each that it returns."""
    tensors = [x for x in args if isinstance(x, Tensor)]
    if not tensors or not isinstance(result, Tensor) or not result.numel():
        return 1
    if function._schema.name.removeprefix("aten::") in _PRODUCTS:
        return tensors[-1].shape[0] if tensors[-1].ndim < 2 else tensors[-1].shape[-2]
    return max(1.0, max(x.numel() for x in tensors) / result.numel())


def tolerance(samples: np.ndarray) -> np.ndarray:
    """How far float32 may be from `samples[0]`, the truth; the others `[1:]` were rounded at random."""
    exact, others = samples[0], samples[1:]
    with np.errstate(invalid="ignore"):
        spread = np.nan_to_num(np.abs(others - exact), nan=np.inf, posinf=np.inf).max(axis=0)
    return MARGIN * spread + LEAST_ULPS * EPSILON * np.abs(exact)


def assert_within(got: np.ndarray, samples: np.ndarray, what: str = "") -> None:
    """Hold what float32 `got` to the truth `samples[0]`, as closely as the `samples[1:]` say it can come."""
    exact, allowed = samples[0], tolerance(samples)
    with np.errstate(invalid="ignore"):
        close = (got == exact) | (np.isfinite(exact) & (np.abs(got - exact) <= allowed))
    for index in np.argwhere(~close)[:1]:
        place = tuple(index.tolist())
        found, expected = float(got[place]), float(exact[place])
        raise AssertionError(f"{what} {list(place)}: got {found!r}, expected {expected!r} ± {allowed[place]:.2g}")


def sampled(function: Callable[..., Tensor], *arguments: Tensor) -> np.ndarray:
    """`function(*arguments)` in float64: first exact, then rounded at random, stacked."""
    exact = [argument.double() for argument in arguments]
    results = [function(*exact)]
    for seed in range(COPIES):
        with Rounded(seed):
            results.append(function(*exact))
    return torch.stack(results).detach().numpy()
