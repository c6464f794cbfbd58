"""Published success thresholds of the arithmetic dataset task."""

from __future__ import annotations

from nalm.tasks import ArithmeticTask, Operation, Uniform

_DEFAULT_SIZES = (100, 0.25, 0.5)
_DEFAULT_RANGE = "[2,6]"

# Mistry (2022), op-mul at the default sizes; before Madsen & Johansen's where both have a number
_MULTIPLICATION = {
    "[-40,-20]": 505.38393446811,
    "[-6,-2]": 0.160019427416592,
    "[-6.1,-1.2]": 0.111273765936094,
    "[-2,-0.2]": 0.000920366996935862,
    "[[-6,-2],[2,6]]": 0.000230715983456882,
    "[0.2,2]": 0.000919984259479115,
    "[2,6]": 0.160053064554457,
    "[1.2,6]": 0.105269192983145,
    "[20,40]": 505.342442052394,
    # Madsen & Johansen (2020)
    "[1,5]": 0.0507586,
}

# Madsen & Johansen (2020), from here on: default sizes and range
_OPERATIONS: dict[Operation, float] = {
    "div": 4.955e-12,
    "add": 1.4785e-5,
    "sub": 1.3855e-8,
    "root": 8.953e-9,
    "squared": 0.159466,
}
# the four-input function
_SIMPLE: dict[Operation, float] = {"mul": 2.15698e-6, "add": 2.66721e-8, "sub": 2.66449e-8}
# sweeps of one size, multiplication on the default range
_INPUT_SIZES = {
    4: 7.1045e-8,
    10: 1.50963e-5,
    25: 6.14344e-4,
    50: 0.0100301,
    75: 0.0508248,
    125: 0.391184,
    150: 0.811650,
    175: 1.50325,
    200: 2.56234,
    225: 4.10474,
    250: 6.25764,
    275: 9.16183,
    300: 12.9702,
}
_SUBSET_RATIOS = {0.05: 0.0288477, 0.1: 0.0758187, 0.5: 0.00222144}
_OVERLAP_RATIOS = {0.0: 0.160530, 0.1: 0.160452, 0.25: 0.160286, 0.75: 0.159799, 1.0: 0.159487}


def published(task: ArithmeticTask) -> float | None:
    """Return the published threshold of an arithmetic dataset task, or None if there is none."""
    if task.distribution != Uniform() or task.subsets != 2:
        return None
    range_ = str(task.extrapolation_range)
    if task.simple:
        return _SIMPLE.get(task.operation) if range_ == _DEFAULT_RANGE else None
    sizes = (task.input_size, task.subset_ratio, task.overlap_ratio)
    if sizes == _DEFAULT_SIZES and task.operation == "mul":
        return _MULTIPLICATION.get(range_)
    if range_ != _DEFAULT_RANGE:
        return None
    if sizes == _DEFAULT_SIZES:
        return _OPERATIONS.get(task.operation)
    return _sweep(*sizes) if task.operation == "mul" else None


def _sweep(input_size: int, subset_ratio: float, overlap_ratio: float) -> float | None:
    default_size, default_subset, default_overlap = _DEFAULT_SIZES
    if (subset_ratio, overlap_ratio) == (default_subset, default_overlap):
        return _INPUT_SIZES.get(input_size)
    if (input_size, overlap_ratio) == (default_size, default_overlap):
        return _SUBSET_RATIOS.get(subset_ratio)
    if (input_size, subset_ratio) == (default_size, default_subset):
        return _OVERLAP_RATIOS.get(overlap_ratio)
    return None
