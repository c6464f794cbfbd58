"""The files of a results folder beside its batches: the study, and what it was run with."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

from nalm import files
from nalm.errors import StoreError
from nalm.results.store import manifest
from nalm.results.store.batch_files import DAMAGED, WEIGHTS
from nalm.results.store.environment import environment
from nalm.results.store.manifest import Log, Manifest, checksum
from nalm.results.store.provenance import PROVENANCE
from nalm.results.store.study_text import first_difference, identity, title

STUDY, ENVIRONMENT = "study.toml", "environment.json"


def read_study(folder: Path) -> str:
    """Return the text of the study.

    Raises:
        StoreError: it is not what was written.
        OSError: it cannot be read.
        UnicodeDecodeError: it is no text.
    """
    content = (folder / STUDY).read_bytes()
    if not manifest.read(folder).is_as_written(STUDY, content):
        raise StoreError(
            f"{folder}: study.toml is not what was written here, but truncated or altered; restore it, or give "
            f"nalm run STUDY --out {folder}, which writes it anew"
        )
    return content.decode()


def check_study(folder: Path, study_toml: str) -> None:
    """Check that a folder is for results of the study whose file has the text `study_toml`.

    Raises:
        StoreError: it belongs to another study.
    """
    there = (folder / STUDY).read_text(encoding="utf-8", errors="replace")
    difference = first_difference(there, study_toml)
    if difference is not None:
        raise StoreError(
            f"{folder}: holds results of another study ({title(there)}): {difference}; give another folder with --out"
        )


def write_study(folder: Path, study_toml: str, log: Log) -> list[str]:
    """Write the study, or check the one that is there, and mend it where it is damaged; return what was mended.

    Raises:
        StoreError: the folder belongs to another study.
        OSError: it cannot be written.
    """
    path = folder / STUDY
    written = manifest.read(folder)
    is_the_same = not written.studies or identity(study_toml) in written.studies
    altered = path.exists() and not _is_whole(folder, written, STUDY)
    if (altered or not path.exists()) and not is_the_same:
        raise StoreError(
            f"{folder}: study.toml is {'truncated or altered' if altered else 'missing'}, and these were no results of "
            "the study given; restore it, or give another folder with --out"
        )
    content = study_toml.encode()
    if written.studies and (altered or not path.exists()):
        # first, as others read it meanwhile
        log.add({STUDY: checksum(content)}, study=identity(study_toml))
    if altered:
        files.set_aside(path, folder / DAMAGED)
    if not files.create_whole(path, content):
        check_study(folder, study_toml)
    content = path.read_bytes()
    if not written.studies and checksum(content) not in written.checksums.get(STUDY, ()):
        log.add({STUDY: checksum(content)}, study=identity(content.decode(errors="replace")))
    return [f"{path}: truncated or altered; moved to {folder / DAMAGED}, written anew"] if altered else []


def environments(folder: Path) -> list[dict[str, str]]:
    """Return the versions and processors that results were made with, in order of first use."""
    try:
        content = json.loads((folder / ENVIRONMENT).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    return content if isinstance(content, list) and all(isinstance(entry, dict) for entry in content) else []


def add_environment(folder: Path, log: Log) -> list[str]:
    """Add this process's environment, and mend the file where it is damaged; return what was mended.

    Raises:
        OSError: it cannot be written.
    """
    path = folder / ENVIRONMENT
    altered = path.exists() and bool(_altered(folder, manifest.read(folder), [ENVIRONMENT]))
    if altered:
        files.set_aside(path, folder / DAMAGED)
    known = environments(folder)
    if environment() not in known:
        content = f"{json.dumps([*known, environment()], indent=2, ensure_ascii=False)}\n".encode()
        # first, as others read it meanwhile
        log.add({ENVIRONMENT: checksum(content)})
        files.write_whole(path, content)
    return [f"{path}: truncated or altered; moved to {folder / DAMAGED}, begun anew"] if altered else []


def notices(folder: Path) -> list[str]:
    """Return a line for each kind of file that is lost or altered though no number follows from it.

    Raises:
        StoreError: the manifest cannot be read.
    """
    written = manifest.read(folder)
    found = (
        written.missing(WEIGHTS, (folder / WEIGHTS).glob("*")),
        _altered(folder, written, written.expected(PROVENANCE)),
        _altered(folder, written, [ENVIRONMENT]),
    )
    return [f"{folder}: {listed(names)}; nalm run on this folder mends what it can" for names in found if names]


def listed(names: Collection[str]) -> str:
    """Say that files are missing or altered."""
    first, many = min(names), len(names) > 1
    return f"{len(names)} files are missing or altered: {first}, …" if many else f"{first} is missing or altered"


def _altered(folder: Path, written: Manifest, names: Collection[str]) -> list[str]:
    """Return those of some files that are missing or not as they were written."""
    return [name for name in names if name in written.checksums and not _is_whole(folder, written, name)]


def _is_whole(folder: Path, written: Manifest, name: str) -> bool:
    try:
        content = (folder / name).read_bytes()
    except OSError:
        return False
    # another process may have listed and written it since the manifest was read
    return written.is_as_written(name, content) or manifest.read(folder).is_as_written(name, content)
