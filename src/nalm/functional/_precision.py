"""Where half precision is not enough: functions that compute in float32 whatever comes in."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import reduce, wraps
from typing import ParamSpec

import torch
from torch import Tensor

P = ParamSpec("P")

HALF = (torch.float16, torch.bfloat16)
"""The dtypes whose logarithms, powers and products of several factors are too coarse or overflow."""


def _single(value: object) -> object:
    return value.float() if isinstance(value, Tensor) and value.dtype in HALF else value


def in_float32(function: Callable[P, Tensor]) -> Callable[P, Tensor]:
    """Make `function` compute in float32 where its tensors are of half precision or autocast would make them so.

    The result has the dtype that PyTorch promotes the arguments to, so that only a result beyond its range overflows.
    """

    @wraps(function)
    def precise(*args: P.args, **kwargs: P.kwargs) -> Tensor:
        tensors = [value for value in (*args, *kwargs.values()) if isinstance(value, Tensor)]
        device = tensors[0].device.type
        autocast = torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)
        with torch.autocast(device, enabled=False) if autocast else nullcontext():
            if not any(tensor.dtype in HALF for tensor in tensors):
                return function(*args, **kwargs)
            dtype = reduce(torch.promote_types, [t.dtype for t in tensors if t.is_floating_point()])
            result = function(*map(_single, args), **{name: _single(value) for name, value in kwargs.items()})  # type: ignore[arg-type]
            return result.to(dtype)

    return precise
