import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import t

from nalm.digits import EpochRecord
from nalm.results import summary_of
from nalm.results.lengths import by_length, reference_thresholds
from nalm.results.output.formats import table_cells
from nalm.results.store import Store
from nalm.runs import Run
from support.digit_results import SEQUENTIAL, STATIC, sequential_record, static_record, store_of, store_of_runs

# errors of the reference at its best epoch, by seed, at the lengths 1 to 3
REFERENCE = {0: (1.0, 10.0, 100.0), 1: (1.2, 11.0, 130.0), 2: (0.9, 9.5, 90.0)}


def limit(values: list[float]) -> float:
    sample = np.array(values)
    return float(sample.mean() + t.ppf(0.99, len(sample) - 1) * sample.std(ddof=1) / math.sqrt(len(sample)))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    results = {
        ("solved", seed): [sequential_record(0, 50.0, (9, 90, 900)), sequential_record(5, 12.0, errors)]
        for seed, errors in REFERENCE.items()
    }
    # best at epoch 5: solved at lengths 1 and 2, not at 3
    results["nmu", 0] = [
        sequential_record(0, 50.0, (9, 90, 900), 0.5),
        sequential_record(5, 12.0, (0.5, 9.0, 900), 0.75),
        sequential_record(10, 13.0, (9, 90, 1.0), 1.0),
    ]
    # below the limits in the first row already
    results["nmu", 1] = [sequential_record(0, 10.0, (0.1, 0.1, 0.1), 0.875)]
    return store_of(tmp_path / "store", SEQUENTIAL, results)


def test_thresholds_come_from_the_reference(store: Store) -> None:
    found = reference_thresholds(store.records(), store.study)
    assert found == pytest.approx({n: limit([errors[n - 1] for errors in REFERENCE.values()]) for n in (1, 2, 3)})


GRID = SEQUENTIAL.replace("[figure]", "[grid]\nlearning_rate = [1e-3, 1e-2]\n[figure]")


def test_each_point_of_a_grid_has_references_of_its_own(tmp_path: Path) -> None:
    def records_of(run: Run) -> list[EpochRecord] | None:
        if run.label == "solved":
            larger = 10 if run.parameters["learning_rate"] == 1e-2 else 1
            return [sequential_record(5, 12.0, [larger * error for error in REFERENCE[run.seed]])]
        return [sequential_record(5, 12.0, (5, 5, 5))] if run.seed == 0 else None

    store = store_of_runs(tmp_path / "store", GRID, records_of)
    expected = limit([errors[0] for errors in REFERENCE.values()])
    first = by_length(store.records(), store.study).table.filter(length=1)
    by_rate = dict(first.select("learning_rate", "threshold").unique().iter_rows())
    assert by_rate == pytest.approx({1e-3: expected, 1e-2: 10 * expected})
    solved = {(g["learning_rate"], g["length"]): g["solved"] for g in summary_of(store) if g["unit"] == "nmu"}
    assert (solved[1e-3, 1], solved[1e-2, 1]) == (0, 1)


def test_a_reference_that_the_grid_does_not_change_is_that_of_all_points(tmp_path: Path) -> None:
    study = GRID.replace('unit = "solved"', 'unit = "solved"\ngrid = { learning_rate = [1e-3] }')
    store = store_of_runs(
        tmp_path / "store",
        study,
        lambda run: [sequential_record(5, 12.0, REFERENCE[run.seed] if run.label == "solved" else (1.0, 1.0, 1.0))],
    )
    assert by_length(store.records(), store.study).table.filter(length=1)["threshold"].unique().to_list() == [
        pytest.approx(limit([errors[0] for errors in REFERENCE.values()]))
    ]


def test_runs_are_judged_at_every_length(store: Store) -> None:
    groups = {(group["unit"], group["length"]): group for group in summary_of(store)}
    assert list(groups) == [(unit, length) for unit in ("solved", "nmu") for length in (1, 2, 3)]
    assert [groups["nmu", length]["solved"] for length in (1, 2, 3)] == [2, 2, 1]
    assert groups["nmu", 1]["success_rate"]["mean"] == 1
    assert groups["nmu", 1]["solved_at"]["median"] == 25
    assert groups["nmu", 3]["solved_at"]["median"] == 0
    assert groups["nmu", 3]["sparsity_error"]["mean"] == 0.125
    assert groups["nmu", 1]["metrics"]["test_error"]["mean"] == pytest.approx(0.3)
    assert groups["nmu", 1]["epochs"] == 5
    assert groups["nmu", 3]["metrics"]["test_last_accuracy"]["mean"] == 0.5
    assert groups["solved", 1]["runs"] == 3


