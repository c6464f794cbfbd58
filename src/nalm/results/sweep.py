"""What networks make of a grid of inputs: of runs of a results folder, or of a network in a file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from nalm.errors import InputError
from nalm.results.networks import rebuilt
from nalm.results.part import part
from nalm.results.store import Store
from nalm.tasks import OPERATIONS
from nalm.tasks.operations import apply, operands_read

if TYPE_CHECKING:
    from torch import nn

    from nalm.runs import Run

_MOST_ROWS = 10**7
_GRID = re.compile(r"([^:]+):([^:]+):(\d+)")


@dataclass(frozen=True)
class Grid:
    """Equally spaced values of each input.

    Attributes:
        lower: The first value.
        upper: The last value.
        points: How many there are.
    """

    lower: float
    upper: float
    points: int

    @classmethod
    def parse(cls, text: str) -> Grid:
        """Read `-6:6:121`.

        Raises:
            InputError: it is no grid.
        """
        match = _GRID.fullmatch(text.strip())
        try:
            lower, upper, points = (float(match[1]), float(match[2]), int(match[3])) if match else (0.0, 0.0, 0)
        except ValueError:
            points = 0
        if points < 2 or not -np.inf < lower < upper < np.inf:
            raise InputError(f"grid {text!r}: give FROM:TO:POINTS, such as -6:6:121, FROM < TO, 2 points or more")
        return cls(lower, upper, points)

    def inputs(self, count: int) -> np.ndarray:
        """Return all combinations of values of `count` inputs, float32 `[rows, count]`; the first varies slowest.

        Raises:
            InputError: there are too many.
        """
        if count * np.log10(self.points) > np.log10(_MOST_ROWS):
            raise InputError(f"grid: {self.points} values of each of {count} inputs are more than {_MOST_ROWS:,} rows")
        axis = np.linspace(self.lower, self.upper, self.points).astype(np.float32)
        return np.stack([part.reshape(-1) for part in np.meshgrid(*[axis] * count, indexing="ij")], axis=1)


@dataclass(frozen=True)
class Swept:
    """What one network makes of a grid.

    Attributes:
        labels: What tells it from others, by column.
        inputs: `[rows, inputs]`.
        outputs: `[rows, outputs]`.
        gold: The exact operation `[rows]`, if one is known.
    """

    labels: Mapping[str, Any]
    inputs: np.ndarray
    outputs: np.ndarray
    gold: np.ndarray | None


def sweep_runs(results: Store, grid: Grid, only: Mapping[str, Any] | None = None) -> list[Swept]:
    """Return what the final networks of finished runs make of a grid.

    Raises:
        InputError: the results belong to no study, no run matches, the runs are of another task, there are too many
            rows, or the code of a class of the user's own has been changed since.
        StoreError: damaged records, or weights that do not fit.
    """
    from nalm.studies import expand

    if results.study is None:
        raise InputError("sweep: these results belong to no study, so that their networks are not known")
    chosen = part(results, only)
    labels = chosen.read().table.select("run", "seed").unique("run", maintain_order=True)
    known = {run.id: run for run in expand(results.study, tuple(sorted(set(labels["seed"]))))}
    runs = [known[run] for run in labels["run"] if run in known]
    if len(runs) < len(labels):
        raise InputError(
            f"sweep: {len(labels) - len(runs)} of these {len(labels)} runs are not of the study in their folder, so "
            "that their networks are not known; choose others with --only"
        )
    return [_swept(chosen, run, grid) for run in runs]


def sweep_module(module: nn.Module, in_features: int, grid: Grid, labels: Mapping[str, Any], gold: str = "") -> Swept:
    """Return what a network makes of a grid, beside an operation on its inputs if one is named.

    Raises:
        InputError: there is no such operation, it takes more inputs, or there are too many rows.
    """
    x = grid.inputs(in_features)
    if gold and gold not in OPERATIONS:
        raise InputError(f"gold {gold!r}: operations are {', '.join(OPERATIONS)}")
    if gold and operands_read(gold, in_features) > in_features:
        raise InputError(f"gold {gold!r}: takes {OPERATIONS[gold].arity} inputs, the network has {in_features}")
    exact = apply(gold, list(x.astype(np.float64).T)) if gold else None
    return Swept(labels, x, _outputs(module, x), exact)


def table_of(swept: Sequence[Swept]) -> pl.DataFrame:
    """Return one row per network and point of the grid: labels, `x1` and so on, `prediction`, `gold` where known."""
    return pl.concat([_table(one) for one in swept], how="diagonal_relaxed")


def _table(swept: Swept) -> pl.DataFrame:
    rows = len(swept.inputs)
    several = swept.outputs.shape[1] > 1
    columns: dict[str, Any] = {name: [value] * rows for name, value in swept.labels.items()}
    columns |= {f"x{k + 1}": swept.inputs[:, k] for k in range(swept.inputs.shape[1])}
    columns |= {
        f"prediction{k + 1}" if several else "prediction": swept.outputs[:, k] for k in range(swept.outputs.shape[1])
    }
    return pl.DataFrame(columns if swept.gold is None else {**columns, "gold": swept.gold})


def _swept(store: Store, run: Run, grid: Grid) -> Swept:
    task = run.task
    if task.kind == "static-digits" or task.kind == "sequential-digits" or run.training is None:
        raise InputError(f"sweep: shown of arithmetic tasks, not of {task.kind!r}")
    x = grid.inputs(task.in_features)
    module = rebuilt(store, run)
    slices = task.operands(run.seed, run.training.streams)
    gold = task.apply([x[:, start:stop].astype(np.float64).sum(axis=1) for start, stop in slices])
    labels = {
        "unit": run.label,
        "operation": task.operation,
        "interpolation_range": str(task.interpolation_range),
        "seed": run.seed,
        **{name: str(value) for name, value in run.parameters.items()},
    }
    return Swept(labels, x, _outputs(module, x), gold)


def _outputs(module: nn.Module, x: np.ndarray) -> np.ndarray:
    import torch

    with torch.no_grad():
        outputs: np.ndarray = module(torch.from_numpy(x)).double().reshape(len(x), -1).numpy()
    return outputs
