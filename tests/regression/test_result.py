"""Whole searches: formulas of every form are found, and nothing else is called exact."""

import math

import numpy as np
import pytest

from nalm.regression import search
from support.formulas import table

SECONDS = 60.0


def found(x, y, seed=0, seconds=SECONDS):
    names = [f"x{place + 1}" for place in range(x.shape[1])]
    return search(x, y, names, max_seconds=seconds, seed=seed)


EXACT = [
    ("x1 + x3 - x2", lambda x: x[:, 0] - x[:, 1] + x[:, 2], {"inputs": 10, "rows": 100}),
    ("x1*x2", lambda x: x[:, 0] * x[:, 1], {"inputs": 2, "low": 1.1, "high": 1.2}),
    ("x3*x17", lambda x: x[:, 2] * x[:, 16], {"inputs": 100, "rows": 500, "low": -2, "high": 2}),
    ("x1*x2*x3*x4", lambda x: x[:, :4].prod(1), {"inputs": 10, "rows": 300}),
    ("x1/x2", lambda x: x[:, 0] / x[:, 1], {"inputs": 2}),
    ("x5**2*x9/x2", lambda x: x[:, 4] ** 2 * x[:, 8] / x[:, 1], {"inputs": 20, "rows": 300}),
    ("x1*x2/(4*pi*x3*x4**2)", lambda x: x[:, 0] * x[:, 1] / (4 * np.pi * x[:, 2] * x[:, 3] ** 2), {"inputs": 4}),
    ("(x1 + x2)*(x7 - x9)", lambda x: (x[:, 0] + x[:, 1]) * (x[:, 6] - x[:, 8]), {"inputs": 20}),
    ("(x1 + x2)/(x3 + x4)", lambda x: (x[:, 0] + x[:, 1]) / (x[:, 2] + x[:, 3]), {"inputs": 10, "rows": 300}),
    ("x1*x2 + x3", lambda x: x[:, 0] * x[:, 1] + x[:, 2], {"high": 3, "rows": 300}),
    ("sqrt(x1 + x2)", lambda x: np.sqrt(x[:, 0] + x[:, 1]), {"inputs": 3}),
    ("(x1 + 1)*(x2 - 3)", lambda x: (x[:, 0] + 1) * (x[:, 1] - 3), {"inputs": 4}),
    ("1/(x1 + x2)", lambda x: 1 / (x[:, 0] + x[:, 1]), {"inputs": 4}),
    ("x1**2*x2/(x3 + x5)", lambda x: x[:, 0] ** 2 * x[:, 1] / (x[:, 2] + x[:, 4]), {"inputs": 8}),
    ("x1**2*x2 - x2*x3 - x4 - x5", lambda x: x[:, 0] ** 2 * x[:, 1] - x[:, 2] * x[:, 1] - x[:, 3] - x[:, 4],
     {"inputs": 12, "rows": 500}),
    ("2*x1**3 + x3 - x2**2 - 1/2", lambda x: 2 * x[:, 0] ** 3 - x[:, 1] ** 2 + x[:, 2] - 0.5, {"inputs": 4}),
    ("x1**3*x2 - 2*x3", lambda x: x[:, 0] ** 3 * x[:, 1] - 2 * x[:, 2], {"inputs": 20}),
    ("8.314*x1*x2/x3", lambda x: 8.314 * x[:, 0] * x[:, 1] / x[:, 2], {"inputs": 5}),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "law", "options"), EXACT, ids=[case[0] for case in EXACT])
def test_laws_without_noise_are_found_and_exact(formula, law, options):
    result = found(*table(law, **options))
    assert result.chosen.text == formula
    assert result.chosen.verdict.exact
    assert result.confidence == 1.0


NOISY = [
    ("x1*x2**2/2", lambda x: x[:, 0] * x[:, 1] ** 2 / 2, {"inputs": 2, "high": 5, "noise": 0.01}),
    ("sqrt(x1*x2)", lambda x: np.sqrt(x[:, 0] * x[:, 1]), {"low": 0.5, "high": 4, "rows": 300, "noise": 0.01}),
    ("(x1 + x2)*(x4 - x5)", lambda x: (x[:, 0] + x[:, 1]) * (x[:, 3] - x[:, 4]), {"rows": 300, "noise": 0.1}),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "law", "options"), NOISY, ids=[case[0] for case in NOISY])
def test_laws_with_noise_are_found_and_exact_up_to_it(formula, law, options):
    result = found(*table(law, **options))
    assert result.chosen.text == formula
    assert result.chosen.verdict.exact
    assert result.confidence > 0.5


@pytest.mark.heavy
def test_an_input_without_a_correlation_of_its_own_is_found():
    """In a product of three sums around zero no pair of inputs tells that x12 takes part."""
    sums = ((0, 1, 2), (3, 4, 5), (3, 6, 8, 11))
    x, y = table(lambda x: np.prod([x[:, columns].sum(1) for columns in sums], 0), inputs=30, rows=1200, low=-2)
    assert found(x, y).selected == ("x1", "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x12")


