"""Modules as strangers write them, one for each way to be trained wrongly; named `support.field_modules:Class`."""

from __future__ import annotations

import dataclasses
import enum
import functools
import itertools
import math
import os
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune
from torch.utils.checkpoint import checkpoint


class Weighted(nn.Module):
    """A matrix, and nothing that could go wrong."""

    def __init__(self, i: int, o: int) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.full((o, i), 0.7))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.w.T


# initial values


class OwnInitialValues(nn.Module):
    def __init__(self, i: int, o: int) -> None:
        super().__init__()
        self.layer = nn.Linear(i, o)
        nn.init.eye_(self.layer.weight)
        nn.init.constant_(self.layer.bias, 0.25)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)


class ValuesAfterReset(nn.Module):
    """Has a reset that its constructor does not leave as it is."""

    def __init__(self, i: int, o: int) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.empty(o, i))
        self.reset_parameters()
        with torch.no_grad():
            self.w.mul_(0.1)

    def reset_parameters(self) -> None:
        nn.init.uniform_(self.w, 1.0, 2.0)

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.w.T


class Spectral(nn.Module):
    def __init__(self, i: int, o: int) -> None:
        super().__init__()
        self.layer = parametrizations.weight_norm(nn.Linear(i, 2 * o))

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)[:, ::2].contiguous()


class Pruned(nn.Module):
    def __init__(self, i: int, o: int) -> None:
        super().__init__()
        self.layer = prune.random_unstructured(nn.Linear(i, 4), "weight", amount=3)
        self.last = nn.Linear(4, o)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(torch.tanh(self.layer(x)))


class NumpyValues(nn.Module):
    def __init__(self, i: int, o: int) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.from_numpy(np.random.normal(0.5, 0.1, (o, i)).astype(np.float32)))
        self.shift = random.random()

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.w.T + self.shift


class DrawnActivation(Weighted):
    """Another network for some seeds."""

    def __init__(self, i: int, o: int) -> None:
        super().__init__(i, o)
        self.squash = torch.tanh if random.random() < 0.5 else torch.sin

    def forward(self, x: Tensor) -> Tensor:
        return self.squash(super().forward(x))


class Kind(enum.Enum):
    SQUASHED = 1
    PLAIN = 2


@dataclasses.dataclass
class Options:
    hidden: int = 4
    kinds: list[Kind] = dataclasses.field(default_factory=lambda: [Kind.SQUASHED])


class Configured(nn.Module):
    """Takes its options from a dataclass that holds an enumeration."""

    def __init__(self, i: int, o: int, options: Options = Options()) -> None:  # noqa: B008
        super().__init__()
        self.options = options
        self.first, self.last = nn.Linear(i, options.hidden), nn.Linear(options.hidden, o)

    def forward(self, x: Tensor) -> Tensor:
        y = self.first(x)
        return self.last(torch.tanh(y) if Kind.SQUASHED in self.options.kinds else y)


# what is trained, and what is not


class PartlyFrozen(Weighted):
    def __init__(self, i: int, o: int) -> None:
        super().__init__(i, o)
        self.first = nn.Linear(i, i).requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(self.first(x))


class Tied(nn.Module):
    def __init__(self, i: int, o: int) -> None:
        super().__init__()
        self.one, self.other = nn.Linear(i, i), nn.Linear(i, i)
        self.other.weight = self.one.weight
        self.last = nn.Linear(i, o)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.other(torch.relu(self.one(x))))


class HookedGradient(Weighted):
    """Trains the first column only."""

    def __init__(self, i: int, o: int) -> None:
        super().__init__(i, o)
        keep = torch.zeros(o, i)
        keep[:, 0] = 1
        self.w.register_hook(lambda gradient: gradient * keep)


class Unused(Weighted):
    def __init__(self, i: int, o: int) -> None:
        super().__init__(i, o)
        self.unused = nn.Parameter(torch.ones(3))


