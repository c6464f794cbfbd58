"""Writing of figures: equal figures give equal bytes."""

from __future__ import annotations

import io
import re
import warnings
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.cbook import is_math_text
from matplotlib.figure import Figure
from matplotlib.mathtext import MathTextParser
from matplotlib.text import Text

from nalm import files
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
    with mpl.rc_context(RC), warnings.catch_warnings():
        # of a name in a script that no font has, a box is shown
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        _keep_literal(figure)
        figure.savefig(buffer, format=name, dpi=300, metadata=_METADATA[name])
    content = buffer.getvalue()
    return _renumbered(content) if name == "svg" else content


def _renumbered(svg: bytes) -> bytes:
    """Give clip paths numbers in their order.

    matplotlib names them by a hash of their position, whose last bits the solver of the layout leaves open.
    """
    names = dict.fromkeys(re.findall(rb"url\(#(p[0-9a-f]{10})\)", svg))
    numbers = {name: b"clip%d" % number for number, name in enumerate(names)}
    return re.sub(rb"p[0-9a-f]{10}", lambda found: numbers.get(found.group(), found.group()), svg)


def _keep_literal(figure: Figure) -> None:
    """Show texts with dollar signs that are no formulas, such as a label of the user's, as they are."""
    parser = MathTextParser("agg")
    for text in figure.findobj(Text):
        if is_math_text(text.get_text()):
            try:
                parser.parse(text.get_text())
            except ValueError:
                text.set_parse_math(False)


def write(content: bytes, to: Path) -> None:
    """Write a file whole, making its folder if needed.

    Raises:
        InputError: it cannot be written.
    """
    try:
        files.write_output(to, content)
    except OSError as error:
        raise InputError(f"{to}: {files.write_failure(error)}") from None
