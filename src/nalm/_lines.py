"""Lines of code that are the user's own, to be named in messages."""

from __future__ import annotations

import linecache
import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nalm.errors import InputError

# of nalm its units' lines are named; of Python's own library, installed packages lie in a folder below it
_PACKAGE = f"{Path(__file__).parent}/"
_NALM = tuple(_PACKAGE + name for name in ("training", "_lines", "units/_draws"))
_PYTHON = f"{sysconfig.get_paths()['stdlib']}/"


def line_of(error: BaseException) -> str:
    """Return `" at file:line: source"` of the innermost frame of the user's that `error` came through, or nothing."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if is_own(frame.filename)]
    return at(own[-1].filename, own[-1].lineno, own[-1].line) if own else ""


def at(path: str, number: int | None, line: str | None = None) -> str:
    """Return `" at file:line: source"`, without the source where nobody knows it."""
    text = (linecache.getline(path, number or 0) if line is None else line).strip()
    return f" at {path}:{number}{': ' if text else ''}{text}"


def is_own(path: str) -> bool:
    """Return whether code at `path` belongs neither to PyTorch, NumPy or Python nor to nalm, but for its units."""
    if path.startswith("<"):
        return path.startswith(("<string>", "<stdin>", "<ipython"))
    if path.startswith(_PYTHON) and "-packages/" not in path:
        return False
    return not path.startswith(_NALM) and not any(part in path for part in ("/torch/", "/numpy/"))


def is_users(path: str) -> bool:
    """Return whether code at `path` is the user's own: as `is_own`, and none of nalm's."""
    return is_own(path) and not path.startswith(_PACKAGE)


def line_of_forward(module: Any) -> str:
    """Return `" at file:line: source"` of the first `forward` of the user's in a module, or nothing."""
    for part in module.modules():
        code = getattr(getattr(type(part), "forward", None), "__code__", None)
        if code is not None and is_own(code.co_filename):
            return at(code.co_filename, code.co_firstlineno)
    return ""


@contextmanager
def guarded(label: str, module: Any = None) -> Iterator[None]:
    """Let an error of the user's own code be one sentence that names its line.

    Args:
        label: what the network is called in messages.
        module: whose `forward` is named if the error comes from nowhere in the user's code.

    Raises:
        InputError: whatever the code raises; memory that is used up and errors of nalm pass as they are.
    """
    try:
        yield
    except (InputError, MemoryError):
        raise
    except Exception as error:
        said = (str(error).strip() or "no message").splitlines()[0]
        line = line_of(error) or ("" if module is None else line_of_forward(module))
        raise InputError(f"{label}: {type(error).__name__}{line.rstrip(':')}: {said}") from error
