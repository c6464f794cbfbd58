from __future__ import annotations

from nalm.figures.style.palette import hues


def test_seven_hues_are_those_of_the_published_figure() -> None:
    assert hues(7) == ("#F8766D", "#C49A00", "#53B400", "#00C094", "#00B6EB", "#A58AFF", "#FB61D7")


def test_fewer_hues_are_spread_wider() -> None:
    assert hues(2) == ("#F8766D", "#00BFC4")
    assert hues(1) == ("#F8766D",)
    assert hues(0) == ()
