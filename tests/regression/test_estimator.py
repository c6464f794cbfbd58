import pickle
import sys

import numpy as np
import polars as pl
import pytest
import sympy
import torch
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

import nalm
from nalm.errors import InputError
from support.formulas import table

# more than a busy machine takes, so that nothing is cut short
SECONDS = 600.0


def regressor(**options):
    return nalm.ArithmeticRegressor(**{"max_seconds": SECONDS, **options})


@parametrize_with_checks([nalm.ArithmeticRegressor(max_seconds=0.3)])
@pytest.mark.filterwarnings("ignore:ArithmeticRegressor. the 0.3 s", "ignore:.*SCIPY_ARRAY_API")
def test_scikit_learn_s_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def fitted():
    x, y = table(lambda x: (x[:, 0] + x[:, 1]) * (x[:, 2] - x[:, 4]), inputs=8)
    return regressor().fit(x, y), x, y


def test_the_formula_is_found_and_called_exact(fitted):
    model, x, y = fitted
    assert model.equation_ == "(x1 + x2)*(x3 - x5)"
    assert model.exact_
    assert model.verdict_ == "it meets every row, to rounding"
    assert model.confidence_ == 1.0
    assert model.selected_ == ["x1", "x2", "x3", "x5"]
    assert model.complete_
    np.testing.assert_allclose(model.predict(x), y, rtol=1e-12)
    assert model.score(x, y) == 1.0


def test_equations_are_a_table_from_simple_to_exact(fitted):
    model, _, _ = fitted
    equations = model.equations_
    assert isinstance(equations, pl.DataFrame)
    assert equations.columns == [
        "equation", "complexity", "training_error", "held_out_error", "exact", "agreement", "form", "remark",
    ]  # fmt: skip
    assert equations["complexity"].is_sorted()
    assert equations["training_error"].is_sorted(descending=True)
    assert equations["exact"].to_list() == [False] * (len(equations) - 1) + [True]
    assert equations["agreement"].is_between(0, 1).all()
    assert model.get_best() == equations.row(-1, named=True)


def test_a_line_of_the_table_in_every_form(fitted):
    model, x, y = fitted
    symbols = sympy.symbols("x1 x2 x3 x5", real=True)
    assert model.sympy() == (symbols[0] + symbols[1]) * (symbols[2] - symbols[3])
    assert r"\left(" in model.latex()
    values = model.to_module()(torch.tensor(x)).detach().numpy()[:, 0]
    np.testing.assert_allclose(values, y, rtol=1e-12)
    assert model.sympy(0).is_number
    np.testing.assert_allclose(model.predict(x, index=0), float(model.sympy(0)))
    with pytest.raises(InputError, match=r"index: equations_ has \d lines, got 99"):
        model.sympy(99)


def test_noise_is_no_law():
    x, y = table(lambda x: 0 * x[:, 0], rows=60)
    model = regressor().fit(x, y + np.random.default_rng(1).standard_normal(60))
    assert not model.exact_
    assert model.verdict_


def test_noise_around_a_law_is_told():
    x, y = table(lambda x: 2 * x[:, 0] * x[:, 1] / x[:, 2], rows=300, noise=0.02)
    model = regressor().fit(x, y)
    assert model.equation_ == "2*x1*x2/x3"
    assert model.exact_
    assert "noise, 2 %" in model.verdict_ or "noise, 1.9 %" in model.verdict_ or "noise, 2.1 %" in model.verdict_


def test_same_call_same_equations_bit_for_bit_on_any_number_of_processes():
    x, y = table(lambda x: (x[:, 0] + x[:, 1]) / (x[:, 2] + 2 * x[:, 3]), rows=80, noise=0.1)
    first, second, parallel = (regressor(n_jobs=jobs).fit(x, y) for jobs in (None, None, 2))
    assert first.complete_
    assert first.equations_.equals(second.equations_)
    assert first.equations_.equals(parallel.equations_)
    assert not regressor(random_state=5).fit(x, y).equations_.equals(first.equations_)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_names_of_tables_are_used(library):
    module = pytest.importorskip(library)
    x, y = table(lambda x: x[:, 0] / x[:, 1], inputs=3)
    frame = module.DataFrame(dict(zip(["price", "body mass", "c"], x.T, strict=True)))
    model = regressor().fit(frame, module.Series(y))
    assert model.equation_ == "price/`body mass`"
    assert model.selected_ == ["price", "body mass"]
    np.testing.assert_allclose(model.predict(frame), y, rtol=1e-12)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame.rename(columns={"c": "d"}) if library == "pandas" else frame.rename({"c": "d"}))


