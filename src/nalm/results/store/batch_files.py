"""The two files of a finished batch: its records, and the final parameters of its runs.

The weights are written first and the records note their checksum, so that a batch is finished when its records are
there. Names follow from the run ids, and equal results give equal bytes, so that two processes that train the same
batch write the same files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import safetensors
import safetensors.numpy

from nalm import files
from nalm.errors import StoreError
from nalm.results.columns import METRICS_NOTED, described_metrics, newest_version, schema
from nalm.results.records import Records
from nalm.results.store.manifest import Manifest, checksum
from nalm.results.store.parquet import ALTERED, DamagedFileError, check_ends, parquet_bytes, read_parquet

RECORDS, WEIGHTS, DAMAGED = "records", "weights", "damaged"

# a table is cut into groups of at least so many rows, which readers take or leave as a whole
_GROUP_ROWS = 131_072

# how often a folder whose files come and go is looked through
_LOOKS = 100

State = Mapping[str, Mapping[str, np.ndarray]]
"""Final parameters by run id and parameter name."""


class Written(NamedTuple):
    """The file of records of a batch that was written, and the checksums of both files by their paths in the folder."""

    path: Path
    checksums: dict[str, str]


def write(folder: Path, records: Records, state: State, *, even_groups: bool = False) -> Written:
    """Write both files of a batch.

    Args:
        folder: of the results.
        records: of some runs.
        state: their final parameters.
        even_groups: divide many rows evenly into groups, instead of leaving the rest of them in a small last one.

    Raises:
        OSError: one could not be written; nothing half-written is left behind.
    """
    name = path_of(folder, records).stem
    weights = _weights_bytes(state)
    note = {"weights": checksum(weights), **_note_of(records)}
    groups = max(1, len(records.table) // _GROUP_ROWS) if even_groups else None
    contents = {
        f"{WEIGHTS}/{name}.safetensors": weights,
        f"{RECORDS}/{name}.parquet": parquet_bytes(records.table, note, groups),
    }
    for file, content in contents.items():
        files.write_whole(folder / file, content)
    return Written(folder / file, {file: checksum(content) for file, content in contents.items()})


def read(path: Path, manifest: Manifest) -> Records:
    """Return the records of a file, which must be as the manifest of its folder says, if that knows it.

    Raises:
        StoreError: a newer nalm wrote it, or it cannot be read at all.
        DamagedFileError: it is damaged, or lacks a column of its version.
        FileNotFoundError: another process has just set it aside, or put it into a larger one.
    """
    return _read(path, manifest)[0]


def read_whole(path: Path, manifest: Manifest) -> Records:
    """Return the records of a file whose weights are whole too.

    Raises:
        StoreError: as `read`.
        DamagedFileError: as `read`, or the weights are damaged.
        FileNotFoundError: as `read`.
    """
    records, note = _read(path, manifest)
    weights = weights_of(path)
    try:
        content = weights.read_bytes()
    except FileNotFoundError:
        if not path.exists():
            raise  # the batch has just gone, records first
        raise DamagedFileError(f"{WEIGHTS}/{weights.name} is missing") from None
    except OSError as error:
        raise _unreadable(weights, error) from None
    if checksum(content) != note.get("weights"):
        raise DamagedFileError(f"{WEIGHTS}/{weights.name} is truncated or altered")
    return records


def read_weights(path: Path) -> dict[str, dict[str, np.ndarray]]:
    """Return the final parameters of the runs of a file of records.

    Raises:
        OSError: they cannot be read.
    """
    state: dict[str, dict[str, np.ndarray]] = {}
    for name, array in safetensors.numpy.load(weights_of(path).read_bytes()).items():
        run, _, parameter = name.partition("/")
        state.setdefault(run, {})[parameter] = array
    return state


def find_weights(folder: Path, run: str, manifest: Manifest) -> dict[str, np.ndarray]:
    """Return the final parameters of a run by name; none where no file has them.

    Raises:
        DamagedFileError: the file that has them is damaged, or one that may have them.
    """
    for _ in range(_LOOKS):
        damaged = None
        try:
            for path in sorted((folder / WEIGHTS).glob("[!.]*.safetensors")):
                try:
                    with safetensors.safe_open(path, framework="numpy") as file:
                        names = [key for key in file.keys() if key.startswith(f"{run}/")]  # noqa: SIM118
                        found = {name.partition("/")[2]: file.get_tensor(name) for name in names}
                except safetensors.SafetensorError:
                    damaged = path
                    continue
                if found and manifest.is_as_written(name_of(path), path.read_bytes()):
                    return found
                damaged = path if found else damaged
        except FileNotFoundError:
            continue  # part of a larger file now
        if damaged is not None:
            raise DamagedFileError(f"{WEIGHTS}/{damaged.name} is truncated or altered")
        return {}
    return {}


def delete(path: Path) -> None:
    """Delete the files of a batch, as `set_aside` moves them; what has gone is gone.

    Raises:
        OSError: they cannot be deleted.
    """
    path.unlink(missing_ok=True)
    weights_of(path).unlink(missing_ok=True)


def set_aside(path: Path) -> bool:
    """Move the files of a batch to the folder of damaged ones; return False where another process was faster.

    The records go first: without them the batch counts as not finished.

    Raises:
        OSError: they cannot be moved.
    """
    damaged = path.parents[1] / DAMAGED
    moved = files.set_aside(path, damaged)
    weights = weights_of(path)
    if weights.exists():
        files.set_aside(weights, damaged)
    return moved


def _batch_name(runs: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(runs)).encode()).hexdigest()[:16]


def path_of(folder: Path, records: Records) -> Path:
    """Return the file that records belong into, which follows from their runs."""
    return folder / RECORDS / f"{_batch_name(records.table['run'].unique())}.parquet"


def name_of(path: Path) -> str:
    """Return the path of a batch's file within its results folder, as the manifest has it."""
    return f"{path.parent.name}/{path.name}"


