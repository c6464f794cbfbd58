"""BibTeX entries."""

from __future__ import annotations

import re

import pytest

from nalm import units
from nalm.citations import BIBTEX, cite
from nalm.errors import InputError
from nalm.studies import load, names


@pytest.mark.parametrize("key", BIBTEX)
def test_entries_are_complete(key: str) -> None:
    entry = BIBTEX[key]
    assert re.match(r"@(inproceedings|article|misc)\{" + key + ",", entry)
    assert entry.count("{") == entry.count("}")
    fields = set(re.findall(r"^  (\w+) = \{", entry, re.MULTILINE))
    assert fields >= {"title", "author", "year"}
    assert fields & {"eprint", "url"}
    assert f"year = {{{re.search(r'[0-9]{4}', key)[0]}}}" in entry


def test_every_unit_and_study_has_an_entry() -> None:
    for info in units.UNITS:
        if info.paper:
            assert cite(info.name) == BIBTEX[info.paper]
    for study in names():
        assert cite(study) == cite(study.rpartition("/")[0] or study) == BIBTEX[load(study).paper]


def test_errors() -> None:
    with pytest.raises(InputError, match="cannot cite 'nmuu': no such unit, study or paper; did you mean 'nmu'"):
        cite("nmuu")
    with pytest.raises(InputError, match="cannot cite 'relu': a plain dense layer has no paper of its own"):
        cite("relu")
    with pytest.raises(InputError, match="no such unit, study or paper; did you mean 'snmu-2022/figure-"):
        cite("snmu-2022/figure-3")
