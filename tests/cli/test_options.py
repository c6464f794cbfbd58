import pytest

from nalm.cli._options import only_values, setting_values, toml_value
from nalm.errors import InputError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("1e-3", 1e-3),
        ("true", True),
        ("[1, 2]", [1, 2]),
        ("[[-6,-2],[2,6]]", [[-6, -2], [2, 6]]),
        ('{ family = "exponential", scale = 5 }', {"family": "exponential", "scale": 5}),
        ('"fast"', "fast"),
        ("fast", "fast"),
        ("pcc-mse", "pcc-mse"),
        ("[1, 2", "[1, 2"),
    ],
)
def test_values_are_toml_or_bare_words(text, value):
    assert toml_value(text) == value


def test_repeated_only_keys_are_alternatives():
    assert only_values(["unit=nmu", "seed=1", "unit=snmu"]) == {"unit": ["nmu", "snmu"], "seed": ["1"]}


def test_value_may_hold_an_equals_sign():
    assert only_values(["unit=a=b"]) == {"unit": ["a=b"]}


def test_iterations_is_a_setting():
    assert setting_values(["learning_rate=1e-2"], 7) == {"learning_rate": 1e-2, "iterations": 7}


@pytest.mark.parametrize("option", ["unit", "=nmu", "unit=", " = "])
def test_refuses_what_is_not_key_and_value(option):
    with pytest.raises(InputError, match="give KEY=VALUE"):
        only_values([option])
    with pytest.raises(InputError, match="give KEY=VALUE"):
        setting_values([option], None)
