"""Random modules: layers, buffers, noise, memory and control flow in any combination, each drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune

Function = Callable[[Tensor], Tensor]

# functions of each number alone, bounded in value and slope
_ELEMENTWISE: dict[str, Function] = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "gelu": F.gelu,
    "softplus": F.softplus,
    "silu": F.silu,
    "hardtanh": F.hardtanh,
    "sin": torch.sin,
    "cos": torch.cos,
    "atan": torch.atan,
    "erf": torch.erf,
    "root": lambda x: (x.abs() + 0.1).sqrt(),
    "logarithm": lambda x: (x.abs() + 0.1).log(),
    "reciprocal": lambda x: 1 / (1 + x * x),
    "clamp": lambda x: x.clamp(-1.5, 1.5),
    "where": lambda x: torch.where(x > 0.3, x, 0.5 * x),
    "maximum": lambda x: torch.maximum(x, x.mean(-1, keepdim=True)),
    "centred": lambda x: x - x.mean(0, keepdim=True),
    "softmax": lambda x: torch.softmax(x, -1),
    "power": lambda x: (x.abs() + 0.2) ** 1.5,
    "flipped": lambda x: x.flip(-1) + x,
    "rolled": lambda x: torch.cat([x[:, 1:], x[:, :1]], -1) * 0.5,
    "cumulated": lambda x: x.cumsum(-1) * 0.5,
    "stacked": lambda x: torch.stack([x, -x], -1).amax(-1),
    "in place": lambda x: x.clone().mul_(0.5).add_(0.1),
}


class _Block(nn.Module):
    """Maps `[batch, size]` to `[batch, width]`; what it is made of is drawn when it is built."""

    width: int

    def __init__(self, size: int, draw: np.random.Generator) -> None:
        super().__init__()
        self.width = size


Kinds = Sequence[Callable[[], Any]]


class Elementwise(_Block):
    """A function without parameters."""

    def __init__(self, size: int, draw: np.random.Generator) -> None:
        super().__init__(size, draw)
        self.function = str(draw.choice(list(_ELEMENTWISE)))

    def forward(self, x: Tensor) -> Tensor:
        return _ELEMENTWISE[self.function](x)


class Affine(_Block):
    """A linear layer of any kind."""

    def __init__(self, size: int, draw: np.random.Generator) -> None:
        super().__init__(size, draw)
        self.width = int(draw.integers(1, 5))
        kinds: tuple[Callable[[], nn.Module], ...] = (
            lambda: nn.Linear(size, self.width),
            lambda: nn.Linear(size, self.width, bias=False),
            lambda: nn.Linear(size, self.width).requires_grad_(False),
            lambda: nn.LazyLinear(self.width),
            lambda: nn.Sequential(nn.Linear(size, 3), nn.LayerNorm(3), nn.Linear(3, self.width)),
        )
        self.layer = kinds[draw.integers(len(kinds))]()

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)  # type: ignore[no-any-return]


class Computed(_Block):
    """A linear layer whose weights are computed from others: normed, pruned."""

    def __init__(self, size: int, draw: np.random.Generator) -> None:
        super().__init__(size, draw)
        layer = nn.Linear(size, size)
        pruned = draw.random() < 0.5
        self.layer = (
            prune.random_unstructured(layer, "weight", amount=1)  # type: ignore[no-untyped-call]
            if pruned
            else parametrizations.weight_norm(layer)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)  # type: ignore[no-any-return]


class Arithmetic(_Block):
    """A unit of somebody's own: a product or a power of inputs."""

    def __init__(self, size: int, draw: np.random.Generator) -> None:
        super().__init__(size, draw)
        self.multiplies = bool(draw.random() < 0.5)
        self.w = nn.Parameter(torch.rand(size, size))

    def forward(self, x: Tensor) -> Tensor:
        x = torch.tanh(x)
        if self.multiplies:
            return (self.w * x.unsqueeze(-2) + 1 - self.w).prod(-1)
        return torch.exp((x.abs() + 1e-3).log() @ self.w.T)


class Constant(_Block):
    """A buffer or a tensor that stays as it is."""

    scale: Tensor
    mask: Tensor
    order: Tensor

    def __init__(self, size: int, draw: np.random.Generator) -> None:
        super().__init__(size, draw)
        self.kind = int(draw.integers(4))
        self.register_buffer("scale", torch.linspace(0.5, 1.5, size))
        self.register_buffer("mask", torch.arange(size) % 2 == 0)
        self.register_buffer("order", torch.arange(size).flip(0))
        self.own = torch.tensor(0.25)
        self.drawn = torch.rand(size) if draw.random() < 0.3 else None

    def forward(self, x: Tensor) -> Tensor:
        x = x if self.drawn is None else x + self.drawn
        kinds: Kinds = (
            lambda: x * self.scale,
            lambda: x.masked_fill(self.mask, 0.5),
            lambda: x[:, self.order],
            lambda: x * self.own,
        )
        return kinds[self.kind]()  # type: ignore[no-any-return]


