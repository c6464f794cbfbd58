import pytest

from nalm.studies import parse_seeds, seeds_text


@pytest.mark.parametrize(
    ("value", "seeds"),
    [("0:3", (0, 1, 2)), (" 2 : 8 ", (2, 3, 4, 5, 6, 7)), ([7, 3], (7, 3)), (range(2), (0, 1)), ((5,), (5,))],
)
def test_accepts(value, seeds):
    assert parse_seeds(value) == seeds


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("5:2", "5 must be less than 2"),
        ("2:2", "2 must be less than 2"),
        ("x", "'x' is no range of seeds; give A:B"),
        ("-1:3", "'-1:3' is no range of seeds"),
        (f"0:{2**32 + 1}", "must lie in 0 to 4294967295"),
        ([], "no seeds"),
        ([1, 1], "seed 1 is given twice"),
        ([1.5], "seed 1.5 is not a whole number"),
        ([True], "seed True is not a whole number"),
        ([-1], "seed -1 must lie in"),
        (3, "3 is no range of seeds"),
    ],
)
def test_refuses(value, message):
    with pytest.raises(ValueError, match=message):
        parse_seeds(value)


@pytest.mark.parametrize(("seeds", "text"), [((0, 1, 2), "0:3"), ((4,), "4:5"), ((2, 1), [2, 1]), ((1, 3), [1, 3])])
def test_text_reads_back(seeds, text):
    assert seeds_text(seeds) == text
    assert parse_seeds(text) == seeds
