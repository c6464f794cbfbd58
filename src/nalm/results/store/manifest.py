"""What was written into a results folder: a checksum of every file, so that one that is lost or altered is noticed.

    manifest/NAME.log   of each process that wrote: a line for what it wrote, and one for what it took away again

A line is the beginning of its own checksum, by which others refer to it, and a JSON object:

    {"files": {"records/BATCH.parquet": SHA256, …}, "runs": 25, "id": …}   these files are here now
    {"files": {"study.toml": SHA256}, "study": …, "id": …}                 and the study, with what decides its runs
    {"gone": [LINE, …], "id": …}                                           the files of these lines are needed no more

Nobody appends to the log of another process, so that file systems that know no locks are good enough. Files are listed
once they have their names, and crossed out before they go: killed at any time, no line names a file that was never
there, and a file that no line names is one of a folder without a manifest. What a kill cut off at the end of a log was
not written.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from nalm import files
from nalm.errors import StoreError

MANIFEST = "manifest"

_DIGITS = 16
_KEYS = {"files", "runs", "study", "gone", "id"}
# how often logs that come and go are looked through
_LOOKS = 20


def checksum(content: bytes) -> str:
    """Return what a manifest says of a file with this content."""
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Entry:
    """Files that were written together.

    Attributes:
        line: Name of its line.
        checksums: By path within the folder.
        runs: How many they hold.
        study: What decides the runs of the study that they are, if they are one.
    """

    line: str
    checksums: Mapping[str, str]
    runs: int = 0
    study: str | None = None


@dataclass(frozen=True)
class Manifest:
    """All that the logs of a folder say.

    Attributes:
        entries: Of everything that was written ever.
        gone: Names of the lines whose files are not needed any more.
    """

    entries: tuple[Entry, ...] = ()
    gone: frozenset[str] = frozenset()

    @cached_property
    def checksums(self) -> Mapping[str, frozenset[str]]:
        """The contents that a file can have, by its path: several where processes wrote it in their own ways."""
        found: dict[str, set[str]] = {}
        for entry in self.entries:
            for name, digest in entry.checksums.items():
                found.setdefault(name, set()).add(digest)
        return {name: frozenset(digests) for name, digests in found.items()}

    @property
    def studies(self) -> set[str]:
        """What decides the runs of the study, as it was written."""
        return {entry.study for entry in self.entries if entry.study is not None}

    def is_as_written(self, name: str, content: bytes) -> bool:
        """Whether a file is what was written, as far as anybody knows."""
        known = self.checksums.get(name)
        return known is None or checksum(content) in known

    def expected(self, folder: str) -> dict[str, Entry]:
        """Return the files of a folder that must be there, by path, and what they were written with."""
        return {
            name: entry
            for entry in self.entries
            if entry.line not in self.gone
            for name in entry.checksums
            if name.startswith(f"{folder}/")
        }

    def missing(self, folder: str, there: Iterable[Path]) -> dict[str, Entry]:
        """Return the files of a folder that must be there and are not among those that are, as `expected`."""
        names = {f"{folder}/{path.name}" for path in there}
        return {name: entry for name, entry in self.expected(folder).items() if name not in names}

    def lines_of(self, name: str) -> list[str]:
        """Return the lines that say that a file must be there."""
        return [entry.line for entry in self.entries if name in entry.checksums and entry.line not in self.gone]


@dataclass
class Log:
    """The part of a folder's manifest that one process writes; its threads take turns."""

    folder: Path
    _name: str = field(default_factory=lambda: f"{secrets.token_hex(8)}.log")
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def add(self, checksums: Mapping[str, str], runs: int = 0, study: str | None = None) -> None:
        """List files that have just been written.

        Raises:
            OSError: it cannot be written; the files are there all the same.
        """
        line = self._append({"files": dict(checksums), **({"runs": runs} if runs else {}), **_given(study=study)})
        records = [name for name in checksums if name.startswith("records/")]
        # another process may have put them into a larger file meanwhile, or set them aside
        if not all((self.folder / name).exists() for name in records):
            self.cross_out([line])

    def cross_out(self, lines: Collection[str]) -> None:
        """Note that the files of some lines are not needed any more.

        Raises:
            OSError: it cannot be written.
        """
        if lines:
            self._append({"gone": sorted(lines)})

    def _append(self, content: Mapping[str, Any]) -> str:
        # equal lines are different ones: a file can be written, set aside, and written again
        text = json.dumps({**content, "id": secrets.token_hex(4)}, separators=(",", ":")).encode()
        name = checksum(text)[:_DIGITS]
        with self._turn:
            (self.folder / MANIFEST).mkdir(exist_ok=True)
            files.append_line(self.folder / MANIFEST / self._name, name.encode() + b" " + text)
        return name


