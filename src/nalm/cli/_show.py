"""`nalm show`: one run of a results folder, from its settings to what it has learnt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import typer

from nalm.api import Results
from nalm.cli._results import Choice
from nalm.cli._text_plot import curves
from nalm.errors import InputError, NalmError, did_you_mean
from nalm.results.networks import best_runs, find_run, settings_of
from nalm.results.output.escaping import printable
from nalm.results.store import Store
from nalm.runs import Run

_LABELS = ("unit", "operation", "interpolation_range", "extrapolation_range", "seed")
_ERRORS = {"extrapolation error": "extrapolation_error", "interpolation error": "interpolation_error"}
# larger arrays are told by their shape
_MOST_NUMBERS = 64


def show_run(name: str, folder: Path, choice: Choice) -> None:
    """Print settings, outcome, errors over the steps, weights and formula of a run.

    Args:
        name: of the run, or its beginning; or a unit, whose best run is shown.
        folder: a results folder.
        choice: of its runs.

    Raises:
        InputError: there is no such run.
        StoreError: `folder` is no results folder, or damaged.
    """
    store = choice.opened(folder)
    results = Results(store)
    runs = best_runs(store)
    if name in set(runs["unit"]):
        name = results.best(unit=name)
    elif not any(run.startswith(name) for run in runs["run"]):
        units = list(dict.fromkeys(runs["unit"]))
        raise InputError(
            f"{folder}: no run begins with {name!r}, and no unit is called so{did_you_mean(name, units)} "
            f"(units: {', '.join(units)})"
        )
    name = find_run(name, list(runs["run"]))
    (row,) = runs.filter(run=name).to_dicts()
    _print([*_head(row), *_outcome(row), "", *_settings(store, row), "", *_curves(results, name)])
    _print(_learnt(results, name))


def _print(parts: Iterable[str]) -> None:
    for part in parts:
        for line in part.split("\n"):
            typer.echo(printable(line))


def _head(row: dict[str, Any]) -> Iterator[str]:
    yield f"run {row['run']} of {row['study']}"
    yield ", ".join(f"{key.replace('_', ' ')} {row[key]}" for key in _LABELS if row[key] is not None)


def _outcome(row: dict[str, Any]) -> Iterator[str]:
    if row["threshold"] is not None:
        verdict = f"solved at step {row['solved_at']:,}" if row["solved"] else "not solved"
        yield f"{verdict}: extrapolation error {_number(row['extrapolation_error'])}, threshold {row['threshold']:.3g}"
    yield (
        f"best step {row['best_step']:,} of {row['rows']} recorded: interpolation error "
        f"{_number(row['interpolation_error'])}, sparsity error {_number(row['sparsity_error'])}"
    )
    if row["status"] != "finished":
        yield f"{row['status']}: {row['reason']}"


def _settings(store: Store, row: dict[str, Any]) -> list[str]:
    try:
        run = settings_of(store, row["run"], row["seed"])
    except NalmError as error:
        return [f"settings: {error}"]
    return [f"{key} = {value}" for key, value in _given(run).items()]


def _given(run: Run) -> dict[str, Any]:
    """Return the settings of a run that are not the defaults, and how long it is trained."""
    given = {**run.task.model_dump(mode="json", exclude_defaults=True)}
    if run.training is not None:
        given |= {"iterations": run.training.iterations, **run.training.model_dump(mode="json", exclude_defaults=True)}
    return {**given, **run.parameters}


def _curves(results: Results, name: str) -> list[str]:
    rows = results.records().filter(run=name).sort("step")
    series = {label: rows[column].to_list() for label, column in _ERRORS.items() if rows[column].is_not_null().any()}
    return curves(rows["step"].to_list(), series) if series and len(rows) > 1 else ["one row is recorded"]


def _learnt(results: Results, name: str) -> Iterator[str]:
    yield ""
    for key, values in results.weights(name).items():
        yield f"{key} {list(values.shape)}:{_values(values)}"
    yield ""
    try:
        from nalm.regression import formula

        yield f"computes {formula(results.network(name))}"
    except NalmError as error:
        yield f"as a formula: {error}"


def _values(values: np.ndarray) -> str:
    if values.size > _MOST_NUMBERS:
        return f" {values.size:,} numbers from {values.min():.4g} to {values.max():.4g}"
    text = np.array2string(values, precision=4, suppress_small=True, max_line_width=88)
    return f" {text}" if "\n" not in text else "\n" + text


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"
