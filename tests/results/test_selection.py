"""The best step and the verdict of a run."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import pytest

from nalm.results.columns import schema
from nalm.results.selection import select_best


def table(rows: list[tuple[int, float | None, float | None]], run: str = "a", **extra: Any) -> pl.DataFrame:
    """Return records of one run from (step, interpolation error, extrapolation error); sparsity is the
    step."""
    labels: dict[str, Any] = dict.fromkeys(schema("label"), "x") | {"run": run, "seed": 0}
    data = [
        labels
        | {
            "step": step,
            "train_loss": 0.0,
            "penalty_loss": 0.0,
            "interpolation_error": validation,
            "extrapolation_error": test,
            "sparsity_error": float(step),
            "status": "finished",
            "failed_step": None,
            "reason": None,
            "threshold": 0.5,
        }
        | extra
        for step, validation, test in rows
    ]
    return pl.DataFrame(data, schema_overrides=schema())


def best(rows: list[tuple[int, float | None, float | None]], **arguments: Any) -> dict[str, Any]:
    return select_best(table(rows), **arguments).to_dicts()[0]


def test_takes_the_first_row_of_least_validation_error() -> None:
    run = best([(0, 3, 9), (1, 1, 0.2), (2, 1, 7), (3, 2, 0.1)])
    assert (run["best_step"], run["extrapolation_error"], run["sparsity_error"]) == (1, 0.2, 1.0)
    assert run["solved"]
    assert run["rows"] == 4


def test_only_the_last_rows_count_for_the_best_step_but_all_for_solved_at() -> None:
    rows = [(0, 0.1, 0.1), (1, 5, 9), (2, 4, 0.3), (3, 6, 9)]
    run = best(rows, window=2)
    assert (run["best_step"], run["solved"], run["solved_at"]) == (2, True, 0)
    assert run["interpolation_solved_at"] == 0
    assert best(rows, window=3)["best_step"] == 2
    assert best(rows, window=4)["best_step"] == 0


def test_success_is_strictly_below_the_threshold() -> None:
    assert not best([(0, 1, 0.5)])["solved"]
    assert best([(0, 1, math.nextafter(0.5, 0))])["solved"]
    assert best([(0, 1, 0.5)], threshold=0.6)["solved"]


def test_solved_at_is_empty_for_a_run_that_lost_its_solution() -> None:
    run = best([(0, 2, 0.1), (1, 1, 0.9)])
    assert not run["solved"]
    assert run["solved_at"] is None


@pytest.mark.parametrize("undefined", [math.nan, None, math.inf])
def test_undefined_validation_errors_are_passed_over(undefined: float | None) -> None:
    assert best([(0, undefined, 9), (1, 3, 0.1), (2, undefined, 9)])["best_step"] == 1


@pytest.mark.parametrize("undefined", [math.nan, None, math.inf])
def test_without_any_finite_validation_error_the_last_row_counts(undefined: float | None) -> None:
    run = best([(0, undefined, 0.1), (1, undefined, undefined)])
    assert run["best_step"] == 1
    assert not run["solved"]


def test_rows_may_come_in_any_order_and_runs_keep_theirs() -> None:
    one = table([(0, 3, 9), (1, 1, 0.2), (2, 1, 7)], run="b")
    other = table([(0, 3, 9), (1, 2, 8)], run="a")
    shuffled = pl.concat([one[2:], other[1:], one[:2], other[:1]])
    result = select_best(shuffled)
    assert result["run"].to_list() == ["b", "a"]
    assert result["best_step"].to_list() == [1, 1]
    assert result["rows"].to_list() == [3, 2]


def test_keeps_parameters_of_the_study_and_leaves_weights_out() -> None:
    result = select_best(table([(0, 1, 1)], w0=0.5, hidden_size=4))
    assert result["hidden_size"].to_list() == [4]
    assert "w0" not in result.columns
