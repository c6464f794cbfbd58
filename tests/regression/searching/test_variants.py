import numpy as np
import pytest

from nalm.regression.algebra.formula import constant
from nalm.regression.algebra.numbers import Number
from nalm.regression.algebra.parameters import fit
from nalm.regression.searching.variants import grown, loosened, simpler
from support.formulas import one, product, table, terms, total

LAW = product(total({0: 1, 1: 1}), total({2: 1, 3: -1}), total({4: 1, 5: 1}))


def lacks(formula, law, **options):
    """What is grown of a formula, fitted to a table of a law."""
    x, y = table(law, **{"inputs": 8, "rows": 400, "noise": 0.05, **options})
    fitted = fit(loosened(formula), x, y)
    return grown(fitted.formula, x, y), x, y


@pytest.mark.parametrize("low", [1, -2])
def test_an_input_that_a_sum_lacks_is_found(low):
    """Around zero no pair of inputs follows what is left of a product of three sums."""
    longer, x, y = lacks(product(total({0: 1, 1: 1}), total({2: 1, 3: -1}), one(4)), LAW, low=low, high=2)
    assert set(longer.inputs) >= {0, 1, 2, 3, 4, 5}
    assert 5 in longer.terms[0].factors[2].inputs
    assert fit(longer, x, y).squares < 1.2 * ((LAW(x) - y) ** 2).sum()


def test_terms_and_constants_that_are_lacking_are_found():
    law = terms((1, (one(0), one(1))), (1, (one(2),)), (1, ()))
    longer, x, y = lacks(product(one(0), one(1)), law, low=-2)
    assert {term.factors for term in longer.terms} >= {(one(2),), ()}
    assert fit(longer, x, y).squares < 1.2 * ((law(x) - y) ** 2).sum()
    longer, _, _ = lacks(constant(Number(1.0)), product(total({0: 1, 5: -1}), scale=2))
    assert longer.inputs == (0, 5)


@pytest.mark.parametrize("noise", [0.0, 0.05])
@pytest.mark.parametrize("formula", [LAW, product(one(0, "1/2"), one(1, -1)), product(total({0: 2, 1: -3}), scale=2)])
def test_a_law_lacks_nothing(formula, noise):
    x, y = table(formula, rows=300, inputs=8, noise=noise)
    if noise == 0 or not (formula(x) < 0).any():
        assert grown(formula, x, y) is None


def test_loosened_formulas_have_the_same_values():
    formula = terms((2, (total({0: -3, 1: 6}, bias=1.5, power=-1), one(2, "1/2"))), (-1, (one(3),)), scale=0.5)
    x, _ = table(lambda x: x[:, 0])
    np.testing.assert_allclose(loosened(formula)(x), formula(x), rtol=1e-12)
    assert loosened(formula).terms[0].factors[0].weights[0][1].value == 1
    assert loosened(formula).free == 4


def test_sums_are_made_simpler_one_change_at_a_time():
    formula = product(total({0: 2, 1: 2.1, 2: -0.3}), total({3: 1, 4: 1}), scale=2)
    found = list(simpler(formula))
    assert len(found) == 1 + 3 + 2
    assert [weight.value for _, weight in found[0].terms[0].factors[0].weights] == [1, 1, -1]
    assert sorted(factor.inputs for one in found[1:4] for factor in one.terms[0].factors[:1]) == [
        (0, 1),
        (0, 2),
        (1, 2),
    ]
    x, y = table(formula)
    assert all(fit(variant, x, y) is not None for variant in found)
