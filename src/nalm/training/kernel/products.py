"""Products over the inputs of a wide layer, which stay loops in a traced step.

PyTorch has no operation for the gradient of a product; two operations of our own stand for what a traced step needs:
`product`, and `others`, for each factor the product of all other factors. The kernel computes them as running products
from both sides, which is right where factors are zero.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

# its methods have no types
_LIBRARY: Any = torch.library.Library("nalm", "FRAGMENT")  # type: ignore[no-untyped-call]
_LIBRARY.define("product(Tensor x, int dim) -> Tensor")
_LIBRARY.define("others(Tensor x, int dim) -> Tensor")


def wide_product(x: Tensor, dim: int) -> Tensor:
    """Return the product of `x` over `dim`, with the gradient of each factor from the product of all others."""
    fixed = x.detach()
    value: Tensor = torch.ops.nalm.product(fixed, dim)
    slopes: Tensor = torch.ops.nalm.others(fixed, dim)
    return value + ((x - fixed) * slopes).sum(dim)


def _product(x: Tensor, dim: int) -> Tensor:
    return x.prod(dim)


def _others(x: Tensor, dim: int) -> Tensor:
    ones = torch.ones_like(x.narrow(dim, 0, 1))
    count = x.shape[dim] - 1
    before = torch.cat([ones, x.narrow(dim, 0, count)], dim).cumprod(dim)
    after = torch.cat([x.narrow(dim, 1, count), ones], dim).flip(dim).cumprod(dim).flip(dim)
    return before * after


_LIBRARY.impl("product", _product, "CompositeExplicitAutograd")
_LIBRARY.impl("others", _others, "CompositeExplicitAutograd")