class NothingToTrain(nn.Module):
    def __init__(self, i: int, o: int) -> None:
        super().__init__()
        self.outputs = o

    def forward(self, x: Tensor) -> Tensor:
        return x.sum(-1, keepdim=True).expand(-1, self.outputs)


class Averaged(Weighted):
    """Follows its weights by a moving average, under no gradient."""

    def __init__(self, i: int, o: int) -> None:
        super().__init__(i, o)
        self.average = nn.Parameter(torch.zeros(o, i), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            with torch.no_grad():
                self.average.mul_(0.9).add_(0.1 * self.w)
        return x @ (self.w + self.average).T


class Unfrozen(Weighted):
    """Asks for gradients of its first layer later, which every optimiser of all parameters then trains."""

    def __init__(self, i: int, o: int) -> None:
        super().__init__(i, o)
        self.first, self.steps = nn.Linear(i, i).requires_grad_(False), 0

    def forward(self, x: Tensor) -> Tensor:
        self.steps += self.training
        if self.steps == 20:
            self.first.requires_grad_(True)
        return super().forward(self.first(x))


class OffersAPart(Weighted):
    """Gives an optimiser some of its parameters, and one that it keeps in a plain list."""

    def __init__(self, i: int, o: int) -> None:
        super().__init__(i, o)
        self.first, self.kept = nn.Linear(i, i), [nn.Linear(i, i)]

    def parameters(self, recurse: bool = True) -> Iterator[nn.Parameter]:
        yield self.w
        yield from self.kept[0].parameters()

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(self.kept[0](self.first(x)))


class Listed(nn.Module):
    """Parameters in a list and in a dictionary, and twice in a plain list."""

    def __init__(self, i: int, o: int) -> None:
        super().__init__()
        self.rows = nn.ParameterList([nn.Parameter(torch.rand(i)) for _ in range(o)])
        self.named = nn.ParameterDict({"shift": torch.rand(o), "scale": torch.ones(o)})
        self.again = [self.rows[0]]

    def forward(self, x: Tensor) -> Tensor:
        y = torch.stack([(x * row).sum(-1) for row in self.rows], -1)
        return y * self.named["scale"] + self.named["shift"] + (x * self.again[0]).sum(-1, keepdim=True)


# noise


class ShiftedNoise(Weighted):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x + torch.zeros_like(x).normal_(mean=1.0) if self.training else x)


class ShiftedNoiseWritten(Weighted):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x + (torch.randn(len(x), x.shape[1]) + 1.0) if self.training else x)


class NoiseFromBelow(Weighted):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x + torch.empty(x.shape).uniform_(-0.5) if self.training else x)


class NoiseFromBelowWritten(Weighted):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x + (torch.rand(x.shape) * 1.5 - 0.5) if self.training else x)


class Dropped(nn.Module):
    def __init__(self, i: int, o: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(i, 6), nn.ReLU(), nn.Dropout(0.2), nn.Linear(6, o))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class RandomRows(Weighted):
    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x)
        return y + 0.1 * y[torch.randperm(len(y))] if self.training else y


