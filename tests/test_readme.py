"""README is run: its Python blocks as they stand, its study file as far as its runs."""

import re
from pathlib import Path

import pytest

from nalm.studies import cells, check_networks, loads

README = (Path(__file__).parents[1] / "README.md").read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", blocks("python"))
def test_python_blocks_run(block, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    if "print" in block:
        assert printed == "-2100.0\n"


def test_study_file_is_valid():
    (text,) = blocks("toml")
    study = loads(text, "speed", source="README.md")
    check_networks(study)
    assert len(cells(study)) == 2 * 3 * 2
