"""A formula as a network of units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from nalm import units
from nalm.regression.algebra.formula import Factor, Formula
from nalm.regression.algebra.numbers import ZERO


def to_module(formula: Formula, inputs: int) -> nn.Sequential:
    """Return a network of units that computes a formula, in float64 and evaluation mode.

    Its layers are a `NAU` that makes the sums (after an `NMU` that makes a 1, where a sum has a constant), an
    `NMU` that multiplies them (an `NMRU` that also divides, a `RealNPU` that also takes roots), and a `NAU` with
    the coefficients; what would change nothing is left out. Train it further like any network.

    A `RealNPU` adds 2^-23 to magnitudes, so that roots differ by about 1e-7 from the formula's.

    Args:
        formula: what to compute.
        inputs: how many inputs the network has.
    """
    used = list(formula.inputs)
    factors = [factor for factor in formula.factors() for _ in range(_copies(factor))]
    layers: list[nn.Module] = []
    columns = {column: column for column in range(inputs)}
    width = inputs
    constant = any(factor.bias != ZERO for factor in factors)
    if constant:
        columns = {column: place for place, column in enumerate(used)}
        layers += [_sums([{column: 1.0} for column in used], inputs), _with_one(len(used))]
        width = len(used) + 1
    if factors:
        rows = []
        for factor in factors:
            row = {columns[column]: weight.value for column, weight in factor.weights}
            rows.append(row | ({width - 1: factor.bias.value} if factor.bias != ZERO else {}))
        layers.append(_sums(rows, width))
    else:
        layers.append(_sums([{}], width))
    layers += _products(formula)
    coefficients = {place: formula.scale.value * term.coefficient.value for place, term in enumerate(formula.terms)}
    if coefficients != {0: 1.0}:
        layers.append(_sums([coefficients], len(formula.terms)))
    return nn.Sequential(*layers).eval()


def _copies(factor: Factor) -> int:
    """Return how often a factor is multiplied: its power, where that is whole."""
    power = abs(factor.power.value)
    return int(power) if power == int(power) else 1


def _sums(rows: Sequence[dict[int, float]], width: int) -> units.NAU:
    """Return a layer of sums, each given by its weights; weights beyond [-1, 1] are not clamped."""
    most = max((abs(weight) for row in rows for weight in row.values()), default=0.0)
    unit = units.NAU(width, len(rows), bounds="none" if most > 1 else "project", dtype=torch.float64)
    matrix = torch.zeros(len(rows), width, dtype=torch.float64)
    for place, row in enumerate(rows):
        for column, weight in row.items():
            matrix[place, column] = weight
    _set(unit.weights.W, matrix)
    return unit


def _with_one(width: int) -> units.NMU:
    """Return a layer that passes its inputs on and adds an output of 1, the empty product."""
    unit = units.NMU(width, width + 1, dtype=torch.float64)
    _set(unit.weights.W, torch.eye(width + 1, width, dtype=torch.float64))
    return unit


def _products(formula: Formula) -> list[nn.Module]:
    """Return the layer that multiplies the factors of each term; none where each term is one sum."""
    factors = [(place, factor) for place, term in enumerate(formula.terms) for factor in term.factors]
    if all(len(term.factors) == 1 and term.factors[0].power.value == 1 for term in formula.terms):
        return []
    whole = all(factor.power.value == int(factor.power.value) for _, factor in factors)
    count = max(1, sum(_copies(factor) for _, factor in factors))
    matrix = torch.zeros(len(formula.terms), 2 * count if whole else count, dtype=torch.float64)
    column = 0
    for place, factor in factors:
        copies, power = _copies(factor), factor.power.value
        if whole:
            start = column + (count if power < 0 else 0)
            matrix[place, start : start + copies] = 1
        else:
            matrix[place, column : column + copies] = power / copies
        column += copies
    if not whole:
        powers = units.RealNPU(count, len(formula.terms), gated=False, dtype=torch.float64)
        _set(powers.exponents.W_re, matrix.mT)
        return [powers]
    if matrix[:, count:].any():
        ratios = units.NMRU(count, len(formula.terms), dtype=torch.float64)
        _set(ratios.weights.W, matrix)
        return [ratios]
    product = units.NMU(count, len(formula.terms), dtype=torch.float64)
    _set(product.weights.W, matrix[:, :count])
    return [product]


def _set(parameter: Any, values: torch.Tensor) -> None:
    with torch.no_grad():
        parameter.copy_(values)