def weights_of(records: Path) -> Path:
    """Return the file of the weights that belong to a file of records."""
    return records.parents[1] / WEIGHTS / f"{records.stem}.safetensors"


def _weights_bytes(state: State) -> bytes:
    tensors = {
        f"{run}/{name}": np.asarray(array, order="C")
        for run, parameters in state.items()
        for name, array in parameters.items()
    }
    return bytes(safetensors.numpy.save(tensors))


def _note_of(records: Records) -> dict[str, Any]:
    """Return what a file notes of the version of its records: nothing of version 1."""
    if records.version == 1:
        return {}
    return {"version": records.version, "metrics": list(records.metrics)}


def _read(path: Path, manifest: Manifest) -> tuple[Records, dict[str, Any]]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _unreadable(path, error) from None
    check_ends(content)
    # before anything looks into it: readers of Parquet files print pages about those that are damaged
    if not manifest.is_as_written(name_of(path), content):
        raise DamagedFileError(ALTERED)
    table, note = read_parquet(content)
    version = note.get("version", 1)
    if not isinstance(version, int):
        raise DamagedFileError("does not say its version")
    if version > newest_version():
        raise StoreError(
            f"{path}: has version {version} of the records, written by a newer nalm; this one reads versions up to "
            f"{newest_version()}: update nalm"
        )
    missing = [name for name in schema(version=version) if name not in table.columns]
    if missing:
        raise DamagedFileError(f"has no column {missing[0]!r}")
    if version < METRICS_NOTED:
        return Records(table, tuple(described_metrics(table.columns, version=1))), note
    metrics = note.get("metrics")
    if not isinstance(metrics, list) or not {*map(str, metrics)} <= set(table.columns):
        raise DamagedFileError("does not say which columns are metrics")
    return Records(table, tuple(metrics)), note


def _unreadable(path: Path, error: OSError) -> StoreError:
    return StoreError(f"{path}: cannot be read ({error.strerror})")