class NoiseAtRest(Weighted):
    """Noise in evaluation too, as a dropout without `self.training` gives it."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(F.dropout(x, 0.1))


class NumpyNoise(Weighted):
    def forward(self, x: Tensor) -> Tensor:
        scale = np.random.uniform(0.9, 1.1, x.shape[1]).astype(np.float32) if self.training else np.ones(x.shape[1])
        return super().forward(x * torch.as_tensor(scale, dtype=x.dtype))


class NoDraws(Weighted):
    """Examined by one test alone, so that nothing is known of it before."""


class PythonNoise(Weighted):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * (random.gauss(1.0, 0.05) if self.training else 1.0)


class Distributed(Weighted):
    """Draws by torch.distributions."""

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            x = x * torch.distributions.LogNormal(0.0, 0.1).sample(x.shape)
        return super().forward(x)


class OwnGenerators(Weighted):
    """Draws from generators of its own, which it seeds."""

    def __init__(self, i: int, o: int) -> None:
        super().__init__(i, o)
        self.numpy, self.torch = np.random.default_rng(3), torch.Generator().manual_seed(4)

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            x = x * self.numpy.uniform(0.9, 1.1) + 0.1 * torch.rand(x.shape, generator=self.torch)
        return super().forward(x)


class RandomSlopes(nn.Module):
    def __init__(self, i: int, o: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(i, 5), nn.RReLU(), nn.AlphaDropout(0.1), nn.Linear(5, o))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


# constants


class RemembersACall(nn.Module):
    """Keeps a number of its first call in a cache that belongs to no module."""

    def __init__(self, i: int, o: int) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.rand(o, i))

    @functools.lru_cache(None)  # noqa: B019
    def scale(self) -> float:
        return float(self.w.sum())

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.w.T * self.scale()


class MadeAnew(Weighted):
    """Has an attribute that nobody can compare."""

    def __init__(self, i: int, o: int) -> None:
        super().__init__(i, o)
        self.token = str(os.urandom(4))

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x)


class ConstantTensors(Weighted):
    def __init__(self, i: int, o: int) -> None:
        super().__init__(i, o)
        self.register_buffer("allowed", torch.arange(i) >= 0)
        self.register_buffer("order", torch.arange(i).flip(0))
        self.tiny = torch.tensor(1e-6)

    def forward(self, x: Tensor) -> Tensor:
        kept = torch.where(self.allowed, x, -x)[:, self.order]
        return (kept.abs() + self.tiny).sqrt() @ self.w.T


class InfiniteBuffer(Weighted):
    """A mask of minus infinity, as in attention."""

    def __init__(self, i: int, o: int) -> None:
        super().__init__(i, o)
        mask = torch.zeros(i)
        mask[0] = -torch.inf
        self.register_buffer("mask", mask)

    def forward(self, x: Tensor) -> Tensor:
        return (x * torch.softmax(x + self.mask, -1)) @ self.w.T


# memory


class Normalised(nn.Module):
    def __init__(self, i: int, o: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(i, 4, bias=False), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, o))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class CountsInABuffer(Weighted):
    def __init__(self, i: int, o: int) -> None:
        super().__init__(i, o)
        self.register_buffer("steps", torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.steps.add_(1)
        return super().forward(x) * (1 + 1 / (1 + self.steps))


class CountsInPython(Weighted):
    def __init__(self, i: int, o: int) -> None:
        super().__init__(i, o)
        self.seen = {"steps": 0}

    def forward(self, x: Tensor) -> Tensor:
        self.seen["steps"] += self.training
        return super().forward(x) if self.seen["steps"] < 20 else super().forward(x) * 1.5


class Remembers(Weighted):
    """Keeps a tensor of the last call."""

    def __init__(self, i: int, o: int) -> None:
        super().__init__(i, o)
        self.last: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x)
        if self.last is not None and self.training:
            y = y + 0.1 * self.last.mean()
        self.last = y.detach()
        return y


class CachesInEvaluation(Weighted):
    """Keeps its weights from one evaluation to the next, and forgets them in training."""

    def __init__(self, i: int, o: int) -> None:
        super().__init__(i, o)
        self.kept: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.kept = None
            return super().forward(x)
        if self.kept is None:
            self.kept = self.w.detach().clone()
        return x @ self.kept.T


class TakesValuesFromData(Weighted):
    """Has a scale that the first batch sets."""

    def __init__(self, i: int, o: int) -> None:
        super().__init__(i, o)
        self.scale = nn.Parameter(torch.empty(i))
        self.is_set = False

    def forward(self, x: Tensor) -> Tensor:
        if not self.is_set:
            self.scale.data.copy_(1 / x.std(0))
            self.is_set = True
        return super().forward(x * self.scale)


class CountsEvaluations(Weighted):
    def __init__(self, i: int, o: int) -> None:
        super().__init__(i, o)
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += not self.training
        return super().forward(x) * (1 + self.calls / 10)


class SpectralOfOld(nn.Module):
    def __init__(self, i: int, o: int) -> None:
        super().__init__()
        self.layer, self.last = nn.utils.spectral_norm(nn.Linear(i, 3)), nn.Linear(3, o)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.layer(x))


class Renormalised(Weighted):
    """Writes its weights in every forward pass."""

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            self.w.div_(self.w.norm(dim=1, keepdim=True).clamp(min=1.0))
        return super().forward(x)


# graphs that nobody can trace


class Recomputed(nn.Module):
    """Forgets what its first layer gave, and computes it again for the gradient."""

    def __init__(self, i: int, o: int) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(i, 4), nn.Linear(4, o)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(checkpoint(lambda z: torch.tanh(self.first(z)), x, use_reentrant=False))


class Hooked(Weighted):
    """Changes inputs, outputs and gradients by hooks."""

    def __init__(self, i: int, o: int) -> None:
        super().__init__(i, o)
        self.first, self.second = nn.Linear(i, i), nn.Linear(i, i)
        self.first.register_forward_pre_hook(lambda module, given: (given[0] * 0.5,))
        self.second.register_forward_hook(lambda module, given, y: torch.tanh(y))
        self.second.register_full_backward_hook(lambda module, got, given: (got[0] * 0.1,))

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(self.second(self.first(x)))


class NoGradient(nn.Module):
    def __init__(self, i: int, o: int) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(i, 4), nn.Linear(4, o)

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            y = self.first(x)
        return self.last(y)


class _Sign(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.sign()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient.clamp(-1, 1)


class StraightThroughSign(Weighted):
    def forward(self, x: Tensor) -> Tensor:
        return x @ (self.w * _Sign.apply(self.w)).T


class BranchesOnValues(Weighted):
    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x)
        return y * 0.5 if float(y.detach().mean()) > 1.0 else y


class Recurrent(nn.Module):
    def __init__(self, i: int, o: int) -> None:
        super().__init__()
        self.cell = nn.LSTM(1, 3, batch_first=True)
        self.last = nn.Linear(3, o)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.cell(x.unsqueeze(-1))[0][:, -1])


class Einsum(nn.Module):
    def __init__(self, i: int, o: int) -> None:
        super().__init__()
        self.first, self.last = nn.Parameter(torch.rand(4, i)), nn.Parameter(torch.rand(o, 4))

    def forward(self, x: Tensor) -> Tensor:
        return torch.einsum("oh,hi,bi->bo", self.last, self.first, x)


class ClampsItsData(Weighted):
    def forward(self, x: Tensor) -> Tensor:
        self.w.data.clamp_(0.0, 0.68)
        return super().forward(x)


class ChangesItsInput(Weighted):
    def forward(self, x: Tensor) -> Tensor:
        x[:, 0] *= 2
        x += 1
        return super().forward(x)


class Late(nn.Module):
    def __init__(self, i: int, o: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.LazyLinear(3), nn.Tanh(), nn.LazyLinear(o))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class ComplexWeights(nn.Module):
    def __init__(self, i: int, o: int) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.randn(o, i, dtype=torch.cfloat))

    def forward(self, x: Tensor) -> Tensor:
        return (x.to(torch.cfloat) @ self.w.T).abs()


class HalfWeights(nn.Module):
    def __init__(self, i: int, o: int) -> None:
        super().__init__()
        self.layer = nn.Linear(i, o).bfloat16()

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x.bfloat16()).float()


class DoubleWeights(nn.Module):
    def __init__(self, i: int, o: int) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.rand(o, i, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return x.double() @ self.w.T


TRAINED = (
    *(OwnInitialValues, ValuesAfterReset, Spectral, Pruned, NumpyValues, DrawnActivation, Configured),
    *(PartlyFrozen, Tied, HookedGradient, Unused, NothingToTrain, Averaged, Unfrozen, OffersAPart, Listed),
    *(ShiftedNoise, ShiftedNoiseWritten, NoiseFromBelow, NoiseFromBelowWritten, Dropped, RandomRows, NoiseAtRest),
    *(NumpyNoise, PythonNoise, Distributed, OwnGenerators, RandomSlopes, ConstantTensors, InfiniteBuffer),
    *(RemembersACall, MadeAnew, Normalised, CountsInABuffer, CountsInPython, CountsEvaluations, Remembers),
    *(SpectralOfOld, Renormalised, TakesValuesFromData, CachesInEvaluation),
    *(Recomputed, Hooked, NoGradient),
    *(StraightThroughSign, BranchesOnValues, Recurrent, Einsum, ClampsItsData, ChangesItsInput, Late),
    *(ComplexWeights, HalfWeights, DoubleWeights),
)
"""Modules that have to be trained as an ordinary loop trains them."""


# what is refused


class Squeezes(Weighted):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).squeeze(-1)


class GivesThree(nn.Module):
    def __init__(self, i: int, o: int) -> None:
        super().__init__()
        self.layer = nn.Linear(i, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)


class GivesOneNumber(Weighted):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).mean()


class GivesTwo(Weighted):
    def forward(self, x: Tensor) -> Any:
        return super().forward(x), self.w


class GivesIntegers(Weighted):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).round().long()


class Detaches(Weighted):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).detach()


class Fails(Weighted):
    def forward(self, x: Tensor) -> Tensor:
        return x @ self.w


class FailsInItsConstructor(Weighted):
    def __init__(self, i: int, o: int) -> None:
        super().__init__(i, o)
        raise KeyError("no such layer")


class DrawsFromTheSystem(nn.Module):
    def __init__(self, i: int, o: int) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.from_numpy(np.random.default_rng().random((o, i), dtype=np.float32)))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.w.T


class SystemNoise(Weighted):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * (1 + os.urandom(1)[0] / 256 if self.training else 1)


CALLS = 0


class CountsInAGlobal(Weighted):
    def forward(self, x: Tensor) -> Tensor:
        global CALLS
        CALLS += 1
        return super().forward(x) * (1 + min(CALLS / 1e6, 1.0))


class CountsInItsClass(Weighted):
    calls = 0

    def forward(self, x: Tensor) -> Tensor:
        type(self).calls += 1
        return super().forward(x)


class Uninitialised(nn.Module):
    def __init__(self, i: int, o: int) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.empty(o, i))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.w.T


class StartsAtNan(Weighted):
    def __init__(self, i: int, o: int) -> None:
        super().__init__(i, o)
        nn.init.constant_(self.w, math.nan)


class OfNegative(Weighted):
    """Takes negative inputs alone."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.log(-x) @ self.w.T


