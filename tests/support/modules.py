"""Plain modules of a user's, named in studies as `support.modules:Class`."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Exploding(nn.Module):
    """Its output, and with it the gradient, overflows once the weight has grown a little."""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.empty(out_features, in_features))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        nn.init.uniform_(self.w, 20.0, 21.0)

    def forward(self, x: Tensor) -> Tensor:
        return torch.exp(x @ self.w.T)


class Branching(nn.Module):
    """Its control flow depends on values, so that it cannot be trained in a batch."""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.layer = nn.Linear(in_features, out_features)

    def forward(self, x: Tensor) -> Tensor:
        if x.sum() > 0:
            return self.layer(x)
        return -self.layer(x)


class OwnParameter(nn.Module):
    """Has a parameter of its own and no way to draw it again."""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.rand(out_features, in_features))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.w.T


class Ridge(nn.Module):
    """A linear layer with a penalty that no setting weighs, beside one that settings do."""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.full((out_features, in_features), 0.5))

    def reset_parameters(self) -> None:
        nn.init.constant_(self.w, 0.5)

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.w.T

    def penalties(self) -> dict[str, Tensor]:
        return {"ridge": self.w.square().mean(), "sparsity": self.w.abs().mean()}


class Versatile(nn.Module):
    """All that a lowering may get wrong: parameters, a buffer that follows the data, noise, a penalty, two modes."""

    mean: Tensor

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.full((out_features, in_features), 0.6))
        self.b = nn.Parameter(torch.zeros(out_features))
        self.register_buffer("mean", torch.ones(in_features))

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.mean.mul_(0.9).add_(0.1 * x.detach().mean(0))
            x = x + 0.1 * (torch.rand_like(x) - 0.5)
        return (x / self.mean.abs().add(1)) @ self.w.T + self.b

    def penalties(self) -> dict[str, Tensor]:
        return {"size": self.w.square().sum()}

    def project_(self) -> None:
        self.w.copy_(self.w.clamp(-1, 0.601))
