"""Digests of Python values, code included, that are the same in every process: what a class does, not where it lies.

A function is its code, its defaults, what it closes over and the globals that it names; a class is its bases and all
that is written in it; an object is its class and its state. Code of Python itself, of PyTorch and of nalm counts by its
name, that of other installed packages by name and version. Comments, docstrings of functions, names of files and
numbers of lines do not count.
"""

from __future__ import annotations

import dis
import enum
import functools
import hashlib
import sys
import sysconfig
import types
import typing
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch

import nalm

_BY_NAME = (Path(nalm.__file__).parent, Path(torch.__file__).parent)
_PYTHON = tuple(Path(sysconfig.get_paths()[key]) for key in ("stdlib", "platstdlib"))
_INSTALLED = {"site-packages", "dist-packages"}

# of a class: where it was written, what describes it, and what Python keeps in it for itself
_NOT_CODE = {
    *("__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__annotations__", "__firstlineno__"),
    *("__static_attributes__", "__abstractmethods__", "_abc_impl", "__parameters__", "__orig_bases__", "__slots__"),
    "__slotnames__",  # remembered when an object is first copied
}
# what an object of a class that derives from one of these holds besides its attributes
_BUILTIN: tuple[type[Any], ...] = (dict, list, tuple, set, frozenset, str, bytes, int, float, complex)

# objects of these modules have no influence on numbers: locks, streams of text, loggers
_WITHOUT_INFLUENCE = {"_thread", "threading", "_io", "io", "logging", "weakref", "_weakref", "_contextvars"}


class UnidentifiableError(Exception):
    """A value whose effect nobody can name; the message says which and of what type."""


@cache
def home(module: str) -> str | None:
    """How code of a module is told from other code: by this text, or (None) by what is written in it."""
    if module in ("__main__", "__mp_main__"):
        return None
    loaded = sys.modules.get(module)
    file = getattr(loaded, "__file__", None)
    top = module.partition(".")[0]
    if file is None:
        known = module in sys.builtin_module_names or top in ("builtins", "nalm", "torch") or _is_frozen(loaded)
        return module if known else None
    path = Path(file).absolute()
    if any(path.is_relative_to(folder) for folder in _BY_NAME):
        return module
    if _INSTALLED & set(path.parts):
        return f"{module} {_version(top)}"
    return module if any(path.is_relative_to(folder) for folder in _PYTHON) else None


def _is_frozen(module: types.ModuleType | None) -> bool:
    return getattr(getattr(module, "__spec__", None), "origin", None) in ("frozen", "built-in")


def _version(top: str) -> str:
    found = getattr(sys.modules.get(top), "__version__", None)
    if isinstance(found, str):
        return found
    try:
        return metadata.version(top)
    except metadata.PackageNotFoundError:
        return ""


def digest(value: Any) -> str:
    """Return sixteen hexadecimal digits of `value`.

    Raises:
        UnidentifiableError: it holds something whose effect nobody can name.
    """
    try:
        return _Walk().of(value, "").hex()[:16]
    except RecursionError:
        raise UnidentifiableError("it holds objects inside objects without end") from None


def visited_code(value: Any) -> list[types.CodeType]:
    """Return all code of the user's that counts for the digest of `value`.

    Raises:
        UnidentifiableError: as `digest`.
    """
    walk = _Walk()
    walk.of(value, "")
    return walk.codes


