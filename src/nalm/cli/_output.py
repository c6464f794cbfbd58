"""Standard output that can be full, closed or cut off: what then fails says so by its name."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import Any

NAME = "standard output"


def install() -> None:
    """Let failures to write to this process's output name it; an output that is closed fails too."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # else the next file that is opened gets the number, and what others print
            os.open(os.devnull, os.O_RDONLY if number == 1 else os.O_RDWR)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False)
    if sys.stdout is None or sys.stdout is sys.__stdout__:
        told: dict[str, Any] = (
            {} if sys.stdout is None else {"encoding": sys.stdout.encoding, "errors": sys.stdout.errors}
        )
        by_line = sys.stdout is not None and bool(sys.stdout.line_buffering)
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(_Output(1, "w", closefd=False)), line_buffering=by_line, **told)


def flush() -> None:
    """Write what is not written yet; if that fails, keep Python from trying again at its end."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


class _Output(io.FileIO):
    def write(self, content: Any, /) -> int:
        try:
            return super().write(content)
        except OSError as error:
            raise OSError(error.errno, error.strerror, NAME) from None
