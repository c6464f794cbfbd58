"""What adding a thing touches: the table of `docs/architecture.md`, walked.

Each test adds the smallest example to a copy of the project, and checks that it is used like what ships.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from nalm import testing
from support.project import ROOT, Project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path)
    yield project
    project.close()


STUDY = """
title = "Added"
description = "What was added is trained like the rest."
paper = "madsen2020"
seeds = "0:1"

[task]
kind = "single-module"
operation = "{operation}"

[settings]
iterations = 20
log_interval = 10

[[networks]]
unit = "{unit}"
"""


NAMES = """
import nalm
from nalm import units

assert units.TanhNAU is nalm.TanhNAU
assert "TanhNAU" in {*units.__all__} & {*nalm.__all__}
print(units.create("tanh NAU", 3, 2))
"""


def test_a_unit_is_its_class_and_one_row(project: Project) -> None:
    page = (ROOT / "docs" / "adding-a-unit.md").read_text()
    source = re.search(r"<!-- file: (tanh_nau\.py) -->\n```python\n(.*?)```", page, re.DOTALL)
    row = re.search(r"^\+( +UnitInfo\(.*)$", page, re.MULTILINE)
    assert source
    assert row
    project.add(f"src/nalm/units/_{source[1]}", source[2])
    first_mlp = "    _mlp(1),"
    project.insert("src/nalm/units/_catalogue/table.py", first_mlp, row[1].replace("you2026", "madsen2020"))
    assert len(project.touched) == 2

    assert project.python("-c", NAMES) == "TanhNAU(3, 2)\n"
    assert re.search(r"^tanh_nau +tanh NAU +~add ~sub ", project.nalm("units"), re.MULTILINE)

    (project.folder / "added.toml").write_text(STUDY.format(operation="add", unit="tanh_nau"))
    project.nalm("run", "added.toml")
    (group,) = json.loads(project.nalm("summary", "results/added", "--format", "json"))
    assert (group["unit"], group["runs"]) == ("tanh_nau", 1)
    assert r"tanh NAU &" in project.nalm("summary", "results/added", "--format", "latex")
    project.nalm("plot", "results/added", "--to", "added.svg")

    files = [
        "tests/units/test_every_unit.py",
        "tests/units/test_registry.py",
        "tests/units/test_capabilities.py",
        "tests/training/lowerings/test_every_unit.py",
        "tests/docs/test_capabilities_table.py",
        "tests/test_citations.py",
    ]
    passed = project.tests(files, about="tanh_nau or test_registry or test_capabilities_table or test_citations")
    of_the_unit = [name for name in passed if "tanh_nau" in name]
    assert {f"test_unit[tanh_nau-{check}]" for check in testing.CHECKS} < set(of_the_unit)
    assert {"test_claim[tanh_nau-add]", "test_claim[tanh_nau-sub]"} < set(of_the_unit)
    assert "test_unit_trains_in_a_batch_and_has_a_kernel[tanh_nau]" in of_the_unit


OPERATIONS = "src/nalm/tasks/operations.py"
END_OF_OPERATIONS = "    )\n}"
# the output is 0, so that the loss is the mean square of the targets
ZERO = """
import torch
from torch import nn


class Zero(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(out_features, in_features))

    def forward(self, x):
        return 0 * (x @ self.w.T)
"""
LOSSES = """
import nalm, numpy as np
from nalm.tasks import ArithmeticTask

records = nalm.Results.open("results/added").records()
like = ArithmeticTask(kind="single-module", operation="add")
batch, _ = like.batches(like.open_stream(0, "paper", 128).draw(1), 0, "paper")
validation, _ = like.evaluation_set("validation", 0, "paper", 10_000)
for column, x in (("train_loss", batch[0]), ("interpolation_error", validation.T)):
    np.testing.assert_allclose(records[column][0], np.square(np.max(x, axis=0)).mean(), rtol=1e-5)
"""


def test_an_operation_is_one_row(project: Project) -> None:
    row = '        OperationInfo("largest", "Largest number", None, lambda *operands: np.max(operands, axis=0)),'
    project.insert(OPERATIONS, END_OF_OPERATIONS, row)
    compiled = '        OperationInfo("smallest", "Smallest number", 2, np.minimum, "a < b ? a : b"),'
    project.insert(OPERATIONS, END_OF_OPERATIONS, compiled)
    assert set(project.touched) == {OPERATIONS}

    (project.folder / "zero.py").write_text(ZERO)
    (project.folder / "added.toml").write_text(STUDY.format(operation="largest", unit="zero:Zero"))
    project.nalm("run", "added.toml")
    project.python("-c", LOSSES)
    (group,) = json.loads(project.nalm("summary", "results/added", "--format", "json"))
    assert (group["operation"], group["runs"]) == ("largest", 1)
    assert "Results for largest number with" in project.nalm("summary", "results/added", "--format", "latex")
    project.nalm("plot", "results/added", "--to", "added.svg")

    passed = project.tests(["tests/training/stacked/test_data.py"], about="largest or smallest")
    for operation in ("largest", "smallest"):
        of_the_operation = {name.partition("[")[0] for name in passed if operation in name}
        assert of_the_operation >= {
            "test_compiled_data_equal_numpy_bit_for_bit",
            "test_training_and_evaluation_targets_are_of_one_function",
        }


def test_a_study_is_one_file(project: Project) -> None:
    project.add("src/nalm/studies/added-2026/product.toml", STUDY.format(operation="mul", unit="nmu"))
    assert len(project.touched) == 1

    assert re.search(r"^added-2026/product +Added +1 ", project.nalm("list"), re.MULTILINE)
    project.nalm("run", "added-2026/product")
    (group,) = json.loads(project.nalm("summary", "results/added-2026/product", "--format", "json"))
    assert (group["unit"], group["runs"]) == ("nmu", 1)
    project.nalm("plot", "results/added-2026/product", "--to", "added.svg")
    assert "madsen2020" in project.nalm("cite", "added-2026/product")

    passed = project.tests(["tests/studies/test_catalogue.py"], about="added-2026")
    assert passed == ["test_every_study_can_be_run_and_cited[added-2026/product]"]
