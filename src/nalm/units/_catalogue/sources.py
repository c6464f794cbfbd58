"""The code of classes named by `package.module:Class`, as digests."""

from __future__ import annotations

from nalm.errors import InputError
from nalm.units._catalogue.load import load_factory


def source_hash(target: str) -> str | None:
    """Return sixteen hexadecimal digits that change with what a class does.

    They are of the code that is loaded, wherever it comes from: a file, a reloaded module, a class typed into a
    session. The code of the class and of all that it derives from counts, with the functions, classes and values that
    it names or closes over. Comments do not, nor does the code of Python, PyTorch and nalm; of other installed packages
    the version does.

    Args:
        target: `package.module:Class`; the current folder is searched first.

    Returns:
        None for a class of nalm or PyTorch.

    Raises:
        InputError: there is no such module or class, or it holds something whose effect cannot be told.
    """
    cls = load_factory(target)
    if isinstance(cls, type) and cls.__module__.partition(".")[0] in ("nalm", "torch"):
        return None
    from nalm.units._catalogue.identity import UnidentifiableError, digest

    try:
        return digest(cls)
    except UnidentifiableError as error:
        raise InputError(
            f"{target}: results need a name that tells which code made them, and {error}, which cannot be told from "
            "another one; make it in __init__ or forward, or keep plain values in its place"
        ) from None
