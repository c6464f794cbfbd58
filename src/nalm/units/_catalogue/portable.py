"""Classes of the user's own, taken along to other processes.

A worker imports them by their names. Where it would get another class (one typed into a session, one whose file has
been edited since it was loaded) it gets the class itself.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from threading import Lock
from typing import Any

from nalm.errors import InputError
from nalm.units._catalogue.load import load_factory, provide
from nalm.units._catalogue.sources import source_hash

# which modules are pickled by value is known to the whole process, not to each thread
_BY_VALUE = Lock()

Sources = Sequence[tuple[str, str]]


def packed(sources: Sources) -> dict[str, bytes]:
    """Return classes by name as bytes; those that cannot be written down are left out.

    Args:
        sources: names `package.module:Class`, each with the digest of its code (`source_hash`).
    """
    if not sources:
        return {}
    import cloudpickle  # type: ignore[import-untyped]

    from nalm.units._catalogue.identity import home

    found = {}
    for target, _ in sources:
        factory = load_factory(target)
        cls: Any = factory.func if isinstance(factory, partial) else factory
        homes = dict.fromkeys(base.__module__ for base in cls.__mro__ if home(base.__module__) is None)
        modules = [sys.modules[name] for name in homes if name in sys.modules and name != "__main__"]
        with _BY_VALUE, suppress(Exception):  # whatever a class may hold on to
            for module in modules:
                cloudpickle.register_pickle_by_value(module)
            try:
                found[target] = cloudpickle.dumps(factory)
            finally:
                for module in modules:
                    cloudpickle.unregister_pickle_by_value(module)
    return found


def unpack(sources: Sources, classes: Mapping[str, bytes]) -> None:
    """Make sure that the classes called by name here are the ones that `sources` are about.

    Raises:
        InputError: they are not, and have not been taken along.
    """
    for target, digest in sources:
        if _present(target) == digest:
            continue
        if target in classes:
            import pickle

            provide(target, pickle.loads(classes[target]))
        if _present(target) != digest:
            raise InputError(
                f"unit {target!r}: process {os.getpid()} on {socket.gethostname()} has loaded other code; "
                "give all workers the same file and start them, or this Python, again"
            )


def _present(target: str) -> str | None:
    try:
        return source_hash(target)
    except InputError:
        return None
