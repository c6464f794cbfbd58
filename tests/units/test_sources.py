"""Names of the code of a user's own classes: of what is loaded, not of what lies on disk."""

from __future__ import annotations

import importlib
import itertools
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from nalm.errors import InputError, StudyError
from nalm.studies import loads, pin
from nalm.units import source_hash
from support.study_texts import MINIMAL

# what a session has typed before it comes to its unit
BEGINNING = """
import functools
import math
import threading
import numpy as np
import torch
from torch import nn

SCALE = 2.0
LOCK = threading.Lock()
TABLE = {"one": [1, (2, 3)], "two": np.arange(3), "three": torch.ones(2)}

def double(x):
    return x * 2

def scaled(factor):
    class Scaled(nn.Linear):
        def forward(self, x):
            return super().forward(x) * factor
    return Scaled

class Base(nn.Linear):
    rate = 0.5
    def reach(self, x):
        return x

class Unit(Base):
    def __init__(self, i, o, act=torch.relu):
        super().__init__(i, o)
        self.act = act
    def forward(self, x):
        '''Give the output.'''
        with LOCK:
            return self.act(double(self.reach(super().forward(x)))) * SCALE + TABLE["one"][0] + math.pi

Half = functools.partial(Unit, act=torch.tanh)
Closed = scaled(3.0)
"""
COUNT = itertools.count()


@pytest.fixture
def typed() -> Iterator[Callable[[str], str]]:
    """Type a text into a session of its own; the name of its module."""
    made: list[str] = []

    def session(text: str) -> str:
        name = f"typed_{next(COUNT)}_for_sources"
        module = ModuleType(name)
        sys.modules[name] = module
        made.append(name)
        exec(compile(text, "<session>", "exec", dont_inherit=True), vars(module))
        return name

    yield session
    for name in made:
        sys.modules.pop(name, None)


SAME = {
    "comment": ("return x * 2", "return x * 2  # twice"),
    "lines": ("def double(x):", "\n\ndef double(x):"),
    "documentation": ("Give the output.", "Return the output."),
    "unused": ("SCALE = 2.0", "SCALE = 2.0; OTHER = 3.0"),
}
CHANGES = {
    "forward": ("* SCALE +", "* SCALE -"),
    "constant": ("math.pi", "math.pi + 1"),
    "function it calls": ("return x * 2", "return x * 3"),
    "value it names": ("SCALE = 2.0", "SCALE = 2.5"),
    "deep in a table": ("(2, 3)", "(2, 4)"),
    "array": ("np.arange(3)", "np.arange(3) + 1"),
    "tensor": ("torch.ones(2)", "torch.zeros(2)"),
    "type of a tensor": ("torch.ones(2)", "torch.ones(2).double()"),
    "default argument": ("act=torch.relu", "act=torch.sigmoid"),
    "attribute of the base": ("rate = 0.5", "rate = 0.25"),
    "method of the base": ("return x\n", "return -x\n"),
    "base of the base": ("class Base(nn.Linear)", "class Base(nn.Bilinear)"),
}


@pytest.mark.parametrize("change", SAME)
def test_what_does_nothing_changes_nothing(typed: Callable[[str], str], change: str) -> None:
    before, after = (typed(text) for text in (BEGINNING, BEGINNING.replace(*SAME[change])))
    found = source_hash(f"{before}:Unit")
    assert re.fullmatch("[0-9a-f]{16}", found or "")
    assert source_hash(f"{after}:Unit") == found


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_executed_counts(typed: Callable[[str], str], change: str) -> None:
    assert CHANGES[change][0] in BEGINNING
    before, after = (typed(text) for text in (BEGINNING, BEGINNING.replace(*CHANGES[change])))
    assert source_hash(f"{before}:Unit") != source_hash(f"{after}:Unit")


def test_arguments_of_a_partial_and_values_in_a_closure_count(typed: Callable[[str], str]) -> None:
    one = typed(BEGINNING)
    for name, before, after in (("Half", "torch.tanh", "torch.sin"), ("Closed", "scaled(3.0)", "scaled(4.0)")):
        other = typed(BEGINNING.replace(before, after))
        assert source_hash(f"{one}:{name}") != source_hash(f"{other}:{name}")
    assert source_hash(f"{one}:Half") != source_hash(f"{one}:Unit")