def read(folder: Path) -> Manifest:
    """Return the manifest of a results folder; an empty one of a folder that has none.

    Raises:
        StoreError: a log is damaged, cannot be read, or was written by a newer nalm.
    """
    entries: dict[str, Entry] = {}
    gone: set[str] = set()
    for path, content in _logs(folder):
        for number, line in enumerate(_whole_lines(content), start=1):
            found = _parsed(line)
            if found is None:
                raise StoreError(f"{path}: line {number} is damaged; nalm run on this folder lists its files anew")
            if not set(found) <= _KEYS:
                raise StoreError(f"{path}: line {number} was written by a newer nalm; update nalm")
            gone.update(found.get("gone", ()))
            if "files" in found:
                entry = Entry(_name(line), found["files"], found.get("runs", 0), found.get("study"))
                entries[entry.line] = entry
    return Manifest(tuple(entries.values()), frozenset(gone))


def mend(folder: Path, damaged: Path) -> list[str]:
    """Move damaged logs to the folder `damaged`; return a sentence for each.

    Raises:
        OSError: one cannot be moved.
        StoreError: one cannot be read.
    """
    said = []
    for path, content in _logs(folder):
        if any(_parsed(line) is None for line in _whole_lines(content)) and files.set_aside(path, damaged):
            said.append(f"{path}: damaged; moved to {damaged}, what it named is listed anew")
    return said


def merge(folder: Path) -> None:
    """Put the logs of processes that have long ended together, without what is crossed out.

    Raises:
        OSError: the new log cannot be written; the old ones are there then.
        StoreError: a log is damaged or cannot be read.
    """
    manifest = read(folder)
    old, lines = [], []
    for path, content in _logs(folder):
        with suppress(FileNotFoundError):
            if files.is_stale(path):
                old.append(path)
                lines += [line for line in _whole_lines(content) if _name(line) not in manifest.gone]
    if len(old) > 1:
        new = folder / MANIFEST / f"{secrets.token_hex(8)}.log"
        files.write_whole(new, b"".join(line + b"\n" for line in dict.fromkeys(lines)))
        for path in old:
            path.unlink(missing_ok=True)


def _logs(folder: Path) -> list[tuple[Path, bytes]]:
    """Return the logs of a folder with their contents; they may be put together meanwhile."""
    error: OSError | None = None
    for _ in range(_LOOKS):
        try:
            return [(path, path.read_bytes()) for path in sorted((folder / MANIFEST).glob("[!.]*.log"))]
        except FileNotFoundError:
            continue
        except OSError as fault:
            error = fault
            break
    raise StoreError(f"{folder / MANIFEST}: cannot be read ({error.strerror if error else 'it changes all the time'})")


def _whole_lines(content: bytes) -> Iterable[bytes]:
    """Return the lines of a log but for one that was cut off."""
    return content.split(b"\n")[:-1]


def _name(line: bytes) -> str:
    return line[:_DIGITS].decode("ascii", errors="replace")


def _parsed(line: bytes) -> dict[str, Any] | None:
    """Return what a line says, or None where it is damaged."""
    text = line[_DIGITS + 1 :]
    if checksum(text)[:_DIGITS] != _name(line):
        return None
    found: dict[str, Any] = json.loads(text)
    return found


def _given(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
