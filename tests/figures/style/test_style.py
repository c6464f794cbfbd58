"""Styles and widths by name."""

from __future__ import annotations

import pytest

from nalm.errors import InputError
from nalm.figures.style import DEFAULT, PUBLISHED, find_style


def test_styles_have_names() -> None:
    assert find_style("default") == DEFAULT
    assert find_style("published") == PUBLISHED
    with pytest.raises(InputError, match=r"unknown style 'publish'; did you mean 'published'\? \(default, published\)"):
        find_style("publish")


@pytest.mark.parametrize(
    ("width", "inches"), [("3.3in", 3.3), ("84mm", 84 / 25.4), ("8.4 cm", 8.4 / 2.54), ("240pt", 240 / 72.27), (5, 5.0)]
)
def test_widths_have_units(width: float | str, inches: float) -> None:
    assert find_style("default", width).width == pytest.approx(inches)


@pytest.mark.parametrize("width", ["3.3", "in", "3.3 inches", "-3in", "3,3in", ""])
def test_what_is_no_width_is_refused(width: str) -> None:
    with pytest.raises(InputError, match=r"^width '.*': give a number and its unit, such as 3\.3in, 84mm"):
        find_style("default", width)


@pytest.mark.parametrize("width", ["1in", "100in", 0, -3, float("nan")])
def test_absurd_widths_are_refused(width: float | str) -> None:
    with pytest.raises(InputError, match=r"^width .*: a figure is 2 to 40 inches wide"):
        find_style("default", width)