@pytest.mark.heavy
def test_simple_weights_are_found_in_sums_that_noise_hardly_tells_apart():
    x, y = table(
        lambda x: (x[:, 8] + x[:, 9]) * (x[:, 3] + x[:, 5] + x[:, 6]) * (3 * x[:, 4] + x[:, 7] + 2 * x[:, 8] - x[:, 0]),
        inputs=10, rows=345, high=3, noise=0.05,
    )  # fmt: skip
    assert found(x, y).chosen.text == "(3*x5 + x8 + 2*x9 - x1)*(x4 + x6 + x7)*(x9 + x10)"


def test_a_quarter_of_the_inputs_with_fewer_rows_than_inputs():
    x, y = table(lambda x: x[:, :25].sum(1), rows=60, inputs=100, low=-2, high=2)
    assert found(x, y).chosen.text == " + ".join(f"x{place}" for place in range(1, 26))


def test_products_of_many_overlapping_sums():
    x, y = table(lambda x: x[:, :12].sum(1) * x[:, 6:18].sum(1), rows=300, inputs=30)
    result = found(x, y)
    assert result.chosen.verdict.exact
    sums = [[f"x{place}" for place in range(first, first + 12)] for first in (1, 7)]
    assert result.chosen.text == "*".join(f"({' + '.join(names)})" for names in sums)


OUTSIDE = {
    "sine": lambda x: np.sin(x[:, 0]) + x[:, 1],
    "fast sine": lambda x: x[:, 1] * np.sin(4 * x[:, 0]),
    "exponential": lambda x: np.exp(x[:, 0]) * x[:, 1],
    "decay": lambda x: np.exp(-x[:, 0] * x[:, 1]),
    "maximum": lambda x: np.maximum(x[:, 0], x[:, 1]),
    "pieces": lambda x: np.where(x[:, 0] > 1.9, 2 * x[:, 1], x[:, 1]),
    "logarithm": lambda x: np.log(x[:, 0] + x[:, 1]),
    "length": lambda x: np.hypot(x[:, 0], x[:, 1]),
}


@pytest.mark.parametrize(("name", "noise"), list(zip(OUTSIDE, [0.0, 0.05] * 4, strict=True)))
def test_other_laws_are_never_called_exact(name, noise):
    x, y = table(OUTSIDE[name], rows=80, inputs=2, noise=noise)
    result = found(x, y, seconds=6)
    assert not any(entry.verdict.exact for entry in result.entries)
    assert result.chosen.verdict.reason


@pytest.mark.parametrize("seed", range(4))
def test_noise_is_never_called_exact(seed):
    x, _ = table(lambda x: x[:, 0], rows=20 + 30 * seed, inputs=2 + seed, seed=seed)
    y = np.random.default_rng([seed, 1]).standard_normal(len(x))
    assert not any(entry.verdict.exact for entry in found(x, y, seconds=6).entries)


def test_a_copy_of_an_input_is_told():
    x, y = table(lambda x: x[:, 0] * x[:, 1], inputs=3)
    result = found(np.column_stack([x, x[:, 1]]), y)
    assert not result.chosen.verdict.exact
    assert "in place of" in result.chosen.verdict.reason
    assert "{" not in result.chosen.verdict.reason


def test_names_with_braces_are_names():
    x, y = table(lambda x: x[:, 0] * x[:, 1], rows=30, noise=0.5)
    result = search(x, y, ["a{b}", "{", "}", "{0}", "e"], max_seconds=2, seed=0)
    assert all(entry.verdict.reason for entry in result.entries)
    assert "`a{b}`" in result.entries[-1].text


@pytest.mark.parametrize("scale", [1e-9, 1e9])
def test_units_of_measurement_do_not_matter(scale):
    x, y = table(lambda x: (x[:, 0] + x[:, 1]) / x[:, 2], inputs=4)
    result = found(scale * x, y / scale)
    assert result.chosen.verdict.exact
    assert len(result.selected) == 3


def test_numbers_that_were_rounded_to_single_precision():
    x, y = table(lambda x: (x[:, 0] + x[:, 1]) * x[:, 2] / x[:, 3], high=5, inputs=5)
    result = found(*(values.astype(np.float32).astype(np.float64) for values in (x, y)))
    assert result.chosen.text == "(x1 + x2)*x3/x4"
    assert result.chosen.verdict == (True, "it meets every row, to rounding")


def test_rows_sorted_by_the_target_are_no_obstacle():
    x, y = table(lambda x: (x[:, 0] + x[:, 1]) * x[:, 2], rows=6000, inputs=4, noise=0.02)
    order = np.argsort(y)
    result = found(x[order], y[order])
    assert result.chosen.text == "(x1 + x2)*x3"
    assert result.chosen.verdict.exact


def test_time_is_a_limit_on_what_is_tried():
    x, y = table(lambda x: np.sin(7 * x[:, 0]) * x[:, 1], rows=400, inputs=40, noise=0.1)
    short = found(x, y, seconds=0.2)
    assert short.cut
    assert math.isfinite(short.chosen.held_out_error)
