"""How many cores there are, and how to compute with one of them."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# threads of this process that compute with one thread, and how many there were before the first of them
_LOCK = threading.Lock()
_computing = 0
_before = 1


@contextmanager
def one_thread() -> Iterator[None]:
    """Let PyTorch compute with one thread: several would split sums differently and change the last bits.

    The number is one for the whole process; it is given back when the last `with` block ends.
    """
    import torch

    global _computing, _before
    with _LOCK:
        if _computing == 0:
            _before = torch.get_num_threads()
        _computing += 1
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _LOCK:
            _computing -= 1
            if _computing == 0:
                torch.set_num_threads(_before)


def available_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
