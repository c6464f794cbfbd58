"""Groups, counts and intervals of a summary."""

from __future__ import annotations

import json
from collections.abc import Sequence

import polars as pl
import pytest

from nalm.results.order import sort_rows
from nalm.results.records import records_table
from nalm.results.statistics import beta_mean_interval, gamma_mean_interval, success_interval
from nalm.results.summary import group_parameters, summarise, summary_frame
from results.samples import PAIRS, make_batch, make_run


def records(units: Sequence[str] = ("nmu",), ranges: Sequence[str] = ("[1,2]",), seeds: int = 4) -> pl.DataFrame:
    runs = [make_run(unit, pair, seed) for unit in units for pair in ranges for seed in range(seeds)]
    solved_at = [None if run.seed == 0 else 1000 * (1 + run.seed % 2) for run in runs]
    return records_table(make_batch(runs, solved_at)).table


def test_a_group_is_summarised_as_the_contract_says() -> None:
    table = records()
    (group,) = summarise(table)
    assert list(group) == [
        "unit",
        "operation",
        "interpolation_range",
        "extrapolation_range",
        "runs",
        "solved",
        "success_rate",
        "solved_at",
        "sparsity_error",
    ]
    assert (group["unit"], group["operation"]) == ("nmu", "mul")
    assert (group["interpolation_range"], group["extrapolation_range"]) == ("[1,2]", "[2,6]")
    assert (group["runs"], group["solved"]) == (4, 3)
    assert group["success_rate"] == success_interval(3, 4)._asdict()
    steps = [2000.0, 1000.0, 2000.0]
    assert group["solved_at"] == {"median": 2000.0, **gamma_mean_interval(steps)._asdict()}
    errors = [
        rows.sort("interpolation_error")["sparsity_error"][0]
        for (seed,), rows in table.group_by("seed", maintain_order=True)
        if seed
    ]
    assert group["sparsity_error"] == pytest.approx(beta_mean_interval(errors)._asdict(), rel=1e-12)


def test_without_success_what_describes_solved_runs_is_null() -> None:
    runs = [make_run(seed=seed) for seed in range(3)]
    (group,) = summarise(records_table(make_batch(runs, [None] * 3)))
    assert group["solved"] == 0
    assert group["solved_at"] == {"median": None, "mean": None, "lower": None, "upper": None}
    assert group["sparsity_error"] == {"mean": None, "lower": None, "upper": None}
    json.dumps(dict(group), allow_nan=False)


def test_one_solved_run_has_a_mean_and_no_interval() -> None:
    (group,) = summarise(records_table(make_batch([make_run(), make_run(seed=1)], [2000, None])))
    assert group["solved_at"] == {"median": 2000.0, "mean": 2000.0, "lower": None, "upper": None}


def test_units_without_a_sparsity_error_have_none() -> None:
    table = records().with_columns(sparsity_error=pl.lit(None, dtype=pl.Float64))
    (group,) = summarise(table)
    assert group["solved"] == 3
    assert group["sparsity_error"] == {"mean": None, "lower": None, "upper": None}


def test_a_failed_run_counts_as_a_run() -> None:
    runs = [make_run(seed=seed) for seed in range(3)]
    table = records_table(make_batch(runs, failed_at=[0, 1000, None]))
    (group,) = summarise(table)
    assert (group["runs"], group["solved"]) == (3, 1)


def test_groups_follow_the_papers_order_of_units_and_ranges() -> None:
    ranges = list(PAIRS)
    table = sort_rows(records(units=("realnpu", "nmu", "nac_mul"), ranges=ranges[::-1], seeds=2))
    groups = summarise(table)
    assert list(dict.fromkeys(group["unit"] for group in groups)) == ["nac_mul", "nmu", "realnpu"]
    assert [group["interpolation_range"] for group in groups[:9]] == ranges


def test_swept_parameters_make_groups() -> None:
    runs = [make_run(seed=seed, hidden_size=size) for size in (10, 2) for seed in range(2)]
    groups = summarise(sort_rows(records_table(make_batch(runs))))
    assert [group["hidden_size"] for group in groups] == [2, 10]
    assert [group["runs"] for group in groups] == [2, 2]
    assert group_parameters(groups) == ["hidden_size"]


def test_the_frame_has_one_column_per_number() -> None:
    frame = summary_frame(summarise(records()))
    assert frame.columns[4:9] == [
        "runs",
        "solved",
        "success_rate_mean",
        "success_rate_lower",
        "success_rate_upper",
    ]
    assert frame["success_rate_mean"].to_list() == [0.75]
    assert summary_frame([]).columns == frame.columns
