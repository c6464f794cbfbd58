"""Where numbers stop being finite: the line of a module that makes the first one that is not."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from nalm._lines import at, is_users

_KINDS: dict[str, Callable[[Tensor], Tensor]] = {"nan": torch.isnan, "inf": torch.isinf}


class _Watched(TorchFunctionMode):
    """Remembers the first line that makes a number of each kind."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, str] = {}

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = function(*args, **(kwargs or {}))
        for kind in _kinds(result):
            self.lines.setdefault(kind, _line())
        return result


def _kinds(result: Any) -> Iterator[str]:
    """Return of which kinds there are numbers in tensors."""
    for value in tree_leaves(result):
        if isinstance(value, Tensor) and (value.is_floating_point() or value.is_complex()):
            yield from (kind for kind, test in _KINDS.items() if bool(test(value.detach()).any()))


def _line() -> str:
    """Return `" at file:line: source"` of the innermost frame of the user's."""
    frame = sys._getframe(1)
    while frame is not None and not is_users(frame.f_code.co_filename):
        frame = frame.f_back  # type: ignore[assignment]
    return "" if frame is None else at(frame.f_code.co_filename, frame.f_lineno)


def not_finite(call: Callable[[], Any]) -> str | None:
    """Return `"nan"` or `"inf"`, with the line that makes the first one, or None if `call()` gives no such."""
    with _Watched() as watched:
        kinds = list(_kinds(call()))
    kind = next((kind for kind in _KINDS if kind in kinds), None)
    return None if kind is None else kind + watched.lines.get(kind, "")


def line_of_gradient(update: Callable[[], Any]) -> str:
    """Return `" at file:line: source"` of the line whose gradient is the first nan of `update()`, or nothing.

    What `update` raises is ignored.
    """
    with warnings.catch_warnings(record=True) as said, torch.autograd.set_detect_anomaly(True):
        warnings.simplefilter("always")
        with suppress(Exception):
            update()
    # PyTorch tells where the operation was written in a warning
    text = "\n".join(str(warning.message) for warning in said)
    lines = [(path, int(number)) for path, number in re.findall(r'File "([^"]+)", line (\d+)', text) if is_users(path)]
    return at(*lines[-1]) if lines else ""
