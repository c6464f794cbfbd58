"""What no study may ask for: more runs than can be planned, arrays that fit into no memory, TOML that has no bottom."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import isinf, prod
from typing import Any

from nalm.runs import NetworkSettings, TrainingSettings
from nalm.studies._schema import Study
from nalm.studies._seeds import MOST_RUNS
from nalm.tasks import ArithmeticTask, DigitTask

_MOST_LEVELS = 32
# numbers of one array: two gigabytes in float64
_MOST_NUMBERS = 2**28
# of one batch, of which there are many at a time: steps of several streams, in two types
_MOST_IN_BATCH = 2**24
_MOST_ROWS = 10_000_000


def foreign_values(tables: Any) -> Iterator[str]:
    """Yield what cannot be in a study's tables, `path: sentence` each.

    That is deep nesting, numbers beyond 64 bits, and infinities but for arguments of units.
    """
    waiting: list[tuple[tuple[Any, ...], Any]] = [((), tables)]
    while waiting:
        path, value = waiting.pop()
        if len(path) > _MOST_LEVELS:
            yield f"{_dotted(path[:3])}…: nested more than {_MOST_LEVELS} levels deep"
            return
        if isinstance(value, dict):
            waiting += [((*path, key), inner) for key, inner in value.items()]
        elif isinstance(value, list | tuple):
            waiting += [((*path, index), inner) for index, inner in enumerate(value)]
        elif isinstance(value, int) and not -(2**63) <= value < 2**63:
            yield f"{_dotted(path)}: a whole number of {len(str(abs(value)))} digits; at most {2**63 - 1}"
        elif isinstance(value, float) and isinf(value) and "arguments" not in path:
            yield f"{_dotted(path)}: must be a finite number, got {value}"


def too_many_runs(study: Study) -> Iterator[str]:
    """Yield a sentence with the keys that make more runs than a study may have."""
    sizes = []
    for index, network in enumerate(study.networks):
        axes = {name: len(points) for name, points in {**study.grid, **network.grid}.items()}
        axes["seeds"] = len(network.seeds or study.seeds)
        sizes.append((prod(axes.values()), f"networks[{index}]", axes))
    total = sum(runs for runs, *_ in sizes)
    if total > MOST_RUNS:
        _, where, axes = max(sizes, key=lambda size: size[0])
        factors = " x ".join(f"{count} {name}" for name, count in axes.items() if count > 1)
        yield f"{total:,} runs, of which {where} has {factors}; a study has at most {MOST_RUNS:,}"


def too_large(task: ArithmeticTask, network: NetworkSettings, training: TrainingSettings) -> Iterator[str]:
    """Yield a sentence for each array of an arithmetic run that fits into no memory."""
    hidden = [network.hidden_size] * (len(network.layers) - 1)
    widths = [task.in_features, *hidden, task.out_features]
    layer = max(prod(pair) for pair in pairwise(widths))
    widest = max(task.input_size, *widths)
    sizes = {
        f"hidden_size: a layer of {layer:,} weights": layer,
        f"validation_samples: {training.validation_samples:,} samples of {task.input_size:,} inputs": (
            training.validation_samples * task.input_size
        ),
        f"test_samples: {training.test_samples:,} samples of {task.input_size:,} inputs": (
            training.test_samples * task.input_size
        ),
    }
    if training.batch_size * widest > _MOST_IN_BATCH:
        yield (
            f"batch_size: {training.batch_size:,} samples of {widest:,} numbers; at most {_MOST_IN_BATCH:,} numbers fit"
        )
    for what, numbers in sizes.items():
        if numbers > _MOST_NUMBERS:
            yield f"{what}; at most {_MOST_NUMBERS:,} numbers fit"
    rows = -(-training.iterations // training.log_interval) + 1
    if rows > _MOST_ROWS:
        yield f"log_interval: {rows:,} logged rows of a run; at most {_MOST_ROWS:,}, so give a longer interval"


def too_large_digits(task: DigitTask) -> Iterator[str]:
    """Yield a sentence for each array of a run of a digit task that fits into no memory."""
    for what, numbers in task.sizes.items():
        if numbers > _MOST_NUMBERS:
            yield f"{what}; at most {_MOST_NUMBERS:,} numbers fit"


def _dotted(path: tuple[Any, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
