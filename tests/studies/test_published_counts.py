"""A part of the published tables, small enough for every test run."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from nalm.runs.record import TrainedRuns
from nalm.studies import expand, load, select
from nalm.training import train


def solved(study: str, unit: str, ranges: list[str]) -> Counter[str]:
    """Solved runs of 25 per interpolation range."""
    only: dict[str, list[object]] = {"unit": [unit]}
    if ranges:
        only["interpolation_range"] = list(ranges)
    results: list[TrainedRuns] = []
    train(select(expand(load(study)), only), results.append)
    counts: Counter[str] = Counter()
    for result in results:
        for number, run in enumerate(result.runs):
            rows = result.run_index == number
            best = np.nanargmin(result.metrics["interpolation_error"][rows])
            counts[str(run.task.interpolation_range)] += int(result.metrics["extrapolation_error"][rows][best] < 1e-5)
    return counts


@pytest.mark.parametrize("study", ["primer-2022/mul", "snmu-2022/figure-2"])
def test_nmu_multiplies_as_often_as_published(study: str) -> None:
    assert solved(study, "nmu", ["[-2,-1]", "[-1.2,-1.1]"]) == {"[-2,-1]": 20, "[-1.2,-1.1]": 17}


def test_nau_adds_on_all_ranges() -> None:
    counts = solved("primer-2022/add", "nau", [])
    assert len(counts) == 9
    assert set(counts.values()) == {25}
