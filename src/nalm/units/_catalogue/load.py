"""Classes named by `package.module:Class`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from nalm.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from torch import nn


def name_of(unit: str | type) -> str:
    """Return `package.module:Class` of a class; a name as it is."""
    return unit if isinstance(unit, str) else f"{unit.__module__}:{unit.__qualname__}"


def load_class(target: str) -> type[nn.Module]:
    """Return the module class that `package.module:Class` names; the current folder is searched first.

    Raises:
        InputError: there is no such module or class, or it is not a subclass of `torch.nn.Module`.
    """
    found = load_factory(target)
    if isinstance(found, partial):
        raise _no_class(target, found)
    return found  # type: ignore[return-value]


# classes that another process has sent to this one
_PROVIDED: dict[str, Callable[..., nn.Module]] = {}


def provide(target: str, factory: Callable[..., nn.Module]) -> None:
    """Let `target` name a class that this process could not import."""
    _PROVIDED[target] = factory


def load_factory(target: str) -> Callable[..., nn.Module]:
    """Return the module class that `target` names, as `load_class`, or a `functools.partial` of one.

    Raises:
        InputError: there is no such module or class, or it is something else.
    """
    from torch import nn

    if target in _PROVIDED:
        return _PROVIDED[target]
    module_name, _, class_name = target.partition(":")
    module = _import(module_name, target)
    if not hasattr(module, class_name):
        nearest = did_you_mean(class_name, [key for key in vars(module) if not key.startswith("_")])
        raise InputError(f"{target}: module {module_name!r} has no class {class_name!r}{nearest}")
    found: Any = getattr(module, class_name)
    cls = found.func if isinstance(found, partial) else found
    if not (isinstance(cls, type) and issubclass(cls, nn.Module)):
        raise _no_class(target, found)
    return found  # type: ignore[no-any-return]


def _no_class(target: str, found: object) -> InputError:
    name = target.partition(":")[2]
    return InputError(f"{target}: {name} must be a subclass of torch.nn.Module, got {found!r}")


def _import(module_name: str, target: str) -> ModuleType:
    if not module_name or not all(part.isidentifier() for part in module_name.split(".")):
        raise InputError(f"{target}: expected package.module:Class, got module name {module_name!r}")
    here = str(Path.cwd())
    added = here not in sys.path
    if added:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not (module_name == error.name or module_name.startswith(f"{error.name}.")):
            raise InputError(f"{target}: {module_name} needs {error.name!r}, which is not installed") from None
        raise InputError(f"{target}: no module {module_name!r} in {here} or among the installed packages") from None
    finally:
        if added:
            sys.path.remove(here)
