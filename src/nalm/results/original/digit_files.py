"""CSV files of the original's two exporters of digit tasks, as columns of the records."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nalm.errors import InputError
from nalm.results.original.run_names import unit_of
from nalm.units import resolve

_PARTS = {"train": "train", "valid": "validation", "test": "test"}
_SIDES = {"output": "output", "label1": "label_1", "label2": "label_2"}
_STATIC = re.compile(r"metric\.(train|valid|test)\.(output|label1|label2)(_rounded)?\.(mse|loss|acc)")
_STATIC_WEIGHT = re.compile(r"label2out\.(?:weights\.)?(w\d+)")
_STATIC_NAME = re.compile(
    r"(?:\d+_)?f(?P<fold>\d+)_op-(?P<operation>\w+)_nalm(?P<nalm>[TF])_learnL(?P<learn>[TF])_s\d+"
)
_LENGTH = re.compile(r"metric\.test\.extrapolation\.(\d+)\.mse")
_SEQUENTIAL_WEIGHT = re.compile(r"weights\.(w\d+)")
_OPERATIONS = {"add": "add", "mul": "mul", "cumsum": "add", "cumprod": "mul", "prod": "mul", "sum": "add"}
_PERCENT = 100.0


@dataclass(frozen=True)
class DigitFile:
    """What the columns of a file are.

    Attributes:
        task: The kind of its task.
        numbers: Column of the records, and what its values are divided by, by column of the file.
        errors: Columns of the records that are the errors on validation and on test samples.
        label: Of a run name, and a unit if one is given: unit, operation and seed.
    """

    task: str
    numbers: dict[str, tuple[str, float]]
    errors: tuple[str, str]
    label: Callable[[str, str | None], dict[str, Any]]


def digit_file(columns: Sequence[str]) -> DigitFile | None:
    """Return what the columns of a file of a digit task are; None for a file of another task."""
    lengths = {name: int(match[1]) for name in columns if (match := _LENGTH.fullmatch(name))}
    if lengths and "metric.valid.mse" in columns:
        return _sequential(columns, lengths)
    static = {name: _static_column(match) for name in columns if (match := _STATIC.fullmatch(name))}
    if not static:
        return None
    weights = {name: (match[1], 1.0) for name in columns if (match := _STATIC_WEIGHT.fullmatch(name))}
    known = {new for new, _ in static.values()}
    part = next((part for part in ("validation", "train") if f"{part}_output_error" in known), "test")
    errors = (f"{part}_output_error", "test_output_error")
    return DigitFile("static-digits", static | weights, errors, _static_label)


def _static_column(match: re.Match[str]) -> tuple[str, float]:
    part, side, rounded, what = match.groups()
    if what in ("mse", "loss"):
        return f"{_PARTS[part]}_{_SIDES[side]}_error", 1.0
    kind = "rounded_accuracy" if rounded else "accuracy"
    return f"{_PARTS[part]}_{_SIDES[side]}_{kind}", _PERCENT


def _sequential(columns: Sequence[str], lengths: dict[str, int]) -> DigitFile:
    numbers = {name: (f"test_{length}_error", 1.0) for name, length in lengths.items()}
    numbers |= {"metric.valid.mse": ("validation_error", 1.0)}
    numbers |= {"metric.train.mse": ("train_error", 1.0)} if "metric.train.mse" in columns else {}
    numbers |= {name: (match[1], 1.0) for name in columns if (match := _SEQUENTIAL_WEIGHT.fullmatch(name))}
    numbers |= {"sparse.error.max": ("sparsity_error", 1.0)} if "sparse.error.max" in columns else {}
    errors = ("validation_error", f"test_{max(lengths.values())}_error")
    return DigitFile("sequential-digits", numbers, errors, _sequential_label)


def _static_label(name: str, unit: str | None) -> dict[str, Any]:
    match = _STATIC_NAME.fullmatch(name.strip("/").split("/")[-1])
    if match is None:
        raise InputError(f"run name {name!r}: expects FOLD, operation and model, such as 3_f2_op-mul_nalmT_learnLT_s2")
    known = "fc" if match["learn"] == "T" else "solved"
    if match["nalm"] == "T" and unit is None:
        raise InputError(f"run name {name!r}: tells NMU, sNMU and batch sNMU not apart; give unit, such as snmu")
    return {
        "unit": _checked(unit) if unit else known,
        "operation": _operation(name, match["operation"]),
        "seed": int(match["fold"]),
    }


def _sequential_label(name: str, unit: str | None) -> dict[str, Any]:
    fields = name.strip("/").split("/")[-1].split("_")
    by_prefix = {prefix: field for field in fields[1:] for prefix in ("op-", "m-", "nM") if field.startswith(prefix)}
    seeds = [field for field in fields[1:] if re.fullmatch(r"s\d+", field)]
    if "op-" not in by_prefix or len(seeds) != 1:
        raise InputError(f"run name {name!r}: expects an operation and a seed among its fields, such as op-cumprod, s0")
    solved = by_prefix.get("m-", "").endswith("-s")
    if by_prefix.get("nM") == "nMT" and unit is None:
        raise InputError(f"run name {name!r}: does not tell the range of noise; give unit, such as snmu or snmu_batch")
    layer = re.sub(r"-nac-(m|n)(?:nac|ormal)$", r"-nac-\1", fields[0])
    return {
        "unit": _checked(unit) if unit else "solved" if solved else unit_of(layer),
        "operation": _operation(name, by_prefix["op-"].removeprefix("op-")),
        "seed": int(seeds[0][1:]),
    }


def _operation(name: str, operation: str) -> str:
    if operation not in _OPERATIONS:
        raise InputError(f"run name {name!r}: operation {operation!r} is none of {', '.join(_OPERATIONS)}")
    return _OPERATIONS[operation]


def _checked(unit: str) -> str:
    try:
        return resolve(unit).name
    except InputError:
        return unit
