"""Ways to find a formula, or at least a prediction: nalm and its rivals, each with its default settings."""

from __future__ import annotations

import contextlib
import io
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Predict = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Found:
    """What a rival found.

    Args:
        predict: values at `[rows, inputs]`.
        expression: text that sympy reads, of x1, x2, …; empty for what is no formula.
        exact: whether it claims to be exact; only nalm makes such claims.
    """

    predict: Predict
    expression: str = ""
    exact: bool = False


def nalm(x: np.ndarray, y: np.ndarray, seconds: float, seed: int) -> Found:
    """nalm's search, as `nalm fit` calls it."""
    from nalm.regression import search

    result = search(x, y, _names(x), max_seconds=seconds, seed=seed)
    return Found(result.chosen.formula, result.chosen.text, result.chosen.verdict.exact)


def nalm_unrefined(x: np.ndarray, y: np.ndarray, seconds: float, seed: int) -> Found:
    """nalm's restarts alone: the best product of sums as it comes, nothing pruned, nothing rounded."""
    from nalm.regression.searching.budget import Budget
    from nalm.regression.searching.forms import LADDER
    from nalm.regression.searching.pruning import product_of_sums
    from nalm.regression.searching.restarts import restarts

    budget, columns = Budget(seconds), range(x.shape[1])
    train, test = _halves(len(y), seed)
    best, least = Found(lambda new: np.full(len(new), y.mean()), repr(float(y.mean()))), np.inf
    for place, form in enumerate(LADDER[:4]):
        if len(form.powers) * (x.shape[1] + 1) >= len(train):
            continue
        rng = np.random.default_rng([seed, place])
        for end in restarts(form, x[train], y[train], 16, rng, budget)[:1]:
            weights = np.where(np.abs(end.weights) < 1e-6 * np.abs(end.weights).max(), 0, end.weights)
            formula = product_of_sums(weights, form.exponents(), columns, x)
            error = float(((formula(x[test]) - y[test]) ** 2).mean())
            if error < least:
                from nalm.regression.algebra.writing import text

                best, least = Found(formula, text(formula, _names(x))), error
    return best


def least_squares(x: np.ndarray, y: np.ndarray, seconds: float, seed: int) -> Found:
    """A sum of all inputs and a constant."""
    weights = np.linalg.lstsq(np.column_stack([x, np.ones(len(x))]), y, rcond=None)[0]
    names = [*_names(x), "1"]
    return Found(lambda new: new @ weights[:-1] + weights[-1], _joined(weights, names))


