"""The studies that ship with nalm: every TOML file beside this one, a folder per paper."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent


@cache
def _files() -> dict[str, Path]:
    files = {path.relative_to(_FOLDER).with_suffix("").as_posix(): path for path in _FOLDER.rglob("*.toml")}
    return dict(sorted(files.items(), key=lambda item: _natural(item[0])))


def _natural(name: str) -> tuple[object, ...]:
    """Sort `figure-10` behind `figure-9`, and what lies in no folder first."""
    folder, _, last = name.rpartition("/")
    words = tuple((word.isdigit(), int(word) if word.isdigit() else word) for word in last.split("-"))
    return folder, words


def names() -> tuple[str, ...]:
    """Return the names of the studies that ship."""
    return tuple(_files())


def papers() -> dict[str, str]:
    """Return the citation key of each study that ships, empty where it names none."""
    return {name: tomllib.loads(path.read_text("utf-8")).get("paper", "") for name, path in _files().items()}


def shipped(name: str) -> Path | None:
    """Return the file of a study that ships, or None where there is none of this name."""
    return _files().get(name)
