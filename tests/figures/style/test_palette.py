"""Colours of series: the published ones, and those that everybody can tell apart."""

from __future__ import annotations

import numpy as np
import pytest

from nalm.figures.style import DEFAULT, PUBLISHED
from nalm.figures.style.palette import distinct, hues
from support.colour_vision import VISIONS, cam02, least_distance, seen

# one just noticeable difference is about 1; colours of thin lines and small points need far more
LEAST = 14.0
LEAST_LIGHTNESS = 4.5


def test_seven_hues_are_those_of_the_published_figure() -> None:
    assert hues(7) == ("#F8766D", "#C49A00", "#53B400", "#00C094", "#00B6EB", "#A58AFF", "#FB61D7")


def test_fewer_hues_are_spread_wider() -> None:
    assert hues(2) == ("#F8766D", "#00BFC4")
    assert hues(1) == ("#F8766D",)
    assert hues(0) == ()


def test_the_measure_is_that_of_the_standard() -> None:
    # CIE 159:2004, the worked example in average surround
    lightness, colourfulness, hue = cam02(
        np.array([[19.01, 20.00, 21.78]]), np.array([95.05, 100.0, 108.88]), luminance=318.31, background=20.0
    )
    assert lightness[0] == pytest.approx(41.73, abs=0.005)
    assert colourfulness[0] == pytest.approx(0.1088, abs=0.00005)
    assert hue[0] == pytest.approx(219.05, abs=0.005)


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("count", range(2, 11))
def test_everybody_can_tell_the_series_apart(count: int, vision: str) -> None:
    assert least_distance(seen(distinct(count), vision)) > LEAST


def test_the_published_hues_of_figure_2_cannot_be_told_apart() -> None:
    assert least_distance(seen(hues(9), "deuteranopia")) < 2.5
    assert least_distance(seen(hues(9))[:, :1]) < 0.5


@pytest.mark.parametrize("count", range(2, 11))
def test_without_colours_the_series_differ_in_lightness_and_marker(count: int) -> None:
    marks = DEFAULT.marks(count)
    assert least_distance(seen([mark.colour for mark in marks])[:, :1]) > LEAST_LIGHTNESS
    assert len({mark.marker for mark in marks}) == count


def test_more_series_than_colours_differ_in_colour_or_marker() -> None:
    marks = DEFAULT.marks(60)
    assert len(set(marks)) == 60
    assert len({mark.colour for mark in marks}) == 10


def test_no_colour_fades_into_the_ground() -> None:
    ground, *lightness = seen(["#EBEBEB", *distinct(10)])[:, 0]
    assert max(lightness) < ground - 15


def test_published_series_have_but_their_hue() -> None:
    assert {mark.marker for mark in PUBLISHED.marks(9)} == {"o"}
