"""Docstrings are turned into reStructuredText that says the same."""

import importlib.util
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location(
    "nalm_docs_docstrings", Path(__file__).parents[2] / "docs" / "docstrings.py"
)
docstrings = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(docstrings)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Map `[..., in]` to a `Module`s.", "Map ``[..., in]`` to a ``Module``\\ s."),
        ("Return exp(|x| * 2).", "Return exp(\\|x\\| \\* 2)."),
        ("Call project_ after w_oi.", "Call project\\_ after w_oi."),
        ("Call `project_`.", "Call ``project_``."),
        ("", ""),
    ],
)
def test_text_is_escaped_and_code_is_not(line, expected):
    assert docstrings.to_restructured_text([line]) == [expected]


def test_indented_paragraphs_are_examples():
    lines = ["Use it so:", "", "    y = x | 1", "", "    z = y", "", "Then `stop`."]
    expected = ["Use it so:", "", "::", "", "    y = x | 1", "", "    z = y", "", "Then ``stop``."]
    assert docstrings.to_restructured_text(lines) == expected


def test_sections_are_left_to_napoleon():
    lines = [
        "Do.",
        "",
        "Args:",
        "    x: First",
        "        line of `two`.",
        "",
        "    y: Second.",
        "",
        "Raises:",
        "    A: b.",
    ]
    converted = docstrings.to_restructured_text(lines)
    assert "::" not in converted
    assert converted[4] == "        line of ``two``."