class _Walk:
    """Digests of everything that is met from one value on, each computed once."""

    def __init__(self) -> None:
        self._known: dict[int, bytes] = {}
        self._alive: list[Any] = []
        self._open: dict[int, int] = {}
        self.codes: list[types.CodeType] = []

    def of(self, value: Any, path: str) -> bytes:
        """Return the digest of `value`, which is found at `path`."""
        plain = _plain(value)
        if plain is not None:
            return _hashed(type(value).__name__, plain)
        key = id(value)
        if key in self._known:
            return self._known[key]
        if key in self._open:
            # inside itself: how many levels up
            return _hashed("above", str(len(self._open) - self._open[key]).encode())
        self._open[key] = len(self._open)
        self._alive.append(value)
        try:
            self._known[key] = self._compound(value, path)
        finally:
            del self._open[key]
        return self._known[key]

    def _all(self, tag: str, values: Iterable[Any], path: str) -> bytes:
        return _hashed(tag, *(self.of(value, path) for value in values))

    def _named(self, tag: str, values: typing.Mapping[str, Any], path: str) -> bytes:
        parts = (_hashed(name, self.of(values[name], _joined(path, name))) for name in sorted(values))
        return _hashed(tag, *parts)

    def _compound(self, value: Any, path: str) -> bytes:
        match value:
            case list() | tuple() if type(value) in (list, tuple, torch.Size):
                return self._all(type(value).__name__, value, path)
            case dict() if type(value) is dict:
                parts = ((key, item) for key, item in value.items())
                return _hashed("dict", *(self._all("item", pair, f"{path}[{pair[0]!r}]") for pair in parts))
            case set() | frozenset():
                return _hashed("set", *sorted(self.of(item, path) for item in value))
            case torch.Tensor():
                return _hashed("tensor", type(value).__qualname__.encode(), *_tensor_parts(value, path))
            case np.ndarray() if value.dtype != object:
                return _hashed("array", str((value.dtype, value.shape)).encode(), value.tobytes())
            case torch.Generator():
                return _hashed("generator", value.get_state().numpy().tobytes())
            case types.CodeType():
                return self._code(value, path)
            case types.FunctionType():
                return self._function(value, path)
            case types.MethodType():
                return self._all("method", (value.__func__, value.__self__), path)
            case types.BuiltinFunctionType():
                return self._all(value.__qualname__, (value.__self__,), path)
            case functools.partial():
                return self._all("partial", (value.func, value.args, value.keywords), path)
            case staticmethod() | classmethod():
                return self._all(type(value).__name__, (value.__func__,), path)
            case property():
                return self._all("property", (value.fget, value.fset, value.fdel), path)
            case types.CellType():
                return self._all("cell", _content(value), path)
            case types.ModuleType():
                return _hashed("module", *_module_parts(value))
            case types.MappingProxyType():
                return self.of(dict(value), path)
            case type():
                return self._class(value, path)
        return self._object(value, path)

    def _code(self, code: types.CodeType, path: str, documentation: str | None = None) -> bytes:
        self.codes.append(code)
        constants = list(code.co_consts)
        if documentation is not None and constants and constants[0] == documentation:
            constants[0] = None
        shape = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
        names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
        return _hashed(
            "code", code.co_code, code.co_exceptiontable, self._all("has", (*shape, *names, *constants), path)
        )

    def _function(self, function: types.FunctionType, path: str) -> bytes:
        parts = [function.__defaults__, function.__kwdefaults__, function.__closure__, _extras(function)]
        known = home(function.__globals__.get("__name__", ""))
        if known is not None:
            name = f"{known} {function.__code__.co_qualname}"
            return _hashed("function", name.encode(), self._all("has", parts, path))
        code = self._code(function.__code__, path, function.__doc__)
        return _hashed("function", code, self._all("has", parts, path), self._globals(function, path))

    def _globals(self, function: types.FunctionType, path: str) -> bytes:
        """Return what names in a function's code stand for, of a module of the user's only what is named as well."""
        found: dict[str, Any] = {}
        names = _names(function.__code__)
        for name in names.loaded:
            if name not in function.__globals__:
                continue  # of Python itself, or missing when it is called
            value = function.__globals__[name]
            if isinstance(value, types.ModuleType) and home(value.__name__) is None:
                found |= _named_in(value, names.all, name)
            else:
                found[name] = value
        return self._named("globals", found, "")

    def _class(self, cls: type, path: str) -> bytes:
        known = home(_module_of(cls))
        if known is not None:
            return _hashed("class", f"{known} {cls.__qualname__}".encode())
        written = {
            name: value
            for name, value in vars(cls).items()
            if name not in _NOT_CODE and not isinstance(value, (types.MemberDescriptorType, types.GetSetDescriptorType))
        }
        bases = self._all("bases", (type(cls), *cls.__bases__), path)
        return _hashed("class", bases, self._named("written", written, path or cls.__qualname__))

    def _object(self, value: Any, path: str) -> bytes:
        cls = type(value)
        if isinstance(value, enum.Enum):
            return self._all("enum", (cls, value.name), path)
        if _module_of(cls) in ("typing", "types") or isinstance(value, (np.ufunc, torch.dtype, torch.device)):
            return _hashed("shown", repr(value).encode())
        state = attributes(value)
        if isinstance(wrapped := state.get("__wrapped__"), types.FunctionType):
            return self._all("wrapped", (cls, wrapped), path)
        if home(_module_of(cls)) is None or isinstance(value, torch.nn.Module):
            base = next((base for base in _BUILTIN if isinstance(value, base)), None)
            return self._all("object", (cls, state, None if base is None else base(value)), path)
        if _module_of(cls) in _WITHOUT_INFLUENCE:
            return self._all("object", (cls,), path)
        return self._reduced(value, path)

    def _reduced(self, value: Any, path: str) -> bytes:
        """Return an object of a class that is known by name, as it would be pickled."""
        try:
            reduced = value.__reduce_ex__(4)
        except Exception as error:
            raise _unidentifiable(value, path) from error
        if isinstance(reduced, str):
            return _hashed("global", f"{_module_of(type(value))} {reduced}".encode())
        plain = [list(part) if hasattr(part, "__next__") else part for part in reduced]
        return self._all("reduced", plain, path)