class Memory(_Block):
    """Something that changes from call to call."""

    mean: Tensor
    count: Tensor

    def __init__(self, size: int, draw: np.random.Generator) -> None:
        super().__init__(size, draw)
        self.kind = int(draw.integers(6))
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("count", torch.zeros(()))
        self.calls = 0
        self.last: Tensor | None = None
        self.norm = nn.BatchNorm1d(size)
        self.follower = nn.Parameter(torch.ones(size), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        if self.kind == 0:
            return self.norm(x)  # type: ignore[no-any-return]
        if self.kind == 1 and self.training:
            self.mean.mul_(0.9).add_(0.1 * x.detach().mean(0))
        if self.kind == 2:
            self.count += self.training
        if self.kind == 3:
            self.calls += self.training
        if self.kind == 4:
            last, self.last = self.last, x.detach().mean(0)
            x = x if last is None else x + 0.1 * last
        if self.kind == 5 and self.training:
            with torch.no_grad():
                self.follower.copy_(0.9 * self.follower + 0.1 * x.mean(0))
        return (x - self.mean) * (1 + 1 / (1 + self.count)) * (1 + min(self.calls, 50) / 50) * self.follower


class Noise(_Block):
    """Random numbers in the forward pass."""

    def __init__(self, size: int, draw: np.random.Generator) -> None:
        super().__init__(size, draw)
        self.kind = int(draw.integers(12))
        self.dropout = nn.Dropout(0.2)

    def forward(self, x: Tensor) -> Tensor:
        kinds: Kinds = (
            lambda: self.dropout(x),
            lambda: x + 0.1 * torch.randn_like(x),
            lambda: x * torch.empty_like(x).uniform_(0.9, 1.1),
            lambda: x + torch.empty(len(x), 1).normal_(0.1),
            lambda: x * (1 + 0.1 * torch.rand(x.shape[-1])),
            lambda: x * torch.empty_like(x).bernoulli_(0.8),
            lambda: x + 0.1 * torch.empty_like(x).exponential_(2.0),
            lambda: x + 0.1 * x[torch.randperm(len(x))],
            lambda: x * torch.bernoulli(torch.full_like(x, 0.9)),
            lambda: x * random.uniform(0.9, 1.1),
            lambda: x * float(np.random.normal(1.0, 0.05)),
            lambda: F.alpha_dropout(x, 0.1, training=True),
        )
        return kinds[self.kind]() if self.training else x


class _Rounded(torch.autograd.Function):
    """Rounds, and lets gradients through."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return (4 * x).round() / 4

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        return gradient


class Untraceable(_Block):
    """What no graph of tensors holds, or what changes parameters behind its back."""

    def __init__(self, size: int, draw: np.random.Generator) -> None:
        super().__init__(size, draw)
        self.kind = int(draw.integers(8))
        self.w = nn.Parameter(torch.rand(size, size))
        self.wide = nn.Linear(size, size, dtype=torch.float64)
        self.turning = nn.Parameter(torch.randn(size, size, dtype=torch.cfloat))
        self.cell = nn.GRU(1, size, batch_first=True)
        if self.kind == 7:
            self.w.register_hook(lambda gradient: gradient * (torch.arange(size) % 2))  # type: ignore[no-untyped-call]

    def forward(self, x: Tensor) -> Tensor:
        kinds: Kinds = (
            lambda: x * 0.5 if x.mean() > 0.5 else x,
            lambda: x @ _Rounded.apply(self.w),  # type: ignore[no-untyped-call]
            lambda: self.wide(x.double()).float(),
            lambda: (x.to(torch.cfloat) @ self.turning).abs(),
            lambda: self.cell(x.unsqueeze(-1))[0][:, -1],
            lambda: x @ self.w.data.clamp_(0, 0.9) + x @ self.w,
            lambda: x * len(torch.unique((x > 0).float())),
            lambda: x @ self.w,
        )
        return kinds[self.kind]()  # type: ignore[no-any-return]


# how often each kind of block is drawn
_BLOCKS: dict[type[_Block], float] = {
    Elementwise: 0.3,
    Affine: 0.2,
    Arithmetic: 0.12,
    Constant: 0.1,
    Noise: 0.12,
    Memory: 0.06,
    Computed: 0.05,
    Untraceable: 0.05,
}


class RandomModule(nn.Module):
    """A module that is another one for each seed; `nalm.testing:RandomModule` with the argument `seed` in a study.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        seed: Of what it is made of; its initial values are drawn from torch's generator as those of any module.
    """

    def __init__(self, in_features: int, out_features: int, seed: int = 0) -> None:
        super().__init__()
        draw = np.random.default_rng(seed)
        kinds, weights = list(_BLOCKS), np.array(list(_BLOCKS.values()))
        blocks: list[_Block] = []
        size = in_features
        for _ in range(int(draw.integers(1, 5))):
            kind = kinds[int(draw.choice(len(kinds), p=weights / weights.sum()))]
            blocks.append(kind(size, draw))
            size = blocks[-1].width
        self.blocks = nn.ModuleList(blocks)
        self.last = nn.Linear(size, out_features)
        self.skips = bool(draw.random() < 0.3)

    def forward(self, x: Tensor) -> Tensor:
        """Return `[batch, out_features]`."""
        y = x
        for block in self.blocks:
            y = block(y)
        return self.last(y) + (x.sum(-1, keepdim=True) * 0.1 if self.skips else 0.0)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        """Return the kinds of its blocks."""
        return " -> ".join(type(block).__name__ for block in self.blocks)
