import pytest

from nalm.cli._tables import number, span


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (0, "0 s"),
        (0.4, "0 s"),
        (89, "89 s"),
        (90, "2 min"),
        (5399, "90 min"),
        (5400, "2 h"),
        (36_000, "10 h"),
        (172_800, "2 days"),
        (8_640_000, "100 days"),
    ],
)
def test_durations_are_written_for_people(seconds, text):
    assert span(seconds) == text


def test_counts_have_groups_of_three():
    assert number(101252025) == "101,252,025"