def _hashed(tag: str, *parts: bytes) -> bytes:
    """One digest of digests and texts, each with its length so that they cannot run into each other."""
    known = hashlib.sha256(tag.encode())
    for part in parts:
        known.update(len(part).to_bytes(8, "little"))
        known.update(part)
    return known.digest()


def _plain(value: Any) -> bytes | None:
    """Text of a value that holds no others."""
    if value is None or type(value) in (bool, int, float, complex, range, slice, types.EllipsisType):
        return repr(value).encode()
    if type(value) is str:
        return value.encode("utf-8", "surrogatepass")
    if type(value) in (bytes, bytearray):
        return bytes(value)
    if isinstance(value, np.generic):
        return repr(value.item()).encode()
    return None


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _module_parts(module: types.ModuleType) -> tuple[bytes, ...]:
    """Return a module as such: its name, and for one compiled by the user its file."""
    known, file = home(module.__name__), getattr(module, "__file__", None) or ""
    if known is None and file.endswith((".so", ".pyd")):
        return module.__name__.encode(), Path(file).read_bytes()
    return ((known or module.__name__).encode(),)


def _content(cell: types.CellType) -> tuple[Any, ...]:
    try:
        return (cell.cell_contents,)
    except ValueError:  # not assigned yet
        return ()


def _extras(function: types.FunctionType) -> dict[str, Any]:
    """Return what a decorator has hung on a function; not what PyTorch hangs on its own when they are first called."""
    return {
        name: value
        for name, value in vars(function).items()
        if name not in ("__doc__", "__module__") and "dynamo" not in name
    }


def _module_of(cls: type) -> str:
    """Return the module of a class; compiled ones may keep a descriptor in its place."""
    return cls.__module__ if isinstance(cls.__module__, str) else "builtins"


class _Names(typing.NamedTuple):
    loaded: frozenset[str]
    all: frozenset[str]


@cache
def _names(code: types.CodeType) -> _Names:
    """Return the globals that a code and those inside it read, and all names in them."""
    loaded: set[str] = set()
    everything: set[str] = set(code.co_names)
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            loaded.add(instruction.argval)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            inside = _names(constant)
            loaded |= inside.loaded
            everything |= inside.all
    return _Names(frozenset(loaded), frozenset(everything))


def _named_in(module: types.ModuleType, names: frozenset[str], path: str) -> dict[str, Any]:
    """Return what of a module of the user's, and of those that it names in turn, has one of `names`."""
    found: dict[str, Any] = {}
    waiting, seen = [(path, module)], {module.__name__}
    while waiting:
        path, module = waiting.pop()
        for name in names & vars(module).keys():
            value = vars(module)[name]
            if not isinstance(value, types.ModuleType) or home(value.__name__) is not None:
                found[f"{path}.{name}"] = value
            elif value.__name__ not in seen:
                seen.add(value.__name__)
                waiting.append((f"{path}.{name}", value))
    return found


def attributes(value: Any) -> dict[str, Any]:
    """Return the attributes of an object, those in slots included; of a module's hooks not the numbers they have."""
    slots = [name for cls in type(value).__mro__ for name in _slots(cls) if hasattr(value, name)]
    found = {**{name: getattr(value, name) for name in slots}, **getattr(value, "__dict__", {})}
    if isinstance(value, torch.nn.Module):
        # hooks are numbered in the order in which a process makes them
        hooks = {name: list(held.values()) for name, held in found.items() if "_hooks" in name and held is not None}
        found |= hooks
    return found


def _slots(cls: type) -> tuple[str, ...]:
    slots = vars(cls).get("__slots__", ())
    names = (slots,) if isinstance(slots, str) else tuple(slots)
    return tuple(name for name in names if name not in ("__dict__", "__weakref__"))


def _tensor_parts(tensor: torch.Tensor, path: str) -> tuple[bytes, ...]:
    about = str((tensor.dtype, tuple(tensor.shape), tensor.requires_grad)).encode()
    try:
        values = tensor.detach().cpu().resolve_conj().resolve_neg().contiguous().reshape(-1)
        return about, values.view(torch.uint8).numpy().tobytes()
    except (RuntimeError, TypeError, NotImplementedError) as error:
        raise _unidentifiable(tensor, path) from error


def _unidentifiable(value: Any, path: str) -> UnidentifiableError:
    return UnidentifiableError(f"{path or 'it'} is a {_module_of(type(value))}.{type(value).__qualname__}")
