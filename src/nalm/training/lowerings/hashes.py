"""Whether a user's module is the same in every process, whatever hashes Python draws for it.

What counts is what it does with `PYTHONHASHSEED=0`, as in worker processes. A module whose code handles sets is
compared with that, in a process of its own.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from nalm.errors import InputError
from nalm.units._catalogue.hashes import line_of_hashes
from nalm.units._catalogue.load import load_factory
from nalm.units._catalogue.portable import packed, unpack

_ANSWER = "from nalm.training.lowerings.hashes import answer; answer()"


def check_hashes(key: Any, sources: Sequence[tuple[str, str]], label: str) -> None:
    """Check that a network does not depend on the hashes of this process.

    Args:
        key: of the network, a `ProgramKey`.
        sources: its classes, each with the digest of its code.
        label: what the network is called in messages.

    Raises:
        InputError: it does; one sentence.
    """
    if not sys.flags.hash_randomization:
        return  # this is the order that counts
    line = next(filter(None, (line_of_hashes(load_factory(unit)) for unit, _ in sources)), None)
    if line is not None and _asked(key, sources) != _behaviour(key):
        raise InputError(
            f"{label}: it depends on the order of a set or on hashes, which Python draws anew for every process; "
            f"go through sorted(...) instead, or start Python with PYTHONHASHSEED=0{line}"
        )


def _behaviour(key: Any) -> str:
    from nalm.training.lowerings.choice import behaviour_of  # it asks for this check

    try:
        return behaviour_of(key)
    except InputError as error:
        return str(error)


def _asked(key: Any, sources: Sequence[tuple[str, str]]) -> str:
    """Return what the network does in a process with the order that counts."""
    question = pickle.dumps((sys.path, key, sources, packed(sources)))
    done = subprocess.run(
        [sys.executable, "-c", _ANSWER],
        input=question,
        capture_output=True,
        env=os.environ | {"PYTHONHASHSEED": "0", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    return done.stdout.decode(errors="replace")


def answer() -> None:
    """Read a question of another process, and print what a network does in this one."""
    path, key, sources, classes = pickle.load(sys.stdin.buffer)
    sys.path[:] = path
    said, sys.stdout = sys.stdout, sys.stderr  # a module may print
    unpack(sources, classes)
    said.write(_behaviour(key))
