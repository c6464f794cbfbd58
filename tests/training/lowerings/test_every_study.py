"""Every network of many inputs of every study has a kernel, in which these inputs are loops."""

from __future__ import annotations

from functools import cache

import pytest

from nalm import studies
from nalm.training.lowerings.choice import ProgramKey, program_key, step_of
from nalm.training.lowerings.native import WIDE, evaluation_rows, generate

pytestmark = pytest.mark.heavy

# a compiler takes about a minute for so much
MOST_CHARACTERS = 300_000


@cache
def keys() -> dict[ProgramKey, str]:
    """The distinct networks of many inputs, each with a study that has it."""
    found: dict[ProgramKey, str] = {}
    for name in studies.names():
        for run in studies.expand(studies.load(name), seeds=(0,)):
            if run.task.trainer == "stacked" and run.task.in_features >= WIDE:
                found.setdefault(program_key(run), name)
    return found


def extremes() -> list[ProgramKey]:
    """Of networks that differ in hidden size or number of inputs alone, the smallest and the largest."""
    alike: dict[object, list[ProgramKey]] = {}
    for key in keys():
        structure = (key.layers.model_copy(update={"hidden_size": 2}), key.training)
        alike.setdefault(repr(structure), []).append(key)
    chosen = {}
    for group in alike.values():
        for of in (min, max):
            chosen[of(group, key=lambda key: (key.layers.hidden_size, key.in_features))] = None
    return list(chosen)


def test_every_wide_network_of_every_study_has_a_kernel() -> None:
    problems = []
    for key in extremes():
        rows = evaluation_rows(key.training.test_samples, key.in_features)
        code = generate(step_of(key), (rows,))
        assert "void train(" in code
        if len(code) > MOST_CHARACTERS or f"F = {key.in_features};" not in code:
            problems.append(f"{keys()[key]} {key.label}, {key.in_features} inputs: {len(code)} characters")
    assert problems == []