class GivesNan(Weighted):
    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x).square() + 1
        return torch.log(-y)


class GivesNanInEvaluation(Weighted):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * (1.0 if self.training else math.inf)


class GradientIsNan(nn.Module):
    def __init__(self, i: int, o: int) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.zeros(o, i))

    def forward(self, x: Tensor) -> Tensor:
        y = x @ self.w.T
        return torch.sqrt(y.square())


class MakesAParameter(Weighted):
    def forward(self, x: Tensor) -> Tensor:
        if not hasattr(self, "shift"):
            self.shift = nn.Parameter(torch.zeros(1))
        return super().forward(x) + self.shift


class SparseGradients(nn.Module):
    def __init__(self, i: int, o: int) -> None:
        super().__init__()
        self.table = nn.Embedding(9, o, sparse=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.table(x.long().clamp(0, 8)).sum(1)


class KeepsItsGraph(Weighted):
    """Goes on from what it gave before, with its gradient."""

    def __init__(self, i: int, o: int) -> None:
        super().__init__(i, o)
        self.state: Any = 0.0

    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x) + 0.1 * self.state
        self.state = y.mean() if self.training else self.state
        return y


class DrawsForEvaluation(Weighted):
    """Differs from process to process in evaluation alone."""

    def __init__(self, i: int, o: int) -> None:
        super().__init__(i, o)
        self.shift = os.urandom(1)[0] / 256 + os.urandom(1)[0] / 65536

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + (0 if self.training else self.shift)


