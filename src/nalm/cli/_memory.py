"""Limits of address space (`ulimit -v`, some queues): libraries that meet one abort in the middle of what they do."""

from __future__ import annotations

import os

from nalm.errors import NalmError

_MIB, _GIB = 2**20, 2**30


def needed() -> int:
    """Return how much the libraries of the largest command map: 1.8 GiB of two threads, 2.1 of 16, 2.3 of 64."""
    return (1945 + 24 * len(os.sched_getaffinity(0))) * _MIB


def check() -> None:
    """Check that the libraries to be loaded will find room.

    Raises:
        NalmError: this process may not map as much as they do.
    """
    if not hasattr(os, "sched_getaffinity"):
        return  # a system that knows no such limit, or does not enforce it
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY and limit < needed():
        raise NalmError(
            f"this process may use {limit / _GIB:.2g} GiB of address space (ulimit -v), and PyTorch and Polars take "
            f"{needed() / _GIB:.2g} GiB of it; raise that limit, or limit what is used instead (cgroups)"
        )
