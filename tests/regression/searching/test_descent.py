import numpy as np
import pytest

from nalm.regression.searching.descent import Problem, Whitened, begin, descend
from support.formulas import table


def problem(powers=(1, 1), law=None, **options):
    x, y = table(law or (lambda x: (x[:, 0] + x[:, 1]) * (x[:, 2] - x[:, 3])), **options)
    whitened = Whitened.of(x)
    return Problem(whitened.rows, y, np.array(powers), np.ones(len(y))), whitened, x


def starts(count, factors, inputs, seed=0):
    return np.random.default_rng(seed).uniform(-0.5, 1, (count, factors, inputs))


def test_whitened_rows_are_uncorrelated_and_lead_back():
    x, _ = table(lambda x: x[:, 0])
    whitened = Whitened.of(x)
    np.testing.assert_allclose(whitened.rows.T @ whitened.rows / len(x), np.eye(5), atol=1e-12)
    weights = starts(3, 2, 5)
    back = whitened.to_rows(weights, x) @ whitened.back.T
    np.testing.assert_allclose(back, weights, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(whitened.to_rows(weights, x) @ whitened.rows.T, weights @ x.T, rtol=1e-9)


def test_dependent_inputs_are_one_coordinate():
    x, _ = table(lambda x: x[:, 0])
    assert Whitened.of(np.column_stack([x, x[:, 0] + x[:, 1]])).rows.shape == (200, 5)


def test_begin_scales_starts_to_the_target():
    given, whitened, x = problem(law=lambda x: -1000 * x[:, 0] * x[:, 1])
    weights = whitened.to_rows(starts(4, 2, 5), x)
    kept = weights.copy()
    state = begin(given, weights)
    np.testing.assert_array_equal(weights, kept)
    values = given.values(state.weights)
    best = (values @ given.y) / (values**2).sum(1)
    np.testing.assert_allclose(best, 1, rtol=1e-9)


@pytest.mark.parametrize("powers", [(1, 1), (1, -1), (1, 1, 1), (1, 1, -1)])
def test_steps_lead_to_the_formula(powers):
    def law(x):
        bases = np.stack([x[:, 0] + x[:, 1], x[:, 2] + x[:, 3], x[:, 4]], 1)[:, : len(powers)]
        return (bases ** np.array(powers, dtype=float)).prod(1)

    given, whitened, x = problem(powers, law)
    state = begin(given, whitened.to_rows(starts(12, len(powers), 5), x))
    first = state.squares.copy()
    for _ in range(60):
        before = state.squares.copy()
        descend(given, state)
        assert (state.squares <= before).all()
    assert state.squares.min() < 1e-20 * first.max()


def test_a_start_alone_equals_itself_among_others_bit_for_bit():
    given, whitened, x = problem()
    weights = whitened.to_rows(starts(6, 2, 5), x)
    together, alone = begin(given, weights), begin(given, weights[3:4])
    for _ in range(12):
        descend(given, together)
        descend(given, alone)
    np.testing.assert_array_equal(together.weights[3], alone.weights[0])
    assert together.squares[3] == alone.squares[0]


def test_a_start_that_is_not_finite_stays_out():
    given, whitened, x = problem((1, -1))
    weights = whitened.to_rows(starts(3, 2, 5), x)
    weights[1, 1] = 0
    state = begin(given, weights)
    for _ in range(5):
        descend(given, state)
    assert np.isinf(state.squares[1])
    assert np.isfinite(state.squares[[0, 2]]).all()