def log_least_squares(x: np.ndarray, y: np.ndarray, seconds: float, seed: int) -> Found:
    """A product of powers of all inputs, its sign by the parity of its rounded powers."""
    rows = (y != 0) & (x != 0).all(1)
    design = np.column_stack([np.log(np.abs(x[rows])), np.ones(int(rows.sum()))])
    powers = np.linalg.lstsq(design, np.log(np.abs(y[rows])), rcond=None)[0]
    powers, scale = np.where(np.abs(powers[:-1]) < 1e-6, 0, powers[:-1]), float(np.exp(powers[-1]))
    odd = np.round(powers).astype(int) % 2 == 1

    def unsigned(new: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            sign = np.sign(new[:, odd]).prod(1)
            return scale * sign * (np.abs(new) ** powers).prod(1)

    sign = 1.0 if float(unsigned(x) @ y) >= 0 else -1.0
    factors = [f"{name}**({power!r})" for name, power in zip(_names(x), powers.tolist(), strict=True) if power]
    return Found(lambda new: sign * unsigned(new), "*".join([repr(sign * scale), *factors]))


def lasso(x: np.ndarray, y: np.ndarray, seconds: float, seed: int) -> Found:
    """Sparse polynomials of second order: scikit-learn's LassoCV on scaled products of two."""
    from sklearn.linear_model import LassoCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    if x.shape[1] > 200:
        raise MemoryError(f"{x.shape[1]} inputs have {x.shape[1] ** 2 // 2} products")
    model = make_pipeline(PolynomialFeatures(2, include_bias=False), StandardScaler(), LassoCV(random_state=seed))
    model.fit(x, y)
    products, scaler, linear = (step for _, step in model.steps)
    weights = linear.coef_ / scaler.scale_
    names = [name.replace(" ", "*").replace("^", "**") for name in products.get_feature_names_out(_names(x))]
    constant = linear.intercept_ - float(weights @ scaler.mean_)
    return Found(model.predict, _joined(np.append(weights, constant), [*names, "1"]))


def levenberg_marquardt(x: np.ndarray, y: np.ndarray, seconds: float, seed: int) -> Found:
    """Products of one, two and three sums, fitted by `scipy.optimize.least_squares` from random starts in turn."""
    from scipy.optimize import least_squares as fit

    rng, end = np.random.default_rng(seed), time.monotonic() + seconds
    train, test = _halves(len(y), seed)
    best, least, turn = np.zeros((1, x.shape[1])), np.inf, 0
    while time.monotonic() < end and least > 1e-24 * y.var():
        factors = turn % 3 + 1
        turn += 1
        if factors * x.shape[1] > len(train):
            if turn > 3 and x.shape[1] > len(train):
                break
            continue
        found = fit(
            lambda w: _product(w, factors, x[train]) - y[train],  # noqa: B023
            rng.uniform(-0.5, 1, factors * x.shape[1]),
            lambda w: _slopes(w, factors, x[train]),  # noqa: B023
            method="lm",
            max_nfev=200,
        )
        error = float(((_product(found.x, factors, x[test]) - y[test]) ** 2).mean())
        if error < least:
            best, least = found.x.reshape(factors, -1), error
    scale = np.abs(best).max(1)
    sums = [_joined(np.where(np.abs(row) < 1e-4, 0, row), _names(x)) for row in best / scale[:, None]]
    expression = "*".join([repr(float(scale.prod())), *(f"({total})" for total in sums)])
    return Found(lambda new: _product(best.ravel(), len(best), new), expression)


def gplearn(x: np.ndarray, y: np.ndarray, seconds: float, seed: int) -> Found:
    """gplearn's genetic programming, generation by generation until the time is up or nothing is left."""
    from gplearn.genetic import SymbolicRegressor

    end = time.monotonic() + seconds
    model, generation = SymbolicRegressor(generations=1, random_state=seed, warm_start=True), 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        while True:
            start = time.monotonic()
            model.set_params(generations=generation).fit(x, y)
            generation += 1
            if model._program.raw_fitness_ < 1e-12 or 2 * time.monotonic() - start > end or generation > 100:
                break
    text = str(model._program)
    for place in range(x.shape[1] - 1, -1, -1):
        text = text.replace(f"X{place}", f"x{place + 1}")
    return Found(model.predict, _infix(text))


def pyoperon(x: np.ndarray, y: np.ndarray, seconds: float, seed: int) -> Found:
    """Operon's genetic programming with local search."""
    from pyoperon.sklearn import SymbolicRegressor

    model = SymbolicRegressor(random_state=seed, max_time=max(1, int(seconds)))
    model.fit(x, y)
    text = model.get_model_string(model.model_, 12, _names(x)).replace("^", "**")
    return Found(model.predict, text)


def pykan(x: np.ndarray, y: np.ndarray, seconds: float, seed: int) -> Found:
    """A Kolmogorov-Arnold network with a hidden layer of five, LBFGS until the time is up; no formula is read off."""
    import torch
    from kan import KAN

    torch.manual_seed(seed)
    end = time.monotonic() + seconds
    model = KAN(width=[x.shape[1], 5, 1], seed=seed, auto_save=False)
    data = {
        "train_input": torch.tensor(x, dtype=torch.float32),
        "train_label": torch.tensor(y, dtype=torch.float32)[:, None],
    }
    data |= {"test_input": data["train_input"], "test_label": data["train_label"]}
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        while time.monotonic() < end:
            model.fit(data, opt="LBFGS", steps=2, log=1000)
    return Found(lambda new: model(torch.tensor(new, dtype=torch.float32)).detach().numpy()[:, 0].astype(float))


def dense(x: np.ndarray, y: np.ndarray, seconds: float, seed: int) -> Found:
    """A dense network: scikit-learn's MLPRegressor."""
    from sklearn.neural_network import MLPRegressor

    return _predictor(MLPRegressor(random_state=seed), x, y)


def boosting(x: np.ndarray, y: np.ndarray, seconds: float, seed: int) -> Found:
    """Gradient boosting: scikit-learn's HistGradientBoostingRegressor."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    return _predictor(HistGradientBoostingRegressor(random_state=seed), x, y)


RIVALS: dict[str, Callable[[np.ndarray, np.ndarray, float, int], Found]] = {
    "nalm": nalm,
    "nalm unrefined": nalm_unrefined,
    "least squares": least_squares,
    "log least squares": log_least_squares,
    "lasso": lasso,
    "levenberg-marquardt": levenberg_marquardt,
    "gplearn": gplearn,
    "pyoperon": pyoperon,
    "pykan": pykan,
    "dense network": dense,
    "boosting": boosting,
}


def _predictor(model: Any, x: np.ndarray, y: np.ndarray) -> Found:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(x, y)
    return Found(model.predict)


def _names(x: np.ndarray) -> list[str]:
    return [f"x{place + 1}" for place in range(x.shape[1])]


def _joined(weights: np.ndarray, names: list[str]) -> str:
    """Return a sum as text, without what is nothing but rounding."""
    least = 1e-9 * float(np.abs(weights).max(initial=0))
    kept = [(weight, name) for weight, name in zip(weights.tolist(), names, strict=True) if abs(weight) > least]
    return " + ".join(f"({weight!r})*{name}" for weight, name in kept) or "0"


def _halves(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows to fit to and rows to choose by."""
    order = np.random.default_rng([seed, 7]).permutation(rows)
    return order[: round(0.85 * rows)], order[round(0.85 * rows) :]


def _product(weights: np.ndarray, factors: int, x: np.ndarray) -> np.ndarray:
    return np.asarray((weights.reshape(factors, -1) @ x.T).prod(0))


def _slopes(weights: np.ndarray, factors: int, x: np.ndarray) -> np.ndarray:
    bases = weights.reshape(factors, -1) @ x.T
    parts = [np.delete(bases, place, 0).prod(0)[:, None] * x for place in range(factors)]
    return np.concatenate(parts, 1)


def _infix(text: str) -> str:
    """Return gplearn's `add(x, y)` as text that sympy reads."""
    names = {"add": "Add", "mul": "Mul"}
    for old, new in names.items():
        text = text.replace(f"{old}(", f"{new}(")
    return text.replace("sub(", "Sub(").replace("div(", "Div(")
