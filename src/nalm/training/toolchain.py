"""The C++ compiler: which one, with what flags, and libraries made by it.

The flags are those that PyTorch gives its own generated code; `CXX` names another compiler, with arguments or a
launcher before it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import shlex
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nalm import files
from nalm.errors import NalmError
from nalm.training import headers, kept, torch_specific

_DEFAULT = "clang++" if sys.platform == "darwin" else "g++"
_KNOWN = re.compile(r"(clang|gcc|g\+\+|c\+\+|icp?x|CC)")

# macros that a compiler defines, and what they say of numbers
_MATHS = {"__FAST_MATH__": "fast-math", "__FINITE_MATH_ONLY__": "finite-math-only"}
_INSTRUCTIONS = ("__AVX512F__", "__AVX2__", "__ARM_FEATURE_SVE", "__ARM_NEON", "__VSX__", "__VX__")

# what a kernel needs of the compiler, PyTorch's headers and its library
_TRIAL = f"""{headers.HEADER}
extern "C" void trial(float* x) {{ V::loadu(x).exp().store(x); }}
"""


# as compilers say it
_NO_ROOM = os.strerror(errno.ENOSPC)


class NoCompilerError(Exception):
    """No kernel can be compiled here; the message says what was tried, what came of it, and what would help."""

    def __init__(self, what: str, help: str) -> None:
        super().__init__(f"{what} ({help})")


_INSTALL = "install g++, or name another compiler in CXX"
_MEND = "it needs mending, or name another compiler in CXX"
_FOLDER = "name a folder that can be written in NALM_CACHE"


@dataclass(frozen=True)
class Library:
    """A compiled library.

    Attributes:
        name: under which it is kept.
        path: its file.
        compiler: what made it, with version.
        flags: those that decide what numbers come out, but for those that follow from the source.
        instructions: the largest set that it may use.
    """

    name: str
    path: Path
    compiler: str
    flags: str
    instructions: str


def address(array: np.ndarray) -> ctypes.c_void_p:
    """Return where the array's values are; the caller keeps the array alive."""
    return ctypes.c_void_p(array.__array_interface__["data"][0])  # half the cost of `array.ctypes`


def load(library: Library) -> ctypes.CDLL:
    """Load a library whose file is whole; numbers are computed afterwards as before.

    Raises:
        OSError: it is missing, truncated or altered, or cannot be loaded.
    """
    if kept.read_note(library.path) is None:
        raise OSError(f"{library.path}: damaged")
    before = _flushes_subnormals()
    loaded = ctypes.CDLL(str(library.path))
    if _flushes_subnormals() != before:
        # GCC links -ffast-math with code that changes this for the whole thread as soon as the library is loaded
        torch.set_flush_denormal(before)
    return loaded


def _flushes_subnormals() -> bool:
    return bool(np.float32(1e-45) * np.float32(1) == 0)


def find(name: str) -> Library | None:
    """Return the library kept under `name`, if it is there and whole."""
    found = kept.find_library(name)
    if found is None:
        return None
    path, note = found
    return Library(name, path, note["compiler"], note["flags"], note["instructions"])


def recall(description: str) -> tuple[Library, dict[str, Any]] | None:
    """Return the library that was remembered under `description`, and what else was, if it is there and whole."""
    known = kept.recall(repr((description, asked())))
    library = find(known["library"]) if known else None
    return None if known is None or library is None else (library, known)


def remember(description: str, library: Library, **known: Any) -> None:
    """Let later processes find `library` and what is `known` under `description`, if a folder can be written."""
    with suppress(OSError):
        kept.remember(repr((description, asked())), {**known, "library": library.name})


def build(source: str, flags: tuple[str, ...] = ()) -> Library:
    """Compile, or find compiled.

    Args:
        source: C++.
        flags: compiler flags in addition to PyTorch's.

    Raises:
        NoCompilerError: no C++ compiler was found, or it cannot build PyTorch's headers.
        UnknownTorchError: this PyTorch does not tell how it compiles.
        CompilationError: it cannot build this source.
        NalmError: the disk is full; another way to train would take many times longer, and other last digits.
    """
    with kept.caches_of_torch():
        compiler = _tried(*asked())
    return _found_or_made(compiler, source, flags)


def asked() -> tuple[str, str]:
    """Return what the environment asks for: the compiler, and the set of instructions."""
    return os.environ.get("CXX") or _DEFAULT, os.environ.get("ATEN_CPU_CAPABILITY", "")


class CompilationError(Exception):
    """The compiler refuses a source; the message is the compiler's."""


