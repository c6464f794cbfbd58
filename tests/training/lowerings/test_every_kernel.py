"""Whatever the studies that ship train is trained as the ordinary loop trains it.

There are hundreds of kernels, from some seconds to a minute each: a few in the suite, all with NALM_EVERY_KERNEL=1 (a
part of them with NALM_EVERY_KERNEL=2/5), which prints what it finds as it goes. Kernels are kept, so that it goes on
where it was stopped.
"""

from __future__ import annotations

import os
import sys

import pytest

from nalm.studies import conditions, load, names
from nalm.training.lowerings.choice import Fallback, ProgramKey, difference, lower, program_key
from nalm.training.stacked.trainer import StackedTrainer

pytestmark = pytest.mark.heavy

CHOSEN = os.environ.get("NALM_EVERY_KERNEL", "")


def networks() -> dict[ProgramKey, str]:
    """What has to be compiled for all studies, each with the study and the label that first need it."""
    found: dict[ProgramKey, str] = {}
    for name in names():
        study = load(name)
        for condition in conditions(study):
            if condition.task.trainer == StackedTrainer.name:
                key = program_key(condition.run(name, 0, {}))  # type: ignore[arg-type]
                found.setdefault(key, f"{name} {condition.label} ({key.in_features} inputs)")
    return found


def chosen(found: dict[ProgramKey, str]) -> dict[ProgramKey, str]:
    # the large ones, which take the compiler a minute each, come last
    ordered = sorted(found.items(), key=lambda item: item[0].in_features * item[0].layers.hidden_size)
    if not CHOSEN:
        return dict([item for item in ordered if item[0].in_features <= 10][::25])
    number, of = (int(part) for part in CHOSEN.split("/")) if "/" in CHOSEN else (1, 1)
    return dict(ordered[number - 1 :: of])


@pytest.mark.filterwarnings("ignore")
def test_every_network_of_every_study_is_trained_as_an_ordinary_loop_trains_it() -> None:
    found = networks()
    assert len(found) >= 240
    problems = []
    for key, name in chosen(found).items():
        lowered = lower(key)
        if isinstance(lowered, Fallback) and not lowered.batched:
            problems.append(f"{name}: {lowered.reason}")
            said = lowered.reason
        else:
            way = "tensor program: " + lowered.reason if isinstance(lowered, Fallback) else "kernel"
            problem = difference(key, lowered, updates=8, seed=1)
            said = way if problem is None else f"{way}: {problem}"
            if problem is not None:
                problems.append(f"{name}: {problem}")
        if CHOSEN:
            print(f"{name}: {said}", file=sys.__stderr__, flush=True)
    assert not problems
