"""What adding a thing inside touches: tasks, trainers, executors, devices, metrics of the table of `architecture.md`.

As in `test_adding.py`, each test adds the smallest example to a copy of the project and uses it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.project import Project

pytestmark = pytest.mark.heavy


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path)
    yield project
    project.close()


STUDY = """
title = "Added"
description = "What was added is used like the rest."
seeds = "0:2"

[task]
kind = "{kind}"
operation = "mul"
{more}

[settings]
iterations = 20
log_interval = 10

[[networks]]
unit = "nmu"
"""
DIGITS = """
title = "Digits"
description = "Two images."
seeds = "0:1"

[task]
kind = "static-digits"
dataset = "digits"
samples_per_pair = 2

[settings]
epochs = 1

[[networks]]
unit = "solved"
"""


def _study(project: Project, kind: str = "single-module", more: str = "", text: str = STUDY) -> None:
    (project.folder / "added.toml").write_text(text.format(kind=kind, more=more) if text is STUDY else text)


def _used(project: Project, *options: str) -> dict[str, object]:
    """Train, summarise and draw the study; return its only group."""
    project.nalm("run", "added.toml", *options)
    project.nalm("plot", "results/added", "--to", "added.svg")
    assert (project.folder / "added.svg").stat().st_size > 1000
    (group,) = json.loads(project.nalm("summary", "results/added", "--format", "json"))
    return group


def _exported(project: Project) -> list[dict[str, str]]:
    project.nalm("export", "results/added", "--to", "added.csv")
    with (project.folder / "added.csv").open(newline="") as file:
        return [*csv.DictReader(file)]


TASKS = "src/nalm/tasks/__init__.py"
KINDS = "ArithmeticTask | StaticDigits | SequentialDigits, "
SHIFTED = '''
"""A product and a constant."""

from typing import ClassVar, Literal

import numpy as np

from nalm.tasks.arithmetic import ArithmeticTask


class ShiftedTask(ArithmeticTask):
    """Learn the operation plus `shift`."""
    {trainer}
    kind: Literal["shifted"]
    shift: float

    def apply(self, operands):
        return np.add(super().apply(operands), self.shift)

    def threshold(self):
        return 1e-3
'''
TARGETS = """
import nalm, numpy as np
from nalm.studies import load
from nalm.training.stacked.data import Data

study = load("added.toml")
runs = nalm.studies.expand(study)
task = runs[0].task
x, t = task.evaluation_set("validation", 0, "paper", 10_000)
np.testing.assert_allclose(t[:, 0], x.prod(axis=1) + 5, rtol=1e-6)
block = np.asarray(Data(runs[:1]).draw(16)[0][3])
np.testing.assert_allclose(block[2], block[:2].prod(axis=0) + 5, rtol=1e-6)
table = nalm.Results.open("results/added").records()
assert set(table["threshold"]) == {1e-3} and set(table["task"]) == {"shifted"}
"""
SIZE = "input_size = 2\nsubset_ratio = 0.5\noverlap_ratio = 0.0\nshift = 5.0"


def _add_task(project: Project, trainer: str = "") -> None:
    project.add("src/nalm/tasks/shifted.py", SHIFTED.format(trainer=trainer))
    project.replace(TASKS, KINDS, "ArithmeticTask | ShiftedTask | StaticDigits | SequentialDigits, ")
    project.replace(TASKS, "\nTask = ", "\nfrom nalm.tasks.shifted import ShiftedTask\n\nTask = ")
    _study(project, "shifted", SIZE)


def test_a_task_of_a_known_family_is_one_file_and_one_line(project: Project) -> None:
    _add_task(project)
    assert set(project.touched) == {TASKS, "src/nalm/tasks/shifted.py"}

    group = _used(project)
    assert (group["operation"], group["runs"]) == ("mul", 2)
    project.python("-c", TARGETS)


TRAINERS = "src/nalm/training/trainer.py"
COUNTING = '''
"""A trainer that trains nothing."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import nn

from nalm.errors import InputError
from nalm.runs.record import TrainedRuns
from nalm.training.trainer import Trainer


@dataclass(frozen=True)
class CountingJob:
    runs: tuple
    checkpoint: Path | None = None


class CountingTrainer(Trainer):
    """Its error is what the task is shifted by."""

    name = "counting"

    def check_device(self, device):
        if device != "cpu":
            raise InputError(f"device {device!r}: give 'cpu'")

    def check_network(self, run):
        return []

    def network(self, run):
        return nn.Identity()

    def plan(self, runs, checkpoints):
        return [CountingJob((run,)) for run in runs]

    def train(self, job, device, on_progress):
        (run,) = job.runs
        on_progress(run.updates)
        error = np.full(2, run.task.shift)
        names = ("train_loss", "penalty_loss", "interpolation_error", "extrapolation_error", "sparsity_error")
        return TrainedRuns(
            job.runs, np.zeros(2, dtype=np.int64), np.array([0, 10]), dict.fromkeys(names, error), (None,),
            ("finished",), (None,), (None,), {run.id: {"w": np.zeros(1, dtype=np.float32)}}, 0.0,
        )

    def seconds_per_update(self, samples):
        return dict.fromkeys(samples, 1e-6)
