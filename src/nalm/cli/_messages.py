"""What a command says on stderr: lines that begin with its name, and a first sign of life that goes again."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

_CLEAR = "\r\x1b[K"


def note(text: str) -> None:
    """Print a message; a terminal shows what it quotes of a file or a name, and does not obey it."""
    # help comes at once: nothing of the results is loaded before there is something to say
    from nalm.results.output.escaping import printable

    for line in text.rstrip("\n").split("\n"):
        print(f"nalm: {printable(line)}", file=sys.stderr, flush=True)


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
