"""The same seed gives the same run as the original code: its trajectories, some of which lie in `assets/golden`.

The environment variable NALM_GOLDEN names a folder of more. A folder holds `single-module/{paper,released}` and
`arithmetic-dataset` with files UNIT@RANGE@SEED.csv and columns step, train_loss, interpolation_error,
extrapolation_error. A run agrees if its verdict is the same, it is solved within one logging interval of the original,
and its first three validation errors are within 2 % (or 1e-6).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from nalm.runs import Run
from nalm.runs.record import TrainedRuns
from nalm.studies import expand, load
from nalm.training import train

ASSETS = Path(__file__).parents[1] / "assets" / "golden"
MORE = os.environ.get("NALM_GOLDEN")
# Every trajectory of the assets must agree; of all there are, those of RealNPU that do not part from the original where
# eager PyTorch does as well, at the kink of |w|.
FOLDERS = [
    pytest.param(ASSETS, 1.0, id="assets"),
    pytest.param(
        Path(MORE or "."),
        0.97,
        id="more",
        marks=pytest.mark.skipif(MORE is None, reason="NALM_GOLDEN names no folder of golden trajectories"),
    ),
]

UNITS = {
    "NMU": "nmu",
    "sNMU": "snmu",
    "bsNMU": "snmu_batch",
    "RealNPU": "realnpu",
    "NPU": "npu",
    "NALU": "nalu",
    "GNALU": "gnalu",
    "iNALU": "inalu",
    "MNAC": "nac_mul",
}
THRESHOLD = 1e-5


@dataclass(frozen=True)
class Golden:
    unit: str
    interpolation_range: str
    seed: int
    columns: np.ndarray


def golden(folder: Path) -> list[Golden]:
    found = []
    for path in sorted(folder.glob("*.csv")):
        unit, bounds, seed = path.stem.split("@")
        columns = np.genfromtxt(path, delimiter=",", names=True)
        found.append(Golden(UNITS[unit], bounds.replace("..", ",").replace(":", ","), int(seed), columns))
    assert found, f"no trajectories in {folder}"
    return found


def verdict(validation: np.ndarray, test: np.ndarray) -> tuple[bool, int]:
    """Whether the best row is solved, and the row that first was."""
    if np.isnan(validation).all():
        return False, -1
    below = np.flatnonzero(test < THRESHOLD)
    return bool(test[np.nanargmin(validation)] < THRESHOLD), int(below[0]) if len(below) else -1


def agrees(original: np.ndarray, validation: np.ndarray, test: np.ndarray, judged: bool) -> bool:
    expected = original["interpolation_error"]
    close = np.abs(validation[:3] - expected[:3]) <= np.maximum(0.02 * np.abs(expected[:3]), 1e-6)
    if not judged:
        return bool(close.all())
    (solved, at), (was_solved, was_at) = verdict(validation, test), verdict(expected, original["extrapolation_error"])
    return bool(close.all()) and solved == was_solved and (not solved or abs(at - was_at) <= 1)


def agreements(wanted: list[Golden], runs: list[Run], judged: bool) -> list[bool]:
    by_content = {(run.network.label, str(run.task.interpolation_range), run.seed): run for run in runs}
    chosen = {by_content[g.unit, g.interpolation_range, g.seed].id: g for g in wanted}
    results: list[TrainedRuns] = []
    train([run for run in runs if run.id in chosen], results.append, workers=1)
    outcomes = []
    for result in results:
        for number, run in enumerate(result.runs):
            rows = result.run_index == number
            errors = [result.metrics[name][rows] for name in ("interpolation_error", "extrapolation_error")]
            outcomes.append(agrees(chosen[run.id].columns, *errors, judged))
    assert len(outcomes) == len(wanted)
    return outcomes


@pytest.mark.parametrize("constraints", ["paper", "released"])
@pytest.mark.parametrize(("folder", "share"), FOLDERS)
def test_single_module_trajectories(folder: Path, share: float, constraints: str) -> None:
    wanted = golden(folder / "single-module" / constraints)
    study = load("snmu-2022/figure-2", settings={"constraints": constraints})
    runs = expand(study, seeds=tuple({g.seed for g in wanted}))
    assert np.mean(agreements(wanted, runs, judged=True)) >= share


@pytest.mark.parametrize("constraints", ["paper", "released"])
@pytest.mark.parametrize(("folder", "share"), FOLDERS)
def test_arithmetic_dataset_trajectories(folder: Path, share: float, constraints: str) -> None:
    wanted = golden(folder / "arithmetic-dataset")
    labels = {"nmu": "nau_nmu", "snmu": "nau_snmu", "snmu_batch": "nau_snmu_batch"}
    named = [Golden(labels[g.unit], g.interpolation_range, g.seed, g.columns) for g in wanted]
    settings = {"iterations": 10_000, "log_interval": 500, "constraints": constraints}
    studies = [load(f"snmu-2022/{name}", settings) for name in ("figure-5", "figure-7")]
    seeds = tuple({g.seed for g in wanted})
    runs = {run.id: run for study in studies for run in expand(study, seeds=seeds)}
    assert np.mean(agreements(named, list(runs.values()), judged=False)) >= share


def test_another_seed_is_another_trajectory() -> None:
    """What the agreement rule is worth."""
    wanted = golden(ASSETS / "single-module" / "paper")
    moved = [replace(g, seed=g.seed + 1) for g in wanted]
    runs = expand(load("snmu-2022/figure-2"), seeds=(1,))
    assert not any(agreements(moved, runs, judged=True))