@dataclass(frozen=True)
class _Compiler:
    """A compiler that works, and the arguments that every library is made with."""

    command: tuple[str, ...]
    version: str
    arguments: tuple[str, ...]
    libraries: tuple[str, ...]

    def run(self, *arguments: str) -> str:
        """Return what the compiler prints.

        Raises:
            CompilationError: it fails.
        """
        words = [*self.command, *arguments]
        done = subprocess.run(words, capture_output=True, text=True, errors="replace", env=os.environ | {"LC_ALL": "C"})
        if done.returncode and _NO_ROOM in done.stderr:
            raise NalmError(_no_room())
        if done.returncode:
            raise CompilationError(_complaint(done.stderr) or f"exit status {done.returncode}")
        return done.stdout

    def header(self) -> tuple[str, ...]:
        """Return the arguments that spare a source its beginning, see `headers`, or none."""
        if "clang" in self.version or not re.search(r"\b(g\+\+|gcc)", self.version, re.IGNORECASE):
            return ()  # others compile it otherwise

        def compile_(text: Path, to: Path) -> None:
            try:
                self.run("-x", "c++-header", str(text), *self.arguments, "-o", str(to))
            except (CompilationError, NalmError) as error:
                raise OSError(f"{text}: not compiled: {error}") from error

        return headers.arguments(repr((self.command, self.version, self.arguments, torch.__version__)), compile_)


def _no_room() -> str:
    folders = f"{kept.folder()} or {os.environ.get('TMPDIR', '/tmp')}"
    return (
        f"{folders}: the disk is full, and networks are compiled there; make room, or name other folders in NALM_CACHE "
        "and TMPDIR; finished batches are kept, the same command goes on"
    )


def _complaint(text: str) -> str:
    """Return the first line that says what is wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in lines if "error" in line.lower()), lines[0] if lines else "")


def _found_or_made(compiler: _Compiler, source: str, flags: tuple[str, ...]) -> Library:
    built_with = (*flags, *compiler.command, compiler.version, *compiler.arguments)
    name = kept.name_of(source, *built_with, torch.__version__, kept.processor())
    return find(name) or _made(compiler, name, source, flags)


def _made(compiler: _Compiler, name: str, source: str, flags: tuple[str, ...]) -> Library:
    try:
        with kept.building() as folder:
            text, built = folder / "source.cpp", folder / "library.so"
            text.write_text(source)
            words = (str(text), *compiler.arguments, *flags, "-o", str(built), *compiler.libraries)
            begun = compiler.header() if source.startswith(headers.HEADER) and not flags else ()
            try:
                compiler.run(*begun, *words)
            except CompilationError:
                if not begun:
                    raise
                compiler.run(*words)  # the header may be what failed: cleared away or damaged since
            note = _note(compiler, flags)
            path = kept.keep_library(name, built, note)
    except OSError as error:
        if files.is_full(error):
            raise NalmError(_no_room()) from error
        raise NoCompilerError(f"no library can be kept in {kept.folder()}: {error.strerror}", _FOLDER) from error
    return Library(name, path, **note)


@cache
def _note(compiler: _Compiler, flags: tuple[str, ...]) -> dict[str, str]:
    """Return what decides the numbers that come out, as the compiler itself tells it."""
    macros = _macros(compiler, flags)
    maths = [name for macro, name in _MATHS.items() if macros.get(macro, "0") != "0"]
    words = (*compiler.command[1:], *compiler.arguments)
    told = [word for word in words if word.startswith(("-O", "-f", "-m"))]
    return {
        "compiler": compiler.version,
        "flags": " ".join([*told, *(f"({name})" for name in maths)]),
        "instructions": next((name.strip("_") for name in _INSTRUCTIONS if name in macros), "baseline"),
    }


def _macros(compiler: _Compiler, flags: tuple[str, ...]) -> dict[str, str]:
    told = compiler.run(*compiler.arguments, *flags, "-dM", "-E", "-x", "c++", os.devnull)
    lines = (line.split(maxsplit=2) for line in told.splitlines())
    return {words[1]: words[2] if len(words) > 2 else "" for words in lines if len(words) > 1}


@cache
def _tried(named: str, capability: str) -> _Compiler:
    """Return the compiler called `named`, if it works, with arguments for the best instructions that it knows."""
    command = (named,) if Path(named).is_file() else tuple(shlex.split(named))
    program = next((word for word in command if _KNOWN.search(Path(word).name)), command[-1])
    complaint = ""
    try:
        version = subprocess.run([*command, "--version"], capture_output=True, text=True, errors="replace")
        if version.returncode:
            raise NoCompilerError(f"the C++ compiler {named!r} fails: {_complaint(version.stderr)}", _MEND)
        first = version.stdout.splitlines()[0] if version.stdout else named
        for words in torch_specific.compiler_arguments(program, capability):
            compiler = _Compiler(command, first, words.before, words.after)
            try:
                load(_found_or_made(compiler, _TRIAL, ()))
            except (CompilationError, OSError) as error:
                complaint = complaint or str(error)
            else:
                return compiler
    except OSError as error:
        if files.is_full(error):
            raise NalmError(_no_room()) from error
        raise NoCompilerError(
            f"there is no C++ compiler, {command[0]!r} cannot be run: {error.strerror}", _INSTALL
        ) from error
    raise NoCompilerError(f"the C++ compiler {named!r} cannot build PyTorch's headers: {complaint}", _MEND)
