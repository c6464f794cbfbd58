"""Writing of figures: equal figures give equal bytes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from nalm.errors import InputError
from nalm.figures.style.axes import RC

# without these, matplotlib writes the current time and its own version
_METADATA: dict[str, dict[str, Any]] = {
    "pdf": {"CreationDate": None, "Creator": "nalm", "Producer": None},
    "svg": {"Date": None, "Creator": "nalm"},
    "png": {"Software": None},
}
SUFFIXES = tuple(f".{name}" for name in _METADATA)


def figure_bytes(figure: Figure, suffix: str) -> bytes:
    """Return the figure as a file of the type that `suffix` (`.pdf`, `.svg` or `.png`) names.

    Raises:
        InputError: another suffix.
    """
    name = suffix.lower().removeprefix(".")
    if name not in _METADATA:
        raise InputError(f"figure: cannot write {suffix!r} files; give one of {', '.join(SUFFIXES)}")
    buffer = io.BytesIO()
    with mpl.rc_context(RC):
        figure.savefig(buffer, format=name, dpi=300, metadata=_METADATA[name])
    return buffer.getvalue()


def write(content: bytes, to: Path) -> None:
    """Write a file, making its folder if needed.

    Raises:
        InputError: it cannot be written.
    """
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(content)
    except OSError as error:
        raise InputError(f"{to}: cannot be written ({error.strerror})") from None
