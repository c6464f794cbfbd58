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
    """One random tensor of the forward pass.

    Attributes:
        distribution: as the method of a tensor that fills it is called, without its underscore.
        shape: of the tensor.
        arguments: of the method; none for its defaults.
    """

    distribution: str
    shape: tuple[int, ...]
    arguments: tuple[float, ...] = ()

    @property
    def size(self) -> int:
        """Number of values."""
        return prod(self.shape)

    def sample(self, generator: torch.Generator) -> Tensor:
        """Return the next values of a generator, flat, as PyTorch draws them."""
        if not self.arguments:
            return _STANDARD[self.distribution](self.size, generator=generator)
        fill = getattr(torch.empty(self.shape), f"{self.distribution}_")
        values: Tensor = fill(*self.arguments, generator=generator).reshape(-1)
        return values


_STANDARD: dict[str, Callable[..., Tensor]] = {"uniform": torch.rand, "normal": torch.randn}

# methods that fill a tensor, each with its arguments and their defaults; None: it has to be given
_FILLING: dict[Any, tuple[str, dict[str, float | None]]] = {
    torch.Tensor.uniform_: ("uniform", {"from": 0.0, "to": 1.0}),
    torch.Tensor.normal_: ("normal", {"mean": 0.0, "std": 1.0}),
    torch.Tensor.bernoulli_: ("bernoulli", {"p": 0.5}),
    torch.Tensor.exponential_: ("exponential", {"lambd": 1.0}),
    torch.Tensor.log_normal_: ("log_normal", {"mean": 1.0, "std": 2.0}),
    torch.Tensor.cauchy_: ("cauchy", {"median": 0.0, "sigma": 1.0}),
    torch.Tensor.geometric_: ("geometric", {"p": None}),
}
_PLAIN = {"uniform": (0.0, 1.0), "normal": (0.0, 1.0)}
_NEW = {torch.rand: "uniform", torch.randn: "normal"}
_LIKE = {torch.rand_like: "uniform", torch.randn_like: "normal"}
_DROPOUT = (torch.nn.functional.dropout, torch.dropout)

Draws = Callable[[Draw], Tensor]


class _Intercepted(TorchFunctionMode):
    """Replaces each random draw by `take(draw)`.

    What it does not know (another generator, type or device, a distribution whose parameters are tensors) is left to
    PyTorch: the proof of a lowering finds that the stream has moved on.
    """

    def __init__(self, take: Draws) -> None:
        super().__init__()
        self._take = take

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        known = self._known(function, args, kwargs)
        return function(*args, **kwargs) if known is None else known

    def _known(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor | None:
        if function in _NEW:
            shape = _shape(args, kwargs)
            return None if shape is None else self._take(Draw(_NEW[function], shape))
        if not args:
            return None
        if function in _LIKE:
            return self._take(Draw(_LIKE[function], tuple(args[0].shape))) if _is_plain(args[:1], kwargs) else None
        if function in _FILLING:
            distribution, defaults = _FILLING[function]
            given = _numbers(args[1:], kwargs, defaults)
            if given is None or not _is_plain(args[:1], {}):
                return None
            arguments = () if given == _PLAIN.get(distribution) else given
            filled: Tensor = args[0].copy_(self._take(Draw(distribution, tuple(args[0].shape), arguments)))
            return filled
        return self._dropped(args, kwargs) if function in _DROPOUT else None

    def _dropped(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor | None:
        """As PyTorch computes it: a mask of ones with probability 1 - p, divided by that."""
        given = dict(zip(("input", "p", "training", "inplace"), args, strict=False)) | kwargs
        x, rate = given["input"], given.get("p", 0.5)
        if not (given.get("training", given.get("train", True)) and 0 < rate < 1 and _is_plain((x,), {})):
            return None
        kept = self._take(Draw("bernoulli", tuple(x.shape), (1 - rate,))) / (1 - rate)
        dropped: Tensor = x.mul_(kept) if given.get("inplace", False) else x * kept
        return dropped


def _is_plain(tensors: Sequence[Any], kwargs: dict[str, Any]) -> bool:
    """Whether tensors hold ordinary numbers, and nothing special is asked for."""
    return all(x.is_floating_point() and x.device.type == "cpu" for x in tensors) and not kwargs


def _shape(args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[int, ...] | None:
    """Return the shape that `rand` or `randn` is asked for; None if anything else is asked for as well."""
    if set(kwargs) - {"size"}:
        return None
    sizes = kwargs.get("size", args[0] if len(args) == 1 and not isinstance(args[0], int) else args)
    return tuple(sizes) if all(isinstance(size, int) for size in sizes) else None


def _numbers(
    args: Sequence[Any], kwargs: dict[str, Any], defaults: dict[str, float | None]
) -> tuple[float, ...] | None:
    """Return the arguments of a method that fills a tensor; None if not plain numbers, or not all that is given."""
    given = {**defaults, **dict(zip(defaults, args, strict=False)), **kwargs}
    if len(args) > len(defaults) or set(given) - set(defaults):
        return None
    values = tuple(given.values())
    return tuple(float(v) for v in values) if all(type(v) in (int, float) for v in values) else None


class Recorded(_Intercepted):
    """Records the draws of a forward pass in `draws`; values are zeros."""

    def __init__(self) -> None:
        self.draws: list[Draw] = []
        super().__init__(self._record)

    def _record(self, draw: Draw) -> Tensor:
        self.draws.append(draw)
        return torch.zeros(draw.shape)


class Supplied(_Intercepted):
    """Hands out `values` in the order of the draws."""

    def __init__(self, values: Sequence[Tensor]) -> None:
        remaining = iter(values)
        super().__init__(lambda draw: next(remaining))


class NoiseStream:
    """The noise of one run: all draws of a step, one step after the other, from one generator.

    Uniform draws are made for many steps at once, which equals drawing step by step bit for bit; PyTorch promises that
    for no other distribution, so steps with others are made one at a time.
    """

    def __init__(self, generator: torch.Generator, draws: Sequence[Draw], rows: int) -> None:
        self._generator = generator
        self._draws = tuple(draws)
        self._rows = rows

    def take(self, steps: int) -> np.ndarray:
        """Noise of the next steps as `[steps, floats]`: draws with a row per sample lane by lane, then the others."""
        if not self._draws:
            return np.empty((steps, 0), dtype=np.float32)
        if all(draw.distribution == "uniform" and not draw.arguments for draw in self._draws):
            total = sum(draw.size for draw in self._draws)
            flat = torch.rand(steps, total, generator=self._generator)
            parts = list(torch.split(flat, [draw.size for draw in self._draws], dim=1))
        else:
            rows = [[draw.sample(self._generator) for draw in self._draws] for _ in range(steps)]
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
    """Return the axis of `draw` that has one entry per row of the batch, or None."""
    return draw.shape.index(rows) if rows in draw.shape else None


def unpacked(flat: Tensor, draws: Sequence[Draw], rows: int) -> list[Tensor]:
    """Return the draws, each `[runs, *shape]`, of one step's noise `[runs, floats]` as `NoiseStream.take` packs it."""
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
