"""Ctrl-C, SIGTERM, and SIGHUP of a terminal or connection that is lost: all end a command alike, with status 130.

The first raises KeyboardInterrupt in the main thread, so that what is open is closed; the second, a second or more
later, ends the process at once. So does the first while a module is being imported: compiled modules take an exception
at that point for a fault of their own. Nothing is lost by it, since files are written whole or not at all.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STATUS = 130

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))
# a terminal that closes, and many a queue, send a signal to the process and again to its group
_SAME_S = 1.0
_IMPORT = "<frozen importlib._bootstrap>"

_first: float | None = None


def install() -> None:
    """Let signals end this process as described above; does nothing outside of the main thread."""
    global _first
    if threading.current_thread() is threading.main_thread():
        _first = None
        for number in _SIGNALS:
            signal.signal(number, _interrupt)


def ignore() -> None:
    """In a worker process: leave it to the parent what happens; signals often reach the whole group."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


@contextmanager
def held() -> Iterator[None]:
    """Hold signals back while processes or threads are started, which do not get them either."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _interrupt(number: int, frame: FrameType | None) -> None:
    global _first
    now = time.monotonic()
    if _first is not None and now - _first < _SAME_S:
        return
    if _first is not None or _importing(frame):
        os.write(2, b"nalm: interrupted\n")
        os._exit(STATUS)
    _first = now
    raise KeyboardInterrupt


def _importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == _IMPORT:
            return True
        frame = frame.f_back
    return False