def test_a_patched_method_counts(typed: Callable[[str], str]) -> None:
    name = typed(BEGINNING)
    before = source_hash(f"{name}:Unit")
    sys.modules[name].Base.reach = lambda self, x: x + 1  # type: ignore[attr-defined]
    assert source_hash(f"{name}:Unit") != before


def test_another_process_gives_the_same(typed: Callable[[str], str], tmp_path: Path) -> None:
    """Whatever the order of its sets, and whether the class comes from source or from compiled files."""
    (tmp_path / "kept_for_sources.py").write_text(BEGINNING)
    names = ("Unit", "Half", "Closed")
    program = f"from nalm.units import source_hash as h; print(*[h(f'kept_for_sources:{{n}}') for n in {names}])"
    words = [sys.executable, "-c", program]
    said = [subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True).stdout for _ in range(2)]
    name = typed(BEGINNING)
    assert said[0] == said[1] == " ".join(str(source_hash(f"{name}:{cls}")) for cls in names) + "\n"


def test_the_loaded_class_counts_and_not_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    name = f"reloaded_{next(COUNT)}_for_sources"
    file = tmp_path / f"{name}.py"
    file.write_text(BEGINNING)
    before = source_hash(f"{name}:Unit")
    file.write_text(BEGINNING.replace("return x * 2", "return x * 3"))
    assert source_hash(f"{name}:Unit") == before
    importlib.invalidate_caches()
    importlib.reload(sys.modules[name])
    assert source_hash(f"{name}:Unit") != before
    del sys.modules[name]


def test_functions_of_the_users_other_modules_count(typed: Callable[[str], str]) -> None:
    texts = ("def helped(x): return x\nunused = 1", "def helped(x): return x\nunused = 2", "def helped(x): return -x")
    helpers = [typed(text) for text in texts]
    unit = """
import {0} as helpers
from torch import nn
class Unit(nn.Linear):
    def forward(self, x):
        return helpers.helped(x)
"""
    first, unused, changed = (source_hash(f"{typed(unit.format(helper))}:Unit") for helper in helpers)
    assert first == unused != changed


def test_what_cannot_be_told_is_refused_with_what_to_do(typed: Callable[[str], str]) -> None:
    text = """
        from torch import nn
        numbers = (i for i in range(10))
        class Unit(nn.Linear):
            def forward(self, x):
                return x * next(numbers)
    """
    with pytest.raises(InputError, match=r":Unit: .* numbers is a builtins\.generator.*make it in __init__"):
        source_hash(f"{typed(textwrap.dedent(text))}:Unit")


@pytest.mark.parametrize("target", ["nalm.units:NMU", "torch.nn:Linear", "torch.nn:Module"])
def test_classes_with_versions_have_none(target: str) -> None:
    assert source_hash(target) is None
    study = pin(loads(MINIMAL.replace('"nmu"', f'"{target}"'), "x"))
    assert study.sources == {}


def test_unknown_class() -> None:
    with pytest.raises(InputError, match="no module 'nowhere'"):
        source_hash("nowhere:Unit")


def test_all_unknown_classes_of_a_study_are_named() -> None:
    text = MINIMAL.replace('"nmu"', '"nowhere:One"') + '\n[[networks]]\nlayers = ["nau", "nowhere:Two"]\n'
    with pytest.raises(StudyError) as caught:
        pin(loads(text, "x"))
    assert [line.partition(" in ")[0] for line in caught.value.problems] == [
        "x: network 'One': nowhere:One: no module 'nowhere'",
        "x: network 'nau_Two': nowhere:Two: no module 'nowhere'",
    ]


def test_what_a_file_says_of_its_sources_is_replaced() -> None:
    study = loads(MINIMAL + '\n[sources]\n"my.units:Own" = "aa"\n', "x")
    assert study.sources == {"my.units:Own": "aa"}
    assert pin(study).sources == {}
