"""A study whose results are a table: drawn over its ranges."""

from __future__ import annotations

from nalm.figures.ranges import CAPTION, data, draw

__all__ = ["CAPTION", "data", "draw"]
