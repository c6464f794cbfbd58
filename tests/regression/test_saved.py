import json
from fractions import Fraction

import numpy as np
import pytest
import safetensors.torch
import torch

from nalm.errors import StoreError
from nalm.regression import Result, load, save
from nalm.regression._result import Entry
from nalm.regression.algebra.numbers import symbolic
from nalm.regression.algebra.writing import text
from nalm.regression.judgement.exactness import Verdict
from support.formulas import one, product, table, terms, total

NAMES = ("a", "b", "body mass")
FORMULAS = [
    product(total({0: 1, 1: -1}), one(2, -2), scale=symbolic(Fraction(1, 4), "pi", -1)),
    terms((0.1 + 0.2, (one(0, 0.37), one(1))), (-1, ())),
    product(one(0, "1/2"), scale=8.3141592653589793),
]


def result(formula):
    entry = Entry(formula, text(formula, NAMES), "NAU", 3, 0.0, 0.0, 1.0, Verdict(True, "it is"))
    return Result(NAMES, (entry,), 0, 1.0, False)


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_comes_back_as_it_was(tmp_path, formula):
    x, _ = table(lambda x: x[:, 0], inputs=3)
    saved = load(save(result(formula), "y", tmp_path / "new" / "folder"))
    assert saved.formula == formula
    assert (saved.names, saved.target, saved.exact, saved.verdict) == (NAMES, "y", True, "it is")
    np.testing.assert_array_equal(saved.predict(x), formula(x))
    assert str(saved) == f"y = {text(formula, NAMES)}"


def test_weights_are_those_of_the_network(tmp_path):
    folder = save(result(FORMULAS[0]), "y", tmp_path / "model")
    weights = safetensors.torch.load_file(folder / "weights.safetensors")
    module = load(folder).to_module()
    assert weights.keys() == module.state_dict().keys()
    module.load_state_dict(weights)
    x = torch.rand(5, 3, dtype=torch.float64)
    np.testing.assert_allclose(module(x).detach()[:, 0], FORMULAS[0](x.numpy()), rtol=1e-12)


def test_an_earlier_formula_is_replaced_and_nothing_else(tmp_path):
    folder = save(result(FORMULAS[0]), "y", tmp_path / "model")
    assert load(save(result(FORMULAS[1]), "y", folder)).formula == FORMULAS[1]
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("")
    with pytest.raises(StoreError, match="holds something else than a formula"):
        save(result(FORMULAS[0]), "y", tmp_path / "other")
    with pytest.raises(StoreError, match="is a file, expects a folder"):
        save(result(FORMULAS[0]), "y", tmp_path / "other" / "thesis.tex")


def broken(folder, change):
    path = folder / "formula.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content.pop("terms"), "damaged .KeyError: 'terms'"),
        (lambda content: content.update(version=7), "expects version 1, got 7"),
        (lambda content: content.update(inputs=["a"]), "a column that is not among the inputs"),
        (lambda content: content["scale"].update({"is": "1/0"}), "damaged .ZeroDivisionError"),
    ],
)
def test_damaged_files_are_named(tmp_path, change, message):
    folder = save(result(FORMULAS[0]), "y", tmp_path / "model")
    broken(folder, change)
    with pytest.raises(StoreError, match=message) as caught:
        load(folder)
    assert str(folder) in str(caught.value)


def test_folders_without_a_formula(tmp_path):
    with pytest.raises(StoreError, match=r"holds no formula.json; nalm fit TABLE --target COLUMN --to"):
        load(tmp_path)
    (tmp_path / "formula.json").write_text("{")
    with pytest.raises(StoreError, match="damaged"):
        load(tmp_path)
