"""Networks of units read as formulas."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol, runtime_checkable

import sympy
import torch
from torch import Tensor, nn

from nalm import units
from nalm.errors import InputError

_MOST_DENOMINATOR = 1000


@dataclass(frozen=True)
class Reading:
    """What a network computes, as formulas.

    Args:
        expressions: a sympy expression for each output.
        unrounded: the weights that are neither near -1, 0 or 1 nor whole, such as `"0.weights[1, 3] = 0.412"`;
            they stand in the expressions as they are.
    """

    expressions: tuple[sympy.Expr, ...]
    unrounded: tuple[str, ...]

    @property
    def expression(self) -> sympy.Expr:
        """The expression of a network with one output.

        Raises:
            InputError: it has several.
        """
        if len(self.expressions) != 1:
            raise InputError(f"the network has {len(self.expressions)} outputs; read `expressions`")
        return self.expressions[0]

    def __str__(self) -> str:
        lines = [str(expression) for expression in self.expressions]
        if self.unrounded:
            lines.append(f"not rounded: {', '.join(self.unrounded)}")
        return "\n".join(lines)


@runtime_checkable
class HasArithmetic(Protocol):
    """A module of which a part computes with numbers that mean something."""

    def arithmetic(self) -> tuple[nn.Module, Sequence[str] | None]:
        """Return the part, and what its inputs are called, if it does not say so itself."""


def formula(module: nn.Module, names: Sequence[str] | None = None, *, tolerance: float = 0.01) -> Reading:
    """Read a network of units as formulas, its weights rounded where they are near -1, 0 or 1.

        >>> print(formula(trained, names=["price", "count"]))
        count*price

    The formulas are those of evaluation mode. Logarithmic units (NPU, NAC• and their kin) are read without
    the small number that they add to magnitudes, and powers that are not whole as of positive inputs.

    Of a module with a method `arithmetic` the part that it returns is read: of networks of digits what follows the
    labels, of recurrent cells the next state.

    Args:
        module: a unit, `torch.nn.Linear`, or `torch.nn.Sequential` of such; not changed.
        names: of the inputs; by default x1, x2, …, or what `arithmetic` calls them.
        tolerance: a weight is rounded if it is this near to -1, 0 or 1. The published criterion of success is
            1e-5; training that was cut short leaves more.

    Raises:
        InputError: a part of the network is no arithmetic, or `names` are not as many as its inputs.
    """
    if isinstance(module, HasArithmetic):
        part, own = module.arithmetic()
        return formula(part, own if names is None else names, tolerance=tolerance)
    network = copy.deepcopy(module).eval()
    layers = list(_layers(network, ""))
    if not layers:
        raise InputError(f"{type(module).__name__} has no units to read")
    inputs = layers[0][1].in_features
    given = [f"x{place + 1}" for place in range(inputs)] if names is None else list(names)
    if len(given) != inputs:
        raise InputError(f"names: the network has {inputs} inputs, got {len(given)} names")
    rounder = _Rounder(tolerance)
    values: list[Any] = [sympy.Symbol(name, real=True) for name in given]
    for name, layer in layers:
        if layer.in_features != len(values):
            raise InputError(f"{name or type(layer).__name__} has {layer.in_features} inputs, gets {len(values)}")
        rounder.prefix = f"{name}." if name else ""
        values = _reader(layer)(layer, values, rounder)
    return Reading(tuple(values), tuple(rounder.kept))


class _Rounder:
    """Turns weights into sympy numbers and remembers those that it could not round."""

    def __init__(self, tolerance: float) -> None:
        self.tolerance = tolerance
        self.prefix = ""
        self.kept: list[str] = []

    def matrix(self, name: str, values: Tensor) -> list[list[Any]]:
        """Return the numbers of a matrix `[out, in]`."""
        rows = values.detach().double().tolist()
        return [
            [self.number(f"{name}[{row}, {column}]", value) for column, value in enumerate(line)]
            for row, line in enumerate(rows)
        ]

    def vector(self, name: str, values: Tensor) -> list[Any]:
        """Return the numbers of a vector."""
        return [self.number(f"{name}[{place}]", value) for place, value in enumerate(values.detach().double().tolist())]

    def number(self, name: str, value: float) -> Any:
        """Return -1, 0 or 1 where `value` is near, else `value`: as a fraction if it is one."""
        near = max(-1, min(1, round(value)))
        if abs(value - near) <= self.tolerance:
            return sympy.Integer(near)
        if value == round(value):
            return sympy.Integer(round(value))
        share = Fraction(value).limit_denominator(_MOST_DENOMINATOR)
        self.kept.append(f"{self.prefix}{name} = {value:.6g}")
        return sympy.Rational(share.numerator, share.denominator) if float(share) == value else sympy.Float(value)


def _layers(module: nn.Module, name: str) -> Any:
    if isinstance(module, nn.Sequential):
        for place, child in module.named_children():
            yield from _layers(child, f"{name}.{place}" if name else place)
    elif not isinstance(module, nn.Identity):
        _reader(module)
        yield name, module


def _reader(module: nn.Module) -> Callable[[Any, list[Any], _Rounder], list[Any]]:
    """Return how a layer is read.

    Raises:
        InputError: it cannot be.
    """
    for kinds, reader in _READERS:
        if isinstance(module, kinds):
            return reader
    known = ", ".join(kind.__name__ for kinds, _ in _READERS for kind in kinds)
    raise InputError(f"{type(module).__name__} cannot be read as a formula; can be read: Sequential of {known}")


def _read_sum(unit: Any, x: list[Any], rounder: _Rounder) -> list[Any]:
    return [_dot(row, x) for row in rounder.matrix("weights", unit.weight)]


def _dot(row: list[Any], x: list[Any]) -> Any:
    return sum((weight * value for weight, value in zip(row, x, strict=True)), sympy.Integer(0))


def _read_dense(unit: Any, x: list[Any], rounder: _Rounder) -> list[Any]:
    if isinstance(unit, units.Dense) and unit.activation != "linear":
        raise InputError(f"Dense with activation {unit.activation!r} cannot be read as a formula")
    bias = unit.b if isinstance(unit, units.Dense) else unit.bias
    sums = _read_sum(unit, x, rounder)
    shifts = [sympy.Integer(0)] * len(sums) if bias is None else rounder.vector("bias", bias)
    return [total + shift for total, shift in zip(sums, shifts, strict=True)]


def _read_product(unit: Any, x: list[Any], rounder: _Rounder) -> list[Any]:
    if getattr(unit, "normalise", False):
        raise InputError("NMU with normalise=True cannot be read as a formula: it depends on the batch")
    rest = 1 if getattr(unit, "identity", True) else 0
    return _products(
        x, rounder.matrix("weights", unit.weight), lambda value, weight: weight * value + rest * (1 - weight)
    )


def _read_ratio(unit: Any, x: list[Any], rounder: _Rounder) -> list[Any]:
    features = [*x, *(1 / value for value in x)]
    if isinstance(unit, units.GatedSignNMRU):
        gates = rounder.vector("gate", unit.gate())
        features = [gate * value for gate, value in zip(gates, features, strict=True)]
    rows = rounder.matrix("weights", torch.cat(list(unit.weight), -1))
    return _products(features, rows, lambda value, weight: weight * value + 1 - weight)


def _read_nru(unit: Any, x: list[Any], rounder: _Rounder) -> list[Any]:
    rows = rounder.matrix("weights", unit.weight)
    return _products(x, rows, lambda value, weight: value**weight * abs(weight) + 1 - abs(weight))


def _read_magnitudes(unit: Any, x: list[Any], rounder: _Rounder) -> list[Any]:
    return _products(x, rounder.matrix("weights", unit.weight), lambda value, weight: abs(value) ** weight)


def _read_powers(unit: Any, x: list[Any], rounder: _Rounder) -> list[Any]:
    exponents = unit.exponents
    if exponents.W_im is not None and exponents.W_im.abs().max() > rounder.tolerance:
        raise InputError("NPU with imaginary exponents cannot be read as a formula; RealNPU has none")
    bases = x
    if unit.gate is not None:
        gates = rounder.vector("gate", unit.gate())
        bases = [gate * value + 1 - gate for gate, value in zip(gates, x, strict=True)]
    return _products(bases, rounder.matrix("exponents", exponents.W_re.mT), lambda base, weight: base**weight)


def _products(x: list[Any], rows: list[list[Any]], factor: Callable[[Any, Any], Any]) -> list[Any]:
    """Return for each row of weights the product of `factor(input, weight)` over the inputs."""
    return [sympy.Mul(*(factor(value, weight) for value, weight in zip(x, row, strict=True))) for row in rows]


_READERS: tuple[tuple[tuple[type[nn.Module], ...], Callable[[Any, list[Any], _Rounder], list[Any]]], ...] = (
    ((units.NAU, units.SNAU, units.PosNAU, units.MultiWeightNAU, units.NAC, units.SigmoidNAU), _read_sum),
    ((units.Dense, nn.Linear), _read_dense),
    ((units.NMU, units.SNMU, units.SigmoidNMU), _read_product),
    ((units.NMRU, units.SignNMRU, units.GatedSignNMRU), _read_ratio),
    ((units.NRU,), _read_nru),
    ((units.NACMul, units.NACSigma, units.NACNMU), _read_magnitudes),
    ((units.RealNPU, units.NPU), _read_powers),
)