def test_models_can_be_cloned_and_pickled(fitted):
    model, x, _ = fitted
    assert clone(model).get_params() == model.get_params()
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    assert again.equations_.equals(model.equations_)


def test_pipelines_and_cross_validation():
    x, y = table(lambda x: np.exp(x[:, 0]) * x[:, 1], rows=60, inputs=3)
    scores = cross_val_score(make_pipeline(FunctionTransformer(np.exp), regressor()), x, np.log(y) - x[:, 0], cv=3)
    assert scores.min() < 1.0
    scores = cross_val_score(
        make_pipeline(FunctionTransformer(lambda x: np.column_stack([np.exp(x[:, 0]), x[:, 1:]])), regressor()),
        x,
        y,
        cv=3,
    )
    np.testing.assert_allclose(scores, 1.0)


def test_time_that_is_up_is_told():
    x, y = table(lambda x: np.sin(5 * x[:, 0]) * x[:, 1], rows=300, inputs=30, noise=0.1)
    with pytest.warns(match="0.3 s of max_seconds were over"):
        model = regressor(max_seconds=0.3).fit(x, y)
    assert not model.complete_


def test_names_that_stand_for_two_inputs_are_refused():
    pandas = pytest.importorskip("pandas")
    x, y = table(lambda x: x[:, 0], inputs=3)
    with pytest.raises(InputError, match="two inputs are called 'a'"):
        regressor().fit(pandas.DataFrame(x, columns=["a", "b", "a"]), y)


@pytest.mark.parametrize(
    ("scale", "message"),
    [
        ((1e80, 1), "input 'x1' has numbers up to 2e\\+80; give it in a unit in which"),
        ((1e-80, 1), "input 'x1' has numbers up to 2e-80"),
        ((1, 1e80), "the target has numbers up to"),
    ],
)
def test_numbers_that_cannot_be_multiplied_are_refused(scale, message):
    x, y = table(lambda x: x[:, 0], inputs=2)
    with pytest.raises(InputError, match=message):
        regressor().fit(scale[0] * x, scale[1] * y)


@pytest.mark.parametrize("scale", [1e70, 1e-70])
def test_units_of_any_size_are_found(scale):
    x, y = table(lambda x: x[:, 0] * x[:, 1], inputs=3)
    model = regressor().fit(scale * x, scale * y)
    assert model.equation_ == f"{1 / scale!r}*x1*x2"
    assert model.exact_


@pytest.mark.parametrize("law", [lambda x: x[:, 0] > 1.5, lambda x: np.full(len(x), 0.1)])
def test_targets_of_few_values_are_fitted_without_a_warning(law):
    x, y = table(law, rows=50, inputs=2)
    model = regressor(max_seconds=60).fit(x, y)
    assert not model.exact_
    assert np.abs(model.predict(x) - y).max() <= 1


def test_truth_values_and_columns_of_zeros_leave_no_doubt():
    x, _ = table(lambda x: x[:, 0], inputs=4)
    x[:, 0], x[:, 3] = x[:, 0] > 1.5, 0
    model = regressor().fit(x, x[:, 0] * x[:, 1] + x[:, 2])
    assert model.equation_ in ("x1*x2 + x3", "x3 + x1*x2")
    assert model.exact_


@pytest.mark.parametrize(
    ("options", "message"),
    [({"max_seconds": 0}, "max_seconds must be greater than 0, got 0"), ({"n_jobs": 0}, "n_jobs must not be 0")],
)
def test_arguments_out_of_range(options, message):
    x, y = table(lambda x: x[:, 0])
    with pytest.raises(InputError, match=message):
        regressor(**options).fit(x, y)


def test_progress_goes_to_stderr(capsys):
    x, y = table(lambda x: x[:, 0])
    regressor(progress=True).fit(x, y)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("sums")


def test_searching_loads_no_torch():
    from support.command import python

    searching = "x = np.random.rand(20, 2); nalm.regression.search(x, x[:, 0], 'ab', max_seconds=5, seed=0)"
    code = f"import nalm, sys, numpy as np; {searching}; print('torch' in sys.modules)"
    output, errors = python("-c", code).communicate(timeout=60)
    assert (output, errors) == ("False\n", "")
    assert "torch" in sys.modules
