"""Sphinx extension: docstrings are written for readers of the source, this makes them safe reStructuredText.

A single pair of backticks is code, formulas stand bare (`|x|`, `2 * pi`), and an indented paragraph is an example.
"""

import re
from typing import Any

_CODE = re.compile(r"`+([^`]+)`+")
_SECTIONS = ("Args:", "Attributes:", "Raises:", "Returns:", "Yields:")
# what reStructuredText takes for markup: substitutions, emphasis, and references such as `project_`
_MARKUP = re.compile(r"[|*\\]|_(?!\w)")


def to_restructured_text(lines: list[str]) -> list[str]:
    """Return the lines of a docstring with code, formulas and examples marked up."""
    result: list[str] = []
    example_from = section_at = None
    for number, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        starts_paragraph = bool(line.strip()) and (number == 0 or not lines[number - 1].strip())
        if example_from is not None and line.strip() and indent < example_from:
            example_from = None
        if section_at is not None and line.strip() and indent <= section_at:
            section_at = None
        if line.strip() in _SECTIONS:
            section_at = indent
        before = [len(other) - len(other.lstrip()) for other in result if other.strip()]
        if starts_paragraph and example_from is None and section_at is None and before and indent > before[-1]:
            result += [" " * before[-1] + "::", ""]
            example_from = indent
        result.append(line if example_from is not None else _inline(line))
    return result


def _inline(line: str) -> str:
    """Mark up one line: code spans as literals, everything else as plain text."""
    parts, end = [], 0
    for span in _CODE.finditer(line):
        # a literal ends only before a space or punctuation: `Module`s
        joint = "\\ " if line[span.end() : span.end() + 1].isalnum() else ""
        parts += [_escaped(line[end : span.start()]), f"``{span[1]}``", joint]
        end = span.end()
    return "".join([*parts, _escaped(line[end:])])


def _escaped(text: str) -> str:
    return _MARKUP.sub(lambda hit: "\\" + hit[0], text)


def _process(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    lines[:] = to_restructured_text(lines)


def setup(app: Any) -> dict[str, bool]:
    """Process docstrings before napoleon reads their sections."""
    app.connect("autodoc-process-docstring", _process, priority=400)
    return {"parallel_read_safe": True}
