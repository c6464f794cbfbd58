"""Ways in which PyTorch computes a parameter from others, by name."""

from __future__ import annotations

import warnings
from collections.abc import Callable

from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize, prune, spectral_norm, weight_norm

Computation = Callable[[nn.Module, str], object]


class Same(nn.Module):
    def forward(self, value: Tensor) -> Tensor:
        return value * 1.0


def parametrised(parametrisation: type[nn.Module]) -> Computation:
    return lambda module, name: parametrize.register_parametrization(module, name, parametrisation())


def older(norm: Callable[..., object]) -> Computation:
    def apply(module: nn.Module, name: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            norm(module, name)

    return apply


COMPUTATIONS: dict[str, Computation] = {
    "l1": lambda module, name: prune.l1_unstructured(module, name, amount=0.5),
    "structured": lambda module, name: prune.ln_structured(module, name, amount=0.5, n=2, dim=0),
    "same": parametrised(Same),
    "weight_norm": parametrizations.weight_norm,
    "older_weight_norm": older(weight_norm),
    "spectral_norm": parametrizations.spectral_norm,
    "older_spectral_norm": older(spectral_norm),
    "orthogonal": parametrizations.orthogonal,
}
