"""A copy of the project to which a thing is added, and which is then used like the project itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
_CACHES = shutil.ignore_patterns("__pycache__", "_build")

# the command line of the copy, again and again in one process, which imports the copy once
_COMMANDS = """
import contextlib, io, json, sys, traceback
from nalm.cli import main

for line in sys.stdin:
    sys.argv = ["nalm", *json.loads(line)]
    written, status = io.StringIO(), 0
    with contextlib.redirect_stdout(written), contextlib.redirect_stderr(written):
        try:
            main()
        except SystemExit as end:
            status = end.code or 0
        except BaseException:
            traceback.print_exc()
            status = 1
    print(json.dumps([status, written.getvalue()]), file=sys.__stdout__, flush=True)
"""


class Project:
    """The copy.

    Attributes:
        folder: Where it is.
        touched: The files that were added or changed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.touched: list[str] = []
        self._commands: subprocess.Popen[str] | None = None
        for name in ("src", "tests", "docs"):
            shutil.copytree(ROOT / name, folder / name, ignore=_CACHES)
        shutil.copy(ROOT / "pyproject.toml", folder)

    def add(self, path: str, text: str) -> None:
        """Write a new file."""
        file = self.folder / path
        assert not file.exists()
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        self.touched.append(path)

    def insert(self, path: str, before: str, line: str) -> None:
        """Insert a line before the only one that is `before`."""
        file = self.folder / path
        head, found, tail = file.read_text().partition(f"\n{before}\n")
        assert found
        assert f"\n{before}\n" not in tail
        file.write_text(f"{head}\n{line}{found}{tail}")
        self.touched.append(path)

    def replace(self, path: str, old: str, new: str) -> None:
        """Change what a file says once."""
        file = self.folder / path
        text = file.read_text()
        assert text.count(old) == 1
        file.write_text(text.replace(old, new))
        self.touched.append(path)

    @property
    def _environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(self.folder / "src")}

    def python(self, *words: str) -> str:
        """Return what Python prints in the folder of the copy; it must succeed."""
        done = subprocess.run(
            [sys.executable, *words], cwd=self.folder, env=self._environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def nalm(self, *words: str) -> str:
        """Return what a command prints, once all is added; it must succeed."""
        if self._commands is None:
            pipe = subprocess.PIPE
            command = [sys.executable, "-c", _COMMANDS]
            self._commands = subprocess.Popen(
                command, cwd=self.folder, env=self._environment, stdin=pipe, stdout=pipe, text=True
            )
        assert self._commands.stdin is not None
        assert self._commands.stdout is not None
        self._commands.stdin.write(json.dumps(words) + "\n")
        self._commands.stdin.flush()
        status, written = json.loads(self._commands.stdout.readline())
        assert status == 0, written
        return str(written)

    def close(self) -> None:
        """End the process of the commands."""
        if self._commands is not None:
            self._commands.communicate()

    def tests(self, files: list[str], about: str) -> list[str]:
        """Run the tests of `files` that `about` selects, and return their names; all of them must pass."""
        options = ["-n", "0", "-v", "-p", "no:cacheprovider", "-k", about]
        lines = self.python("-m", "pytest", *options, *files).splitlines()
        return [line.partition("::")[2].partition(" PASSED")[0] for line in lines if " PASSED" in line]
