"""Matplotlib for drawing into files: no backend of a notebook or a window is asked for."""

from __future__ import annotations

import os

_NAMED = "MPLBACKEND"


def import_matplotlib() -> None:
    """Import matplotlib, whatever backend the environment names: one of a notebook may not be installed here."""
    named = os.environ.pop(_NAMED, None)
    try:
        import matplotlib  # noqa: F401
    finally:
        if named is not None:
            os.environ[_NAMED] = named
