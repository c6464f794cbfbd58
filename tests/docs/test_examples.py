"""The examples of the documentation are run: a page's blocks one after the other, in an empty folder.

A Python block is executed; what a line `print(...)  # text` says it prints is compared. Comments before a block:

    <!-- file: NAME -->     the block is the content of a file, which later blocks use
    <!-- run -->            the commands of a console block are run; lines of output that are shown must be there
    <!-- run: loosely -->   the same, but numbers may differ (they depend on the processor in the last bits)
    <!-- printed -->        the block is all that the Python block before it printed (`printed: loosely` as above)
    <!-- needs: PACKAGE --> the page needs an optional package, and is skipped without it
"""

import importlib.util
import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.command import HANGS_S, nalm

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "api").glob("*.md")])

_PART = re.compile(
    r"^<!-- (?P<key>\w+)(: (?P<value>.+?))? -->\n|^```(?P<language>\w+)\n(?P<code>.*?)^```$", re.M | re.S
)
ACTIONS = ("file", "run", "printed")
_SAID = re.compile(r"^ *print\(.*\)  # (.*)$", re.M)


@dataclass(frozen=True)
class Block:
    """A fenced block and the comment right before it."""

    line: int
    language: str
    code: str
    comment: tuple[str, str | None]


def blocks(page):
    text, comment, found = page.read_text(), ("", None), []
    end = 0
    for part in _PART.finditer(text):
        adjacent = not text[end : part.start()].strip()
        if part["key"]:
            comment = (part["key"], part["value"])
        else:
            line = text.count("\n", 0, part.start()) + 2
            found.append(Block(line, part["language"], part["code"], comment if adjacent else ("", None)))
            comment = ("", None)
        end = part.end()
    return found


def needed(page):
    return re.findall(r"^<!-- needs: (\w+) -->$", page.read_text(), re.M)


def is_run(block):
    return block.language == "python" or block.comment[0] in ACTIONS


@pytest.mark.parametrize("page", [p for p in PAGES if any(map(is_run, blocks(p)))], ids=lambda page: page.stem)
def test_examples_run(page, tmp_path, monkeypatch, capsys):
    for package in needed(page):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed, which {page.name} is about")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    imported = set(sys.modules)
    namespace, printed = {"__name__": "__main__"}, []
    for block in filter(is_run, blocks(page)):
        where = f"{page.relative_to(ROOT)}:{block.line}"
        match block.comment:
            case ("file", name):
                Path(name).write_text(block.code)
            case ("run", how):
                run_commands(block.code, where, loosely=how == "loosely")
            case ("printed", how):
                shown = block.code.splitlines()
                assert len(shown) == len(printed), where
                for line, actual in zip(shown, printed, strict=True):
                    assert pattern(line, loosely=how == "loosely").fullmatch(" ".join(actual.split())), where
            case _:
                exec(compile("\n" * (block.line - 1) + block.code, str(page), "exec"), namespace)
                printed, said = capsys.readouterr().out.splitlines(), _SAID.findall(block.code)
                assert not said or printed == said, where
    for name in set(sys.modules) - imported:  # modules of this page's folder are not those of the next
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


def pattern(line, loosely):
    """What a line of output may be: itself but for white space, anything for `…`, perhaps other numbers."""
    text = re.escape(" ".join(line.split())).replace("…", ".*")
    return re.compile(re.sub(r"\d+(\\\.\d+)?", r"[\\d.]+", text) if loosely else text)


def run_commands(code, where, loosely):
    """Run lines that begin with `$ nalm`; the lines below must be in their output, in order, `…` for anything."""
    for command, shown in re.findall(r"^\$ nalm (.*)\n((?:(?!\$ ).*\n)*)", code, re.M):
        process = nalm(shlex.split(command))
        output, errors = process.communicate(timeout=HANGS_S)
        assert process.returncode == 0, f"{where}: nalm {command}: {errors}"
        lines = iter([" ".join(line.split()) for line in (output + errors).splitlines()])
        for line in shown.splitlines():
            wanted = pattern(line, loosely)
            assert not line.strip(" …") or any(map(wanted.fullmatch, lines)), f"{where}: no {line!r} in\n{output}"


def test_comments_belong_to_blocks():
    """A misspelt comment would let a block go unrun."""
    for page in PAGES:
        keys = re.findall(r"^<!-- (\w+)(?:: .+?)? -->$", page.read_text(), re.M)
        used = [block.comment[0] for block in blocks(page) if block.comment[0] in ACTIONS]
        assert [key for key in keys if key in ACTIONS] == used, page.name
        assert set(keys) <= {*ACTIONS, "needs"}, page.name
