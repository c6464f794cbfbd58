"""A formula in a folder: `formula.json` says what it is, `weights.safetensors` holds its network of units."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nalm import files
from nalm.errors import StoreError
from nalm.regression._result import Result
from nalm.regression.algebra.formula import Factor, Formula, Term
from nalm.regression.algebra.numbers import Number, symbolic
from nalm.regression.algebra.writing import expression, text

if TYPE_CHECKING:
    import sympy
    from torch import nn

_FORMULA = "formula.json"
_WEIGHTS = "weights.safetensors"
_VERSION = 1


@dataclass(frozen=True)
class SavedFormula:
    """A formula with the names of its columns and what is known of it.

    Args:
        formula: the formula.
        names: of the inputs, in order.
        target: name of what it computes.
        exact: whether it holds exactly, see `ArithmeticRegressor`.
        verdict: why.
    """

    formula: Formula
    names: tuple[str, ...]
    target: str
    exact: bool
    verdict: str

    def __str__(self) -> str:
        return f"{self.target} = {text(self.formula, self.names)}"

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return the values at `x`, `[rows, inputs]`."""
        return self.formula(np.asarray(x, dtype=np.float64))

    def sympy(self) -> sympy.Expr:
        """Return the formula as a sympy expression."""
        return expression(self.formula, self.names)

    def to_module(self) -> nn.Module:
        """Return the formula as a network of units, whose weights are those of `weights.safetensors`."""
        from nalm.regression._network import to_module

        return to_module(self.formula, len(self.names))


def save(result: Result, target: str, folder: Path) -> Path:
    """Keep the best formula of a search in a folder, which may hold an earlier one; return the folder.

    Raises:
        StoreError: the folder holds something else, or cannot be written.
    """
    from safetensors.torch import save as to_bytes

    if folder.exists() and not folder.is_dir():
        raise StoreError(f"{folder}: is a file, expects a folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / _FORMULA).exists():
        raise StoreError(f"{folder}: holds something else than a formula; choose an empty or new folder")
    chosen = result.chosen
    saved = SavedFormula(chosen.formula, result.names, target, chosen.verdict.exact, chosen.verdict.reason)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files.write_whole(folder / _WEIGHTS, to_bytes(saved.to_module().state_dict()))
        files.write_whole(folder / _FORMULA, json.dumps(_as_json(saved), indent=1, ensure_ascii=False).encode())
    except OSError as error:
        raise StoreError(f"{folder}: {files.write_failure(error)}") from None
    return folder


def load(folder: Path) -> SavedFormula:
    """Return the formula that `save` kept in a folder.

    Raises:
        StoreError: there is none, or its file is damaged.
    """
    path = Path(folder) / _FORMULA
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StoreError(
            f"{folder}: holds no {_FORMULA}; nalm fit TABLE --target COLUMN --to {folder} writes one"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise StoreError(f"{path}: damaged ({error})") from None
    if isinstance(content, dict) and content.get("version") != _VERSION:
        raise StoreError(f"{path}: expects version {_VERSION}, got {content.get('version')!r}")
    try:
        return _from_json(content)
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise StoreError(f"{path}: damaged ({type(error).__name__}: {error})") from None


def _as_json(saved: SavedFormula) -> dict[str, Any]:
    return {
        "version": _VERSION,
        "equation": str(saved),
        "target": saved.target,
        "inputs": list(saved.names),
        "exact": saved.exact,
        "verdict": saved.verdict,
        "scale": _number(saved.formula.scale),
        "terms": [
            {
                "coefficient": _number(term.coefficient),
                "factors": [
                    {
                        "weights": {str(column): _number(weight) for column, weight in factor.weights},
                        "bias": _number(factor.bias),
                        "power": _number(factor.power),
                    }
                    for factor in term.factors
                ],
            }
            for term in saved.formula.terms
        ],
    }


def _number(number: Number) -> float | dict[str, Any]:
    return number.value if number.is_free else {"is": str(number.fraction), "times": number.kind, "power": number.power}


def _from_json(content: dict[str, Any]) -> SavedFormula:
    names = tuple(str(name) for name in content["inputs"])
    terms = tuple(
        Term(_read(term["coefficient"]), tuple(_factor(factor, len(names)) for factor in term["factors"]))
        for term in content["terms"]
    )
    formula = Formula(terms, _read(content["scale"]))
    return SavedFormula(formula, names, str(content["target"]), bool(content["exact"]), str(content["verdict"]))


def _factor(content: dict[str, Any], inputs: int) -> Factor:
    weights = tuple((int(column), _read(weight)) for column, weight in content["weights"].items())
    if not all(0 <= column < inputs for column, _ in weights):
        raise ValueError("a column that is not among the inputs")
    return Factor(weights, _read(content["bias"]), _read(content["power"]))


def _read(content: float | dict[str, Any]) -> Number:
    if isinstance(content, dict):
        return symbolic(Fraction(content["is"]), content["times"], int(content["power"]))
    return Number(float(content))
