"""Checksums of the code of a user's own classes."""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nalm.errors import InputError, StudyError
from nalm.studies import loads, pin
from nalm.units import source_hash
from support.study_texts import MINIMAL

BASE = """
from torch import nn
class Base(nn.Linear):
    pass
"""
UNIT = """
import {base}
class Unit({base}.Base):
    def forward(self, x):
        return super().forward(x)
"""
COUNT = itertools.count()

Hashes = Callable[[str, str], str | None]


@pytest.fixture
def hash_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hashes]:
    """Hash a unit whose file and whose base class's file end in these lines."""
    monkeypatch.syspath_prepend(str(tmp_path))
    made: list[str] = []

    def of(end_of_unit: str, end_of_base: str) -> str | None:
        base, unit = (f"{name}_{next(COUNT)}_for_sources" for name in ("base", "unit"))
        made.extend((base, unit))
        (tmp_path / f"{base}.py").write_text(BASE + end_of_base)
        (tmp_path / f"{unit}.py").write_text(UNIT.format(base=base))
        before = source_hash(f"{unit}:Unit")
        (tmp_path / f"{unit}.py").write_text(UNIT.format(base="base") + end_of_unit)
        after = source_hash(f"{unit}:Unit")
        assert before != after
        return after

    yield of
    for name in made:
        sys.modules.pop(name, None)


def test_changes_with_the_files_of_the_class_and_of_those_it_derives_from(hash_of: Hashes) -> None:
    same = hash_of("", "")
    assert same is not None
    assert re.fullmatch("[0-9a-f]{16}", same)
    assert hash_of("", "") == same
    assert len({same, hash_of("# changed", ""), hash_of("", "# changed")}) == 3


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
