"""What a study gives as a unit or its arguments and should not: one line each."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.command import Command

REFUSED = {
    '"nmu", arguments = { in_features = 3 }': "argument 'in_features' is not a study's to give: it follows from",
    '"nmu", arguments = { out_features = 1 }': "argument 'out_features' is not a study's to give: it follows from",
    '"nmu", arguments = { device = "cuda" }': "argument 'device' is not a study's to give: give nalm run --device",
    '"nmu", arguments = { dtype = "float16" }': "argument 'dtype' is not a study's to give: networks are trained in",
    '"torch.nn:Linear", arguments = { dtype = "float64" }': "argument 'dtype' is not a study's to give",
    '"torch.nn:Embedding"': "torch.nn:Embedding: RuntimeError",
    '"torch.nn:Conv1d"': "(in_features, out_features): missing a required argument: 'kernel_size'",
    '"torch.nn:ReLU"': "cannot be called with (in_features, out_features): too many positional arguments",
    '"torch.nn:Module"': "torch.nn:Module: TypeError",
    '"torch:add"': "add must be a subclass of torch.nn.Module",
    '"math:pi"': "pi must be a subclass of torch.nn.Module, got 3.14",
    '"builtins:int"': "int must be a subclass of torch.nn.Module",
    '"nowhere.at_all:Class"': "nowhere",
    '"os:"': "os:",
    '":"': ":",
    '"a:b:c"': "a:b:c",
}


@pytest.mark.parametrize("unit", REFUSED, ids=str)
def test_units_that_are_none_are_one_line(command: Command, study: Path, unit: str) -> None:
    study.write_text(study.read_text().replace('unit = "nmu"', f"unit = {unit}"))
    outcome = command("run", study)
    assert outcome.status == 2
    told = [line for line in outcome.errors.splitlines() if "names code of its own" not in line]
    assert REFUSED[unit] in outcome.errors
    assert len(told) == 1
    assert not Path("results").exists()
