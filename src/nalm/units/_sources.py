"""Checksums of the code of classes named by `package.module:Class`."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from nalm.units._load import load_class

# told apart by their versions
_PACKAGES = {"nalm", "torch", *sys.stdlib_module_names}


def source_hash(target: str) -> str | None:
    """Return sixteen hexadecimal digits that change with the code of a class.

    They are of the whole files in which the class and those that it derives from are written, without classes of
    nalm, PyTorch and Python itself. What else these files import does not count.

    Args:
        target: `package.module:Class`; the current folder is searched first.

    Returns:
        None where no such file can be read: for a class of nalm or PyTorch, or one typed into a session.

    Raises:
        InputError: there is no such module or class.
    """
    modules = dict.fromkeys(cls.__module__ for cls in load_class(target).__mro__)
    contents = [content for name in modules if (content := _content(name)) is not None]
    if not contents:
        return None
    # the digest of each file first: where one ends and the next begins must not matter
    return hashlib.sha256(b"".join(hashlib.sha256(content).digest() for content in contents)).hexdigest()[:16]


def _content(module: str) -> bytes | None:
    if module.partition(".")[0] in _PACKAGES:
        return None
    file = getattr(sys.modules.get(module), "__file__", None)
    try:
        return None if file is None else Path(file).read_bytes()
    except OSError:
        return None
