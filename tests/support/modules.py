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