'''


def test_a_family_of_tasks_is_a_task_its_trainer_and_one_line(project: Project) -> None:
    _add_task(project, trainer='trainer: ClassVar[str] = "counting"')
    project.add("src/nalm/training/counting.py", COUNTING)
    project.insert(
        TRAINERS,
        before='    "stacked": "nalm.training.stacked.trainer:StackedTrainer",',
        line='    "counting": "nalm.training.counting:CountingTrainer",',
    )
    assert set(project.touched) == {TASKS, "src/nalm/tasks/shifted.py", TRAINERS, "src/nalm/training/counting.py"}

    group = _used(project, "--workers", "2")
    assert (group["runs"], group["solved"]) == (2, 0)
    assert {float(row["extrapolation_error"]) for row in _exported(project)} == {5.0}


EXECUTORS = "src/nalm/training/executors/__init__.py"
ASIDE = '''
"""Jobs are done here, and each is written down."""

from pathlib import Path

from nalm.training.executors._base import Cluster
from nalm.training.executors.in_process import InProcess


class Aside(Cluster):
    def __init__(self, name):
        self._file = Path(name.partition(":")[2])

    @staticmethod
    def check(name):
        pass

    def run(self, function, jobs, on_result, on_progress):
        with self._file.open("a") as file:
            file.writelines(f"{type(job).__name__}\\n" for job in jobs)
        InProcess().run(function, jobs, on_result, on_progress)

    def close(self):
        pass
'''


def test_an_executor_is_one_file_and_one_line_for_all_tasks(project: Project) -> None:
    project.add("src/nalm/training/executors/aside.py", ASIDE)
    project.replace(EXECUTORS, '{"local": Dask,', '{"aside": Aside, "local": Dask,')
    project.replace(
        EXECUTORS,
        "from nalm.training.executors.dask import Dask\n",
        "from nalm.training.executors.aside import Aside\nfrom nalm.training.executors.dask import Dask\n",
    )
    assert set(project.touched) == {EXECUTORS, "src/nalm/training/executors/aside.py"}

    _study(project)
    assert _used(project, "--cluster", "aside:jobs")["runs"] == 2
    _study(project, text=DIGITS)
    project.nalm("run", "added.toml", "--cluster", "aside:jobs", "--out", "digits")
    done = (project.folder / "jobs").read_text().split()
    assert {"BatchJob", "RunJob"} <= set(done)


DEVICES = "src/nalm/training/lowerings/devices.py"
TENSORS = '''
"""Every network as a tensor program."""

from nalm.training.lowerings.choice import Fallback


def lower(key):
    return Fallback("this device has no compiler", compiler=False)
'''


def test_a_device_is_a_lowering_and_one_line(project: Project) -> None:
    project.add("src/nalm/training/lowerings/tensors.py", TENSORS)
    project.insert(
        DEVICES,
        before='    "cpu": "nalm.training.lowerings.choice:lower",',
        line='    "tensors": "nalm.training.lowerings.tensors:lower",',
    )
    assert set(project.touched) == {DEVICES, "src/nalm/training/lowerings/tensors.py"}

    _study(project)
    assert _used(project, "--device", "tensors")["runs"] == 2
    (made_by,) = {path.read_text() for path in (project.folder / "results/added/provenance").iterdir()}
    assert "a tensor program" in made_by


COLLECT = "src/nalm/training/stacked/collect.py"
COLUMNS = "src/nalm/results/columns.py"


def test_a_metric_of_arithmetic_tasks_is_a_row_and_a_function(project: Project) -> None:
    project.insert(
        COLUMNS,
        before='    Column("epoch", _COUNT, "metric", "epochs done, of digit tasks", least=0.0),',
        line='    Column("largest_weight", _NUMBER, "metric", "largest weight of the network", since=3),',
    )
    project.insert(
        COLLECT,
        before='    "train_loss": lambda history: history.losses[:, 0],',
        line='    "largest_weight": lambda history: history.weights.max(axis=1),',
    )
    assert set(project.touched) == {COLLECT, COLUMNS}

    _study(project)
    assert _used(project)["runs"] == 2
    rows = _exported(project)
    assert len(rows) == 6
    for row in rows:
        assert float(row["largest_weight"]) == max(float(row["w0"]), float(row["w1"]))


METRICS = "src/nalm/digits/_metrics.py"


def test_a_metric_of_digit_tasks_is_one_entry(project: Project) -> None:
    project.insert(
        METRICS,
        before='        "accuracy": float((predictions == targets).double().mean()),',
        line='        "bias": float((predictions.double() - targets.double()).mean()),',
    )
    assert project.touched == [METRICS]

    _study(project, text=DIGITS)
    assert _used(project)["runs"] == 1
    row = _exported(project)[-1]
    assert abs(float(row["test_output_bias"])) <= float(row["test_output_error"]) ** 0.5
