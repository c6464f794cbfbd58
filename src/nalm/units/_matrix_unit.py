"""The abstract middle of all units that apply one weight matrix."""

from __future__ import annotations

import torch
from torch import Tensor

from nalm import functional
from nalm.units._rules import WeightRule
from nalm.units._unit import Unit


class MatrixUnit(Unit):
    """A unit with one matrix, made by the weight rule `weights`; a subclass adds the forward pass."""

    weights: WeightRule

    def effective_weights(self, x: Tensor) -> Tensor:
        """Check the input of a forward pass, let the rule see it, and return the matrix to use."""
        self.check_input(x)
        self.weights.observe(x)
        return self.weights()  # type: ignore[no-any-return]

    @property
    def weight(self) -> Tensor:
        """The effective weights, `[out, in]`."""
        return self.weights()  # type: ignore[no-any-return]

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw new initial values."""
        self.weights.reset_parameters(generator)

    def penalties(self) -> dict[str, Tensor]:
        """Return the penalties of the weight rule."""
        return self.weights.penalties()

    def project_(self) -> None:
        """Clamp as the weight rule says."""
        self.weights.project_()

    def sparsity_error(self) -> Tensor:
        """Return the distance of the worst effective weight from {-1, 0, 1}."""
        return functional.sparsity_error(self.weight)
