import numpy as np
import pytest
import sympy
import torch

import nalm
from nalm.regression import to_module
from nalm.regression.algebra.formula import constant
from nalm.regression.algebra.writing import expression, text
from support.formulas import number, one, product, table, terms, total

INPUTS = 5


def shown(formula):
    return text(formula, ["a", "b", "c", "d", "e"])


WHOLE = [
    product(one(0), one(3)),
    product(one(0, 2), one(1, -1), one(2, -2), scale=2.5),
    product(total({0: 1, 1: 1}), total({2: 1, 3: -1})),
    product(total({0: 2, 1: "-1/2"}, bias=3), total({2: 1}, bias=-1, power=-1), scale="1/3"),
    product(total({0: 1, 4: 1}, power=3)),
    terms((3, (one(0),)), (-1, (one(4),))),
    terms((1, (one(0), one(1))), (1, (one(2),)), (-0.25, ())),
    terms((1, (one(0), one(1, -1))), (2, (one(2, 2),)), scale=0.1),
    constant(number(7)),
]


@pytest.mark.parametrize("formula", WHOLE, ids=shown)
def test_network_of_units_has_the_values_of_the_formula(formula):
    x, _ = table(lambda x: x[:, 0], inputs=INPUTS, low=-3, high=3)
    module = to_module(formula, INPUTS)
    assert all(isinstance(layer, nalm.Unit) for layer in module)
    values = module(torch.tensor(x)).detach().numpy()
    assert values.shape == (len(x), 1)
    np.testing.assert_allclose(values[:, 0], formula(x), rtol=1e-12)


@pytest.mark.parametrize(
    "formula", [product(one(0, "1/2"), one(1, "-1/2")), product(total({0: 1, 1: 2}, power="1/2"), one(2, 2))]
)
def test_roots_differ_by_what_the_realnpu_adds(formula):
    x, _ = table(lambda x: x[:, 0], inputs=INPUTS)
    values = to_module(formula, INPUTS)(torch.tensor(x)).detach().numpy()[:, 0]
    np.testing.assert_allclose(values, formula(x), rtol=1e-6)


@pytest.mark.parametrize("formula", WHOLE, ids=shown)
def test_network_is_read_as_the_formula_that_it_was_made_of(formula):
    names = ["a", "b", "c", "d", "e"]
    read = nalm.formula(to_module(formula, INPUTS), names).expression
    assert sympy.simplify(read - expression(formula, names)) == 0


def test_network_can_be_trained_further():
    module = to_module(product(total({0: 1, 1: 1}), one(2)), INPUTS)
    before = module[0].weight.detach().clone()
    optimizer = torch.optim.SGD(module.parameters(), lr=1e-3)
    module(torch.ones(4, INPUTS, dtype=torch.float64)).square().mean().backward()
    optimizer.step()
    assert not torch.equal(module[0].weight, before)
