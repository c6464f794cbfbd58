"""The scikit-learn estimator."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from nalm.errors import InputError
from nalm.regression._result import Entry, Result, search
from nalm.regression._table import LEAST_ROWS, check_names
from nalm.regression.algebra.writing import expression

if TYPE_CHECKING:
    import polars as pl
    import sympy
    from torch import nn


class ArithmeticRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Finds the exact formula behind a table, or says that there is none of its kind.

        model = nalm.ArithmeticRegressor().fit(table[["a", "b", "c"]], table["y"])
        print(model.equation_, model.exact_)

    Sums, products, powers and quotients of inputs, products and quotients of sums, and sums of products are
    searched, as the units of this package combine them, among many inputs that may have nothing to do with
    the target. Where the law is of another kind (a sine, a threshold) the best of these is only an
    approximation, and `exact_` says so. Use least squares where the law is known to be a sum, and trees where
    there is no law.

    Args:
        max_seconds: how long `fit` may take; it ends as soon as an exact formula is found.
        random_state: seed of everything that is drawn. The same seed gives the same formulas, bit for bit, on
            any number of processes. None draws a new one.
        n_jobs: processes to search with; None for one, -1 for one per core.
        progress: whether to print to stderr what is tried.

    Attributes:
        equations_: a polars table with a line per formula, simple ones first: `equation`, `complexity` (operators,
            inputs and constants that it takes to write it), `training_error` and `held_out_error` (root mean
            squared, as a share of the target's standard deviation, on the rows that numbers were fitted to and
            on rows held out), `exact`, `agreement` (share of the restarts of its form that ended in it),
            `form` (the units that it is made of) and `remark` (why it is called exact or not).
        equation_: the chosen formula as text.
        exact_: whether it holds exactly: on every row to rounding, or up to noise in which nothing is left
            to find, and every formula near it does worse.
        verdict_: the reason, in words.
        confidence_: share of 400 resamples of the held-out rows in which the same formula is chosen.
        selected_: names of the inputs that take part.
        complete_: whether all that was planned was tried before the time was up.
    """

    def __init__(
        self,
        *,
        max_seconds: float = 60.0,
        random_state: int | np.random.RandomState | None = 0,
        n_jobs: int | None = None,
        progress: bool = False,
    ) -> None:
        self.max_seconds = max_seconds
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.progress = progress

    def fit(self, X: Any, y: Any) -> Self:
        """Search for the formula.

        Args:
            X: `[rows, inputs]`: an array, or a table of pandas or polars, whose names formulas then use (else
                x1, x2, …).
            y: `[rows]`.

        Raises:
            ValueError: a shape, type or cell is wrong, or there are fewer than 8 rows.
            InputError: an argument of the constructor is wrong, two inputs have one name, or numbers are too large or
                too small to be multiplied.
        """
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        if not self.max_seconds > 0:
            raise InputError(f"ArithmeticRegressor: max_seconds must be greater than 0, got {self.max_seconds!r}")
        check_names([str(name) for name in getattr(X, "columns", ())])
        x, target = validate_data(
            self, X, y, dtype=np.float64, y_numeric=True, ensure_min_samples=LEAST_ROWS, ensure_min_features=1
        )
        names = getattr(self, "feature_names_in_", [f"x{place + 1}" for place in range(x.shape[1])])
        self._result: Result = search(
            np.ascontiguousarray(x),
            np.asarray(target, dtype=np.float64),
            [str(name) for name in names],
            max_seconds=self.max_seconds,
            seed=seed,
            workers=workers(self.n_jobs),
            report=_report if self.progress else _silence,
        )
        self.equations_: pl.DataFrame = self._result.equations()
        self.equation_ = self._result.chosen.text
        self.exact_ = self._result.chosen.verdict.exact
        self.verdict_ = self._result.chosen.verdict.reason
        self.confidence_ = self._result.confidence
        self.selected_ = list(self._result.selected)
        self.complete_ = not self._result.cut
        if self._result.cut and not self.exact_:
            warnings.warn(
                f"ArithmeticRegressor: the {self.max_seconds:g} s of max_seconds were over before everything planned "
                "was tried; on a slower or faster machine the result may differ",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def predict(self, X: Any, index: int | None = None) -> np.ndarray:
        """Return the values of a formula, `[rows]`; infinite or NaN where it is undefined.

        Args:
            X: `[rows, inputs]`.
            index: line of `equations_`; by default the chosen one.

        Raises:
            NotFittedError: before `fit`.
            InputError: there is no such line.
        """
        entry = self._entry(index)
        x = validate_data(self, X, dtype=np.float64, reset=False)
        return entry.formula(np.ascontiguousarray(x))

    def get_best(self) -> dict[str, Any]:
        """Return the line of `equations_` of the chosen formula."""
        check_is_fitted(self)
        return self.equations_.row(self._result.best, named=True)

    def sympy(self, index: int | None = None) -> sympy.Expr:
        """Return a formula as a sympy expression of real symbols with the names of the inputs.

        Args:
            index: line of `equations_`; by default the chosen one.

        Raises:
            NotFittedError: before `fit`.
            InputError: there is no such line.
        """
        return expression(self._entry(index).formula, self._result.names)

    def latex(self, index: int | None = None) -> str:
        """Return a formula in LaTeX; arguments and errors as of `sympy`."""
        import sympy

        return str(sympy.latex(self.sympy(index)))

    def to_module(self, index: int | None = None) -> nn.Module:
        """Return a formula as a network of units in float64, see `nalm.regression.to_module`.

        Arguments and errors as of `sympy`.
        """
        from nalm.regression._network import to_module

        return to_module(self._entry(index).formula, self.n_features_in_)

    def _entry(self, index: int | None) -> Entry:
        check_is_fitted(self)
        entries = self._result.entries
        place = self._result.best if index is None else index
        if not -len(entries) <= place < len(entries):
            raise InputError(f"index: equations_ has {len(entries)} lines, got {index!r}")
        return entries[place]


def workers(n_jobs: int | None) -> int:
    """Return how many processes `n_jobs` asks for.

    Raises:
        InputError: it is 0.
    """
    from joblib import effective_n_jobs

    if n_jobs == 0:
        raise InputError("n_jobs must not be 0; None is one process, -1 one per core")
    return int(effective_n_jobs(n_jobs))


def _report(line: str) -> None:
    import sys

    print(line, file=sys.stderr, flush=True)


def _silence(line: str) -> None:
    pass
