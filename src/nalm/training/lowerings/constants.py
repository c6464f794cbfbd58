"""What a module holds besides its floats: everything that a compiled step takes for constant."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn

from nalm._lines import at, is_users
from nalm.units._catalogue.identity import UnidentifiableError, attributes, digest

# what a module keeps in these is held by a state, or by the modules below it
_STATE = ("_parameters", "_buffers", "_modules")

# so many lines are looked at, one after the other, for the one that does something
_MOST_LINES = 2000


def constants(module: nn.Module) -> dict[str, str]:
    """Return digests of all attributes of a module and of those below it, by their names.

    Of parameters and of buffers with floats only what they are counts, not their values.

    Raises:
        UnidentifiableError: an attribute whose influence nobody can tell.
    """
    found = {}
    for path, part in module.named_modules(remove_duplicate=False):
        prefix = f"{path}." if path else ""
        found[f"{prefix}(class)"] = digest(type(part))
        for name, parameter in part._parameters.items():
            found[prefix + name] = digest(None if parameter is None else _kind(parameter))
        for name, buffer in part._buffers.items():
            is_state = buffer is not None and buffer.is_floating_point()
            found[prefix + name] = digest(_kind(buffer) if is_state and buffer is not None else buffer)
        if type(part).__module__.startswith("nalm.units."):
            continue  # what units remember of a step is known, and forgotten when it ends
        for name, value in attributes(part).items():
            if name not in _STATE and name != "training":
                try:
                    found[prefix + name] = digest(value)
                except UnidentifiableError as error:
                    raise UnidentifiableError(f"attribute {prefix}{name}: {error}") from None
    return found


def digest_of(found: Mapping[str, str]) -> str:
    """Return one digest of many."""
    text = "\n".join(f"{name} {value}" for name, value in sorted(found.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def difference(one: Mapping[str, str], other: Mapping[str, str]) -> str | None:
    """Return the name of the first attribute in which two modules differ."""
    names = [*one, *(name for name in other if name not in one)]
    return next((name for name in names if one.get(name) != other.get(name)), None)


def _kind(value: Tensor) -> tuple[Any, ...]:
    return type(value).__qualname__, str(value.dtype), tuple(value.shape), value.requires_grad


def floats(module: nn.Module) -> dict[str, Tensor]:
    """Return copies of all parameters and buffers by name."""
    named = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    return {name: value.detach().clone() for name, value in named.items()}


def unequal(one: Mapping[str, Any], other: Mapping[str, Any]) -> str | None:
    """Return the name of the first tensor or array that is not the same in both, bit for bit."""
    for name, value in one.items():
        twin = other.get(name)
        same = twin is not None and tuple(twin.shape) == tuple(value.shape) and _bits(twin) == _bits(value)
        if not same:
            return name
    return next((name for name in other if name not in one), None)


def _bits(value: Any) -> bytes:
    array = value.contiguous().reshape(-1).view(torch.uint8).numpy() if isinstance(value, Tensor) else value
    return bytes(array.tobytes())


def line_where(changes: Callable[[], Any], call: Callable[[], Any]) -> str:
    """Return `" at file:line: source"` of the first line of the user's during which `changes()` gives another value.

    Args:
        changes: looked at before and after each line of the user's.
        call: what to do meanwhile; what it raises is ignored.
    """
    before: Any = None
    last: tuple[str, int] | None = None
    found, left = "", _MOST_LINES

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal before, last, found, left
        path = frame.f_code.co_filename
        if not is_users(path) or left == 0:
            return None
        left -= 1
        if last is None:
            before = changes()
        elif not found and changes() != before:
            found = at(*last)
        last = path, frame.f_lineno
        return trace

    tracer = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    except Exception:
        pass
    finally:
        sys.settrace(tracer)
    if not found and last is not None and changes() != before:
        found = at(*last)
    return found
