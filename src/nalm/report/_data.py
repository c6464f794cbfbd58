"""What the page's script draws: groups, runs and their curves as compact numbers, embedded once."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from nalm.figures.style.palette import distinct
from nalm.results.columns import is_weight
from nalm.results.output.formats import table_cells
from nalm.results.records import Records
from nalm.results.summary import GROUP, Group
from nalm.results.titles import unit_title

_CURVE_POINTS = 48
_PATH_POINTS = 32
_MOST_RUNS = 3000  # of which curves are embedded; more would make a file that nobody sends
_MOST_WEIGHTS = 8
_SCALE = 100  # steps of the decimal logarithm of an error


def page_data(groups: Sequence[Group], runs: pl.DataFrame, records: Records) -> dict[str, Any]:
    """Return what the script needs of a results folder.

    Keys: `series` (title, colour), `places` (names on the horizontal axis), `measures` (title and whether the axis is
    logarithmic), `groups` (series, place, label, a mean with its interval per measure, indices of runs), `runs`
    (name, seed, outcome, errors), `steps`, `curves` (hundredths of the decimal logarithm of the extrapolation error),
    and `paths` of weights.
    """
    units = list(dict.fromkeys(group.unit for group in groups))
    places = _places(groups)
    names = list(dict.fromkeys(places))
    measures = _measures(groups)
    keys = [key for key in (*GROUP, *records.parameters) if key in runs.columns]
    rows = runs.to_dicts()
    by_label: dict[tuple[str, ...], list[int]] = {}
    for index, row in enumerate(rows):
        by_label.setdefault(tuple(str(row[key]) for key in keys), []).append(index)
    return {
        "series": [[unit_title(unit), colour] for unit, colour in zip(units, distinct(len(units)), strict=True)],
        "places": names,
        "measures": [[title, logarithmic] for _, title, logarithmic in measures],
        "groups": [
            {
                "s": units.index(group.unit),
                "x": names.index(place),
                "v": [_numbers(_estimate(group, key)) for key, _, _ in measures],
                "r": by_label.get(tuple(str(group.value_of(key)) for key in keys), []),
            }
            for group, place in zip(groups, places, strict=True)
        ],
        "runs": [_run(row) for row in rows],
        **_curves(rows, records),
    }


def embedded(data: Sequence[dict[str, Any]]) -> str:
    """Return JSON that may stand in an element `script`."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _places(groups: Sequence[Group]) -> list[str]:
    """Return what tells the groups of a unit apart."""
    labels, columns, rows = table_cells(groups)
    shown = [index for index in range(labels) if columns[index] != "unit"]
    return [", ".join(row[index] for index in shown) or "all runs" for row in rows]


def _measures(groups: Sequence[Group]) -> list[tuple[str, str, bool]]:
    known = [
        ("success_rate", "Success rate, %", False),
        ("solved_at", "Solved at step", True),
        ("sparsity_error", "Sparsity error", True),
    ]
    metrics = [
        ("test_output_rounded_accuracy", "Test accuracy (rounded), %", False),
        ("test_error", "Test error", True),
    ]
    found = [*known, *metrics]
    return [item for item in found if any(_estimate(group, item[0]) is not None for group in groups)]


def _estimate(group: Group, key: str) -> tuple[float, float | None, float | None] | None:
    estimate = getattr(group, key, None) or (group.metrics or {}).get(key)
    if estimate is None or estimate.mean is None:
        return None
    scale = 100.0 if key.endswith(("rate", "accuracy")) else 1.0
    lower, upper = (None if end is None else scale * end for end in (estimate.lower, estimate.upper))
    return scale * estimate.mean, lower, upper


def _numbers(estimate: tuple[float | None, ...] | None) -> list[float | None] | None:
    return None if estimate is None else [None if value is None else float(f"{value:.4g}") for value in estimate]


def _run(row: dict[str, Any]) -> list[Any]:
    outcome = 2 if row["status"] == "failed" else int(bool(row["solved"]))
    errors = [_short(row[f"{part}_error"]) for part in ("interpolation", "extrapolation", "sparsity")]
    return [row["run"][:8], row["seed"], outcome, row["solved_at"], row["best_step"], *errors]


def _short(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(f"{value:.3g}")


def _curves(rows: Sequence[dict[str, Any]], records: Records) -> dict[str, Any]:
    """Curves of all runs on one list of steps, if there are not too many."""
    if len(rows) > _MOST_RUNS:
        return {"steps": [], "curves": [], "paths": []}
    table = records.table
    all_steps = np.unique(table["step"].to_numpy())
    steps = _some(all_steps, _CURVE_POINTS)
    weights = [name for name in table.columns if is_weight(name)]
    found = {run[0]: part.sort("step") for run, part in table.group_by(["run"])}
    curves, paths = [], []
    for row in rows:
        part = found[row["run"]]
        logged, errors = part["step"].to_numpy(), part["extrapolation_error"].cast(pl.Float64).to_numpy()
        curves.append([_logarithm(logged, errors, int(step)) for step in steps])
        paths.append(_path(part, weights))
    return {"steps": steps.tolist(), "curves": curves, "paths": paths if any(paths) else []}


def _logarithm(logged: np.ndarray, errors: np.ndarray, step: int) -> int | None:
    place = int(np.searchsorted(logged, step, side="right")) - 1
    value = errors[place] if place >= 0 and step <= logged[-1] else math.nan
    if not math.isfinite(value):
        return None
    return -20 * _SCALE if value <= 0 else max(round(math.log10(value) * _SCALE), -20 * _SCALE)


def _path(part: pl.DataFrame, weights: Sequence[str]) -> list[list[float]]:
    own = [name for name in weights if part[name].is_not_null().any()]
    if not own or len(own) > _MOST_WEIGHTS:
        return []
    rows = _some(np.arange(len(part)), _PATH_POINTS)
    values = [part[name].fill_nan(None).gather(rows).to_list() for name in own]
    return [[float(f"{value:.3g}") if value is not None else 0.0 for value in column] for column in values]


def _some(values: np.ndarray, most: int) -> np.ndarray:
    chosen: np.ndarray = values[np.unique(np.linspace(0, len(values) - 1, most).round().astype(int))]
    return chosen
