"""Random numbers that a module draws in its forward pass, turned into inputs of the step.

Inside the trainer a run's noise comes from the run's own stream, whichever runs share its batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode


@dataclass(frozen=True)
class Draw:
    """One random tensor of the forward pass: its distribution and its shape."""

    distribution: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of values."""
        return prod(self.shape)


def _shape(args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[int, ...]:
    sizes = kwargs.get("size", args[0] if len(args) == 1 and not isinstance(args[0], int) else args)
    return tuple(sizes)


class _Intercepted(TorchFunctionMode):
    """Replaces each random draw by `take(distribution, shape)`."""

    def __init__(self, take: Callable[[str, tuple[int, ...]], Tensor]) -> None:
        super().__init__()
        self._take = take

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if function in (torch.rand_like, torch.randn_like):
            return self._take("uniform" if function is torch.rand_like else "normal", tuple(args[0].shape))
        if function in (torch.rand, torch.randn):
            return self._take("uniform" if function is torch.rand else "normal", _shape(args, kwargs))
        if function is torch.Tensor.uniform_:
            low, high = [*args[1:], kwargs.get("from", 0.0), kwargs.get("to", 1.0)][:2]
            return args[0].copy_(self._take("uniform", tuple(args[0].shape)) * (high - low) + low)
        if function is torch.Tensor.normal_:
            mean, std = [*args[1:], kwargs.get("mean", 0.0), kwargs.get("std", 1.0)][:2]
            return args[0].copy_(self._take("normal", tuple(args[0].shape)) * std + mean)
        if function is torch.nn.functional.dropout and kwargs.get("training", True):
            rate = kwargs.get("p", args[1] if len(args) > 1 else 0.5)
            keep = self._take("uniform", tuple(args[0].shape)) >= rate
            return args[0] * keep / (1 - rate)
        return function(*args, **kwargs)


class Recorded(_Intercepted):
    """Records the draws of a forward pass in `draws`; values are zeros."""

    def __init__(self) -> None:
        self.draws: list[Draw] = []
        super().__init__(self._record)

    def _record(self, distribution: str, shape: tuple[int, ...]) -> Tensor:
        self.draws.append(Draw(distribution, shape))
        return torch.zeros(shape)


class Supplied(_Intercepted):
    """Hands out `values` in the order of the draws."""

    def __init__(self, values: Sequence[Tensor]) -> None:
        remaining = iter(values)
        super().__init__(lambda distribution, shape: next(remaining))


class NoiseStream:
    """The noise of one run: all draws of a step, one step after the other, from one generator.

    Uniform draws are made for many steps at once, which equals drawing step by step bit for bit; PyTorch promises that
    for no other distribution, so steps with normal draws are made one at a time.
    """

    def __init__(self, generator: torch.Generator, draws: Sequence[Draw], rows: int) -> None:
        self._generator = generator
        self._draws = tuple(draws)
        self._rows = rows

    def take(self, steps: int) -> np.ndarray:
        """Noise of the next steps as `[steps, floats]`: draws with a row per sample lane by lane, then the others."""
        if not self._draws:
            return np.empty((steps, 0), dtype=np.float32)
        if all(draw.distribution == "uniform" for draw in self._draws):
            total = sum(draw.size for draw in self._draws)
            flat = torch.rand(steps, total, generator=self._generator)
            parts = list(torch.split(flat, [draw.size for draw in self._draws], dim=1))
        else:
            sample = {"uniform": torch.rand, "normal": torch.randn}
            rows = [
                [sample[draw.distribution](draw.size, generator=self._generator) for draw in self._draws]
                for _ in range(steps)
            ]
            parts = [torch.stack(column) for column in zip(*rows, strict=True)]
        lanes, scalars = [], []
        for draw, part in zip(self._draws, parts, strict=True):
            axis = lane_axis(draw, self._rows)
            if axis is None:
                scalars.append(part)
            else:
                shaped = part.reshape(steps, *draw.shape).movedim(axis + 1, -1)
                lanes.append(shaped.reshape(steps, -1))
        noise: np.ndarray = torch.cat([*lanes, *scalars], dim=1).contiguous().numpy()
        return noise


def lane_axis(draw: Draw, rows: int) -> int | None:
    """The axis of `draw` that has one entry per row of the batch, or None."""
    return draw.shape.index(rows) if rows in draw.shape else None


def unpacked(flat: Tensor, draws: Sequence[Draw], rows: int) -> list[Tensor]:
    """The draws, each `[runs, *shape]`, of one step's noise `[runs, floats]` as `NoiseStream.take` packs it."""
    lanes = [i for i, draw in enumerate(draws) if lane_axis(draw, rows) is not None]
    packed = [*lanes, *(i for i in range(len(draws)) if i not in lanes)]
    parts = torch.split(flat, [draws[i].size for i in packed], dim=1) if draws else ()
    values = dict(zip(packed, parts, strict=True))
    return [_shaped(draw, values[i], rows) for i, draw in enumerate(draws)]


def _shaped(draw: Draw, flat: Tensor, rows: int) -> Tensor:
    axis = lane_axis(draw, rows)
    if axis is None:
        return flat.reshape(len(flat), *draw.shape)
    others = [size for i, size in enumerate(draw.shape) if i != axis]
    return flat.reshape(len(flat), *others, rows).movedim(-1, axis + 1)
