"""Figures of the static digit task with one panel per model (Mistry et al. 2022, appendix G): data only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from nalm.errors import InputError
from nalm.figures._models import check_not_empty, models_of, rows_of, stage_title

_TASK = "static-digits"
_WEIGHTS = ("w0", "w1")
# published; what lies outside is not shown
_WEIGHT_LIMITS = (0.0, 1.5)


@dataclass(frozen=True)
class ConfusionMatrix:
    """Confusion of the digits by one model.

    Attributes:
        title: Of the panel.
        counts: Images by true digit (row) and predicted digit.
        shares: The same as shares of each row, 0 to 1; None throughout the row of a digit that does not occur.
    """

    title: str
    counts: tuple[tuple[int, ...], ...]
    shares: tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True)
class ConfusionFigure:
    """One matrix per model."""

    matrices: tuple[ConfusionMatrix, ...]


@dataclass(frozen=True)
class WeightPath:
    """Both weights of a run by epoch, as far as they are finite."""

    epochs: tuple[int, ...]
    weight_0: tuple[float, ...]
    weight_1: tuple[float, ...]


@dataclass(frozen=True)
class WeightsPanel:
    """One model.

    Attributes:
        title: Of the panel.
        paths: One per fold, up to where a run diverged.
        note: How many folds diverged, how many paths end outside the limits; empty if none does.
    """

    title: str
    paths: tuple[WeightPath, ...]
    note: str


@dataclass(frozen=True)
class WeightsFigure:
    """Paths of the weights of the output stage.

    Attributes:
        panels: One per model that has weights.
        epochs: The first and the last of all paths.
        limits: Of both axes.
    """

    panels: tuple[WeightsPanel, ...]
    epochs: tuple[int, int]
    limits: tuple[float, float]


def static_runs(records: pl.DataFrame, what: str) -> list[str]:
    """Return the ids of all runs, if they are of the static digit task.

    Args:
        records: The long table of a store.
        what: What is to be shown, for the message.

    Raises:
        InputError: there are none, or they are of another task.
    """
    check_not_empty(records)
    tasks: list[str] = records["task"].unique(maintain_order=True).to_list()
    if tasks != [_TASK]:
        raise InputError(
            f"{what}: shown of the task {_TASK!r} alone; these results are of {', '.join(map(repr, tasks))}"
        )
    return records["run"].unique(maintain_order=True).to_list()


def confusion_figure(records: pl.DataFrame, counts: Mapping[str, np.ndarray]) -> ConfusionFigure:
    """Return the data of the confusion matrices: both digits of a picture pooled, summed over folds.

    A run that diverged counts with the state it ended in, as in the share of right labels by digit.

    Args:
        records: The long table of a store.
        counts: Of true digit (row) and predicted digit `[10, 10]` in the final state, by run.

    Raises:
        InputError: the results are of another task, or there are no counts.
    """
    static_runs(records, "confusion")
    if not counts:
        raise InputError("confusion: these results hold no counts of the digits of the test set")
    matrices = []
    for model in models_of(records):
        known = [counts[run] for run in rows_of(records, model)["run"].unique(maintain_order=True) if run in counts]
        if known:
            matrices.append(_matrix(stage_title(model, records), np.sum(known, axis=0)))
    return ConfusionFigure(tuple(matrices))


def weights_figure(records: pl.DataFrame) -> WeightsFigure:
    """Return the data of the paths of the output stage's two weights over epochs, all folds of a model in one panel.

    Args:
        records: The long table of a store.

    Raises:
        InputError: the results are of another task, or no model has two weights.
    """
    static_runs(records, "weights")
    models = models_of(records)
    known = records.head(0)
    if set(_WEIGHTS) <= set(records.columns):
        known = records.filter(*(pl.col(name).is_finite() for name in _WEIGHTS)).sort("epoch", maintain_order=True)
    if not len(known):
        titles = ", ".join(stage_title(model, records) for model in models)
        raise InputError(f"weights: shown of models with two weights, such as nmu; these results are of {titles}")
    panels = [
        _panel(stage_title(model, records), rows_of(known, model)) for model in models if len(rows_of(known, model))
    ]
    epochs = known["epoch"].to_list()
    return WeightsFigure(tuple(panels), (epochs[0], epochs[-1]), _WEIGHT_LIMITS)


def _matrix(title: str, counts: np.ndarray) -> ConfusionMatrix:
    rows: Iterable[list[int]] = counts.tolist()
    cells = tuple(tuple(row) for row in rows)
    shares = tuple(tuple(count / sum(row) if any(row) else None for count in row) for row in cells)
    return ConfusionMatrix(title, cells, shares)


def _panel(title: str, rows: pl.DataFrame) -> WeightsPanel:
    by_run = rows.sort("seed", maintain_order=True).group_by("run", maintain_order=True)
    paths = [WeightPath(*(_values(part, name) for name in ("epoch", *_WEIGHTS))) for _, part in by_run]
    low, high = _WEIGHT_LIMITS
    outside = sum(not all(low <= weights[-1] <= high for weights in (path.weight_0, path.weight_1)) for path in paths)
    diverged = rows.filter(status="failed")["run"].n_unique()
    notes = {"diverged": diverged, "end outside": outside}
    return WeightsPanel(
        title,
        tuple(paths),
        "\n".join(f"{count} of {len(paths)} folds {what}" for what, count in notes.items() if count),
    )


def _values(rows: pl.DataFrame, column: str) -> tuple[Any, ...]:
    return tuple(rows[column].to_list())
