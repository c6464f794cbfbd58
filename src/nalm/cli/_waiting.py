"""The first sign of life: a line on a terminal while modules are loaded and a study is read, gone when more follows."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

_CLEAR = "\r\x1b[K"


@contextlib.contextmanager
def waiting(text: str) -> Iterator[None]:
    """Show a text until the block ends; nothing where stderr is no terminal that can take it back.

    No cursor is hidden and no thread started: the process may be ended at any point of it.
    """
    able = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    if able:
        _write(f"{text} …")
    try:
        yield
    finally:
        if able:
            _write(_CLEAR)


def _write(text: str) -> None:
    with contextlib.suppress(OSError):
        sys.stderr.write(text)
        sys.stderr.flush()
