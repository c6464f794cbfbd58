"""The ladder of products of sums: which powers the factors have, from simple to complicated."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np


class Form(NamedTuple):
    """A product of powers of sums, with the units that it is.

    Args:
        name: What it is called in `equations_`.
        powers: A whole power for each factor.
        root: The root taken of the product: 1, or 2 for the square root.
    """

    name: str
    powers: tuple[int, ...]
    root: int = 1

    def exponents(self) -> tuple[Fraction, ...]:
        """Return the powers of the factors after the root."""
        return tuple(Fraction(power, self.root) for power in self.powers)

    def target(self, y: np.ndarray) -> np.ndarray | None:
        """Return what the product is fitted to; None where no root has such values."""
        if self.root == 1:
            return y
        return y**self.root if (y > 0).all() else None


LADDER = (
    Form("NAU-NMU", (1, 1)),
    Form("NAU-NMRU", (1, -1)),
    Form("NAU-NMU", (1, 1, 1)),
    Form("NAU-NMRU", (1, 1, -1)),
    Form("NAU-NMRU", (1, -1, -1)),
    Form("NAU-NPU", (1, 1), root=2),
    Form("NAU-NPU", (1, -1), root=2),
    Form("NAU-NMRU", (-1, -1)),
    Form("NAU-NMRU", (1, 1, -1, -1)),
    Form("NAU-NMU", (1, 1, 1, 1)),
    Form("NAU-NMRU", (1, 1, 1, -1)),
    Form("NAU-NMRU", (1, -1, -1, -1)),
)