def test_lengths_become_rows(store: Store) -> None:
    table = by_length(store.records(), store.study).table
    assert len(table) == 3 * len(store.records())
    row = table.filter(unit="nmu", seed=0, epoch=5, length=2).row(0, named=True)
    assert row["extrapolation_error"] == row["test_error"] == 9.0
    assert row["run"].endswith(":2")


def test_one_reference_gives_no_verdict(tmp_path: Path) -> None:
    results = {(unit, 0): [sequential_record(0, 5.0, (1, 2, 3))] for unit in ("solved", "nmu")}
    groups = summary_of(store_of(tmp_path / "store", SEQUENTIAL, results))
    assert {group["solved"] for group in groups} == {None}
    assert {group["success_rate"]["mean"] for group in groups} == {None}
    _, columns, rows = table_cells(groups)
    assert columns == ("unit", "length", "runs", "epochs", "test error", "accuracy of the last output, %")
    assert rows[0] == ("solved", "1", "1", "0", "1.0e0", "50.0")


def test_references_that_learned_negative_digits_do_not_count(tmp_path: Path) -> None:
    results = {("solved", seed): [sequential_record(0, 60.0, (120, 2, 3))] for seed in range(3)}
    assert {group["solved"] for group in summary_of(store_of(tmp_path / "store", SEQUENTIAL, results))} == {None}


def test_a_threshold_of_the_study_is_that_of_all_lengths(tmp_path: Path) -> None:
    results = {("nmu", seed): [sequential_record(0, 5.0, (1, 2, 30))] for seed in range(2)}
    groups = summary_of(store_of(tmp_path / "store", f"threshold = 2.5\n{SEQUENTIAL}", results))
    assert [group["solved"] for group in groups] == [2, 2, 0]


def test_static_groups_show_the_last_epoch(tmp_path: Path) -> None:
    results = {("snmu", seed): [static_record(0, 9.0), static_record(1, 1.0 + seed)] for seed in range(3)}
    (group,) = summary_of(store_of(tmp_path / "store", STATIC, results))
    assert (group["runs"], group["solved"], group["epochs"]) == (3, None, 1)
    half = t.ppf(0.975, 2) / math.sqrt(3)
    assert group["metrics"]["train_label_1_error"] == pytest.approx(
        {"mean": 2.0, "lower": max(2 - half, 0), "upper": 2 + half}
    )
    assert group["metrics"]["test_output_rounded_accuracy"]["mean"] == pytest.approx(0.2)
    labels, columns, rows = table_cells([group])
    assert columns[labels:] == (
        "runs",
        "epochs",
        "test error",
        "test accuracy (rounded), %",
        "left label, %",
        "right label, %",
    )
    assert rows[0][labels : labels + 2] == ("3", "1")


def test_a_metric_of_any_name_is_recorded_and_summarised(tmp_path: Path) -> None:
    metrics = {"test_output_margin": -1.0, "test_margin": 2.0}
    record = static_record(1, 9.0)
    store = store_of(
        tmp_path / "static",
        STATIC,
        {("snmu", seed): [replace(record, metrics=record.metrics | metrics)] for seed in range(2)},
    )
    assert store.records().select(*metrics).unique().rows() == [(-1.0, 2.0)]
    (group,) = summary_of(store)
    assert {name: group["metrics"][name]["mean"] for name in metrics} == metrics

    record = sequential_record(0, 5.0, (1, 2, 3))
    results = {("nmu", 0): [replace(record, metrics=record.metrics | {"test_2_margin": -1.0})]}
    store = store_of(tmp_path / "sequential", SEQUENTIAL, results)
    assert store.records()["test_2_margin"].to_list() == [-1.0]
    groups = {group["length"]: group["metrics"] for group in summary_of(store)}
    assert groups[2]["test_margin"]["mean"] == -1.0
    assert "test_margin" not in groups[1]
