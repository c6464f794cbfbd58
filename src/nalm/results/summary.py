"""Success rate, solved-at step and sparsity error of every group of runs, each with its 95 % interval."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from nalm.results.columns import column_of
from nalm.results.records import Records, as_records, check_parameters
from nalm.results.selection import WINDOW, select_best
from nalm.results.statistics import (
    UNDEFINED,
    Interval,
    beta_mean_interval,
    gamma_mean_interval,
    success_interval,
    t_interval,
)

GROUP = ("unit", "operation", "interpolation_range", "extrapolation_range")


class Estimate(NamedTuple):
    """A mean with the ends of its 95 % interval; None where undefined."""

    mean: float | None = None
    lower: float | None = None
    upper: float | None = None

    @classmethod
    def of(cls, interval: Interval) -> Estimate:
        """Return an interval as a summary holds it."""
        return cls(*(value if math.isfinite(value) else None for value in interval))


class StepEstimate(NamedTuple):
    """A median, and a mean with the ends of its 95 % interval; None where undefined."""

    median: float | None = None
    mean: float | None = None
    lower: float | None = None
    upper: float | None = None


MEASURES = {
    "success_rate": Estimate._fields,
    "solved_at": StepEstimate._fields,
    "sparsity_error": Estimate._fields,
}


@dataclass(frozen=True, eq=False)
class Group(Mapping[str, Any]):
    """What a summary says of the runs of a network at one point of a study's grid.

    As a mapping it is its own object in the JSON of the summary: `group["solved_at"]["median"]`, and
    `group["learning_rate"]` for a parameter.

    Attributes:
        unit: Label of the network.
        operation: What is learnt.
        interpolation_range: As the papers' scripts write it; None for tasks without.
        extrapolation_range: The same of the test.
        parameters: Values of the swept parameters by name.
        runs: How many there are.
        solved: How many of them solved the task; None where they have no threshold.
        success_rate: Share of solved runs.
        solved_at: First step below the threshold, of solved runs.
        sparsity_error: At the best step, of solved runs.
        epochs: Number of epochs, of runs that are trained by epochs.
        metrics: Means of other metrics at the best step by name; None for runs without any.
    """

    unit: str
    operation: str | None
    interpolation_range: str | None
    extrapolation_range: str | None
    runs: int
    solved: int | None
    success_rate: Estimate
    solved_at: StepEstimate
    sparsity_error: Estimate
    parameters: Mapping[str, Any] = field(default_factory=dict)
    epochs: int | None = None
    metrics: Mapping[str, Estimate] | None = None

    def value_of(self, key: str) -> Any:
        """Return a label, or the value of a swept parameter; None for a parameter that these runs do not have."""
        return getattr(self, key) if key in GROUP else self.parameters.get(key)

    @cached_property
    def _object(self) -> dict[str, Any]:
        content = {
            **{key: getattr(self, key) for key in GROUP},
            **self.parameters,
            "runs": self.runs,
            "solved": self.solved,
            **{key: getattr(self, key)._asdict() for key in MEASURES},
        }
        if self.epochs is not None:
            content["epochs"] = self.epochs
        if self.metrics is not None:
            content["metrics"] = {name: estimate._asdict() for name, estimate in self.metrics.items()}
        return content

    def __getitem__(self, key: str) -> Any:
        return self._object[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._object)

    def __len__(self) -> int:
        return len(self._object)


def summarise(records: pl.DataFrame | Records, window: int = WINDOW, threshold: float | None = None) -> list[Group]:
    """Summarise the long table: a group per unit, operation, pair of ranges and value of the swept parameters.

    Where runs have no threshold, success is undefined: `solved` and all that depends on it is None. What describes
    solved runs only is None without any. A failed run counts as a run, by the rows it has. Metrics are means over
    runs, of values that are finite, with their t interval. Groups come in the order in which they first appear.

    Args:
        records: the long table of a store.
        window: rows from the last among which the best step is chosen.
        threshold: of success; by default each run's own.

    Raises:
        InputError: a column of a bare table that counts as a parameter changes within a run.
    """
    if isinstance(records, pl.DataFrame):
        check_parameters(records)
    records = as_records(records)
    keys = [*GROUP, *records.parameters]
    runs = select_best(records, window, threshold)
    return [
        _group(dict(zip(keys, values, strict=True)), part, records)
        for values, part in runs.group_by(keys, maintain_order=True)
    ]


def summary_frame(groups: Sequence[Group]) -> pl.DataFrame:
    """Return a summary as a flat table: `success_rate_mean`, `success_rate_lower`, ….

    Columns `success_rate` and so on of the JSON become one column per entry, and so do `metrics`; null where
    undefined.
    """
    rows = [{column: value for key in group for column, value in _columns(key, group[key])} for group in groups]
    types: dict[str, Any] = dict.fromkeys(GROUP, pl.String) | {"runs": pl.Int64, "solved": pl.Int64}
    types |= {f"{key}_{part}": pl.Float64 for key, parts in MEASURES.items() for part in parts}
    if not rows:
        return pl.DataFrame(schema=types)
    return pl.DataFrame(rows, schema_overrides=types, infer_schema_length=None)


def group_parameters(groups: Sequence[Group]) -> list[str]:
    """Return the names of the swept parameters of a summary."""
    return list(dict.fromkeys(name for group in groups for name in group.parameters))


def _group(key: Mapping[str, Any], runs: pl.DataFrame, records: Records) -> Group:
    solved = runs.filter("solved")
    judged = runs["threshold"].is_not_null().any()
    steps = solved["solved_at"].cast(pl.Float64).to_numpy()
    errors = solved["sparsity_error"].fill_nan(None).drop_nulls().clip(0, 0.5).to_numpy()
    return Group(
        **{name: key[name] for name in GROUP},
        parameters={name: key[name] for name in records.parameters},
        runs=len(runs),
        solved=len(solved) if judged else None,
        success_rate=Estimate.of(success_interval(len(solved), len(runs)) if judged else UNDEFINED),
        solved_at=StepEstimate(
            float(np.median(steps)) if len(steps) else None, *Estimate.of(gamma_mean_interval(steps))
        ),
        sparsity_error=Estimate.of(beta_mean_interval(errors)),
        epochs=runs["epoch"].max() if "epoch" in records.metrics else None,  # type: ignore[arg-type]
        metrics=_metrics(runs, records.metrics) if records.metrics else None,
    )


def _metrics(runs: pl.DataFrame, names: Sequence[str]) -> dict[str, Estimate]:
    """Return the means of metrics that have a value in some run; the number of epochs is none to be averaged."""
    shown = [name for name in names if name != "epoch"]
    return {name: estimate for name in shown if (estimate := _mean(runs, name)) is not None}


def _mean(runs: pl.DataFrame, name: str) -> Estimate | None:
    values = [value for value in runs[name].drop_nulls() if math.isfinite(value)]
    column = column_of(name)
    ends = (-math.inf, math.inf) if column is None else (column.least, column.most)
    return Estimate.of(t_interval(values, *ends)) if values else None


def _columns(key: str, value: Any) -> list[tuple[str, Any]]:
    if key == "metrics":
        return [(f"{name}_{part}", number) for name, parts in value.items() for part, number in parts.items()]
    return [(f"{key}_{part}", value[part]) for part in MEASURES[key]] if key in MEASURES else [(key, value)]
