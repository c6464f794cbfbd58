"""What every kernel begins with, compiled once for all of them: four fifths of the time that a small kernel takes.

    headers/NAME/kernel.hpp       the text
    headers/NAME/kernel.hpp.gch   compiled
    headers/NAME/checksum         of the compiled one

One folder serves all caches of kernels of a user: `NALM_CACHE` may name many. Nothing is lost without it, kernels only
take longer to compile; their code is the same.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.resources import files
from pathlib import Path

from nalm.training import kept

HEADER = files("nalm.training.kernel").joinpath("kernel.hpp").read_text()

# a compiled header takes 130 MB; where less than this is free, room is left for results
_ROOM = 2 * 10**9
# how many compilers, or sets of instructions, have one at a time
_MOST = 3

_TEXT, _COMPILED, _CHECKSUM = "kernel.hpp", "kernel.hpp.gch", "checksum"


def arguments(name: str, compile_: Callable[[Path, Path], None]) -> tuple[str, ...]:
    """Return the arguments of a compiler with which a source that begins with `HEADER` takes it compiled, or none.

    Args:
        name: tells compilers with other versions or arguments apart.
        compile_: compiles the header in its first argument to the file in its second.
    """
    try:
        folder = _folder()
        if not kept.is_own(folder):
            return ()
        own = folder / kept.name_of(name, HEADER, kept.processor())
        if not _is_whole(own):
            _make(own, compile_)
            _remove_old(folder)
        os.utime(own)
    except OSError:
        return ()
    return ("-include", str(own / _TEXT))


def _folder() -> Path:
    from platformdirs import user_cache_path

    folder: Path = user_cache_path("nalm") / "headers"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _is_whole(own: Path) -> bool:
    """Whether nothing was cut off or altered; a header that was is compiled into every kernel."""
    try:
        about = (own / _COMPILED).stat()
        return (own / _TEXT).read_text() == HEADER and (own / _CHECKSUM).read_text() == _checksum(
            own / _COMPILED, about.st_size, about.st_mtime_ns
        )
    except FileNotFoundError:
        return False


@cache
def _checksum(path: Path, size: int, changed: int) -> str:
    """Return the checksum of a file, once as long as its size and the time of its last change are the same."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _make(own: Path, compile_: Callable[[Path, Path], None]) -> None:
    if shutil.disk_usage(own.parent).free < _ROOM:
        raise OSError(f"{own.parent}: too little room")
    with kept.building(own.parent) as path:
        built = path / own.name
        built.mkdir()
        (built / _TEXT).write_text(HEADER)
        compile_(built / _TEXT, built / _COMPILED)
        about = (built / _COMPILED).stat()
        (built / _CHECKSUM).write_text(_checksum(built / _COMPILED, about.st_size, about.st_mtime_ns))
        if _is_whole(own):
            return  # another process made it meanwhile, and kernels are being compiled with it
        if own.exists():
            own.rename(path / "damaged")
        built.rename(own)


def _remove_old(folder: Path) -> None:
    used = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in [path for path in used if not path.name.startswith(".")][_MOST:]:
        with suppress(OSError):
            shutil.rmtree(path)
