import numpy as np
import pytest

from nalm.regression.judgement.residuals import left_over
from support.formulas import one, product, table

FORMULA = product(one(0), one(1))


def left(law, noise=0.3, rows=300, inputs=6, seed=0):
    """What is found in noise of deviation 1 and a law of deviation 1 / noise's share."""
    x, _ = table(lambda x: x[:, 0], rows=rows, inputs=inputs, seed=seed)
    rest = law(x)
    spread = rest.std() or 1.0
    residual = (rest - rest.mean()) / spread * (1 - noise) + noise * np.random.default_rng([seed, 1]).standard_normal(
        rows
    )
    return left_over(residual, FORMULA, x)


def test_noise_is_rarely_taken_for_more():
    rng = np.random.default_rng(0)
    x, _ = table(lambda x: x[:, 0], rows=200, inputs=6)
    found = sum(bool(left_over(rng.standard_normal(200), FORMULA, x)) for _ in range(200))
    assert found <= 8  # 1 % is meant; 2 are expected


@pytest.mark.parametrize(
    ("law", "mark"),
    [
        (lambda x: x[:, 0], "{0}"),
        (lambda x: (x[:, 3] - 1.5) ** 2, "{3}"),
        (lambda x: (x[:, 0] - 1.5) * (x[:, 4] - 1.5), "{0} and {4}"),
        (lambda x: np.sin(9 * x[:, 1]), "{1}"),
        (lambda x: np.sin(60 * x[:, 1]), "{1}"),
        (lambda x: np.where(x[:, 0] > 1.9, 1.0, 0.0), "{0}"),
        (lambda x: np.sin(12 * x[:, 0] * x[:, 1]), "inputs"),
    ],
)
def test_what_is_left_is_named(law, mark):
    assert mark in left(law)


@pytest.mark.parametrize("residual", [np.zeros(50), np.ones(50), np.arange(5.0)])
def test_too_little_says_nothing(residual):
    x, _ = table(lambda x: x[:, 0], rows=len(residual))
    assert left_over(residual, FORMULA, x) == ""


def test_repeated_and_constant_inputs_do_no_harm():
    x, _ = table(lambda x: x[:, 0], rows=100)
    x[:, 0], x[:, 1], x[:, 2] = np.repeat([1.0, 2.0], 50), 1.5, np.tile([1.0, 2.0, 3.0, 4.0], 25)
    assert left_over(np.random.default_rng(3).standard_normal(100), FORMULA, x) == ""
