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
        encoding, errors, by_line = "utf-8", "replace", False
        if sys.stdout is not None:
            encoding, errors, by_line = sys.stdout.encoding, sys.stdout.errors or "strict", sys.stdout.isatty()
        output = io.BufferedWriter(_Output())
        sys.stdout = io.TextIOWrapper(output, encoding=encoding, errors=errors, line_buffering=by_line)


def flush() -> None:
    """Write what is not written yet; if that fails, keep Python from trying again at its end."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


class _Output(io.RawIOBase):
    """The file with the number 1."""

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1

    def isatty(self) -> bool:
        return os.isatty(1)

    def write(self, content: Any, /) -> int:
        try:
            return os.write(1, content)
        except OSError as error:
            raise OSError(error.errno, error.strerror, NAME) from None