REFUSED = {
    Squeezes: r"forward maps an input of shape \[\d+, 2\] to \[\d+\], but a network of 1 output must give \[\d+, 1\]",
    GivesThree: r"an input of shape \[\d+, 2\] to \[\d+, 3\], but a network of 1 output must give \[\d+, 1\]",
    GivesOneNumber: r"an input of shape \[\d+, 2\] to \[\], but a network of 1 output must give \[\d+, 1\]",
    GivesTwo: r"forward must give one tensor of shape \[\d+, 1\], got a tuple of 2",
    GivesIntegers: r"forward must give floating point numbers, got torch\.int64",
    Detaches: r"the output of forward depends on no parameter",
    Fails: r"RuntimeError at .*field_modules\.py:\d+: return x @ self\.w: mat1 and mat2",
    FailsInItsConstructor: r"KeyError at .*field_modules\.py:\d+: raise KeyError\(\"no such layer\"\): 'no such layer'",
    DrawsFromTheSystem: r"constructing it twice from the same seed gives two values of w; draw random numbers with",
    SystemNoise: r"training it twice from the same seed gives two values of w",
    Uninitialised: r"parameter 'w' is given no values when it is constructed",
    StartsAtNan: r"parameter 'w' is not finite when it has been constructed",
    GivesNan: r"not finite at step 0, before any update, .*: nan at .*field_modules\.py:\d+: return torch\.log\(-y\)",
    GivesNanInEvaluation: r"in evaluation mode: inf at .*field_modules\.py:\d+: return super",
    GradientIsNan: r"not the loss or the gradient of the first update at .*field_modules\.py:\d+: return torch\.sqrt",
    MakesAParameter: r"no optimiser knows of parameter 'shift', .* at .*field_modules\.py:\d+: self\.shift = ",
    SparseGradients: r"RuntimeError at .*field_modules\.py:\d+: def forward.*: Adam does not support sparse gradients",
    KeepsItsGraph: r"RuntimeError at .*field_modules\.py:\d+: .*backward through the graph a second time",
    DrawsForEvaluation: r"training it twice from the same seed gives two values of the error on",
    CountsInAGlobal: r"training it changes values outside of it .* keep them in attributes of self",
    CountsInItsClass: r"training it changes values outside of it .* keep them in attributes of self",
}
"""Modules that cannot be trained, and what is said of them."""

Halved = functools.partial(nn.Linear, bias=False)
NUMBERED = itertools.count()


class OrderedByHashes(nn.Module):
    """Draws its layers in the order of a set."""

    def __init__(self, i: int, o: int) -> None:
        super().__init__()
        names = {f"layer{number}" for number in range(12)}
        self.layers = nn.ModuleDict({name: nn.Linear(i, o) for name in names})

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([layer(x) * (k + 1) for k, (_, layer) in enumerate(sorted(self.layers.items()))]).sum(0)


class RarelyOther(Weighted):
    """Has a layer more for some seeds: 7, and neither 0 nor 1."""

    def __init__(self, i: int, o: int) -> None:
        super().__init__(i, o)
        self.first = nn.Linear(i, i) if random.random() < 0.3 else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(self.first(x))


class Logarithmic(Weighted):
    """Takes positive inputs alone."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.exp(torch.log(x) @ self.w.T)


class SetsTheDefaultType(nn.Module):
    def __init__(self, i: int, o: int) -> None:
        super().__init__()
        torch.set_default_dtype(torch.float64)
        self.layer = nn.Linear(i, o)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x.double())
