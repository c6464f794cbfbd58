"""The two files of a finished batch: its records, and the final parameters of its runs.

The weights are written first and the records note their checksum, so that a batch is finished when its records are
there. Names follow from the run ids, and equal results give equal bytes, so that two processes that train the same
batch write the same files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from nalm.errors import StoreError
from nalm.results.columns import METRICS_NOTED, described_metrics, newest_version, schema
from nalm.results.records import Records
from nalm.results.store import files

RECORDS, WEIGHTS, DAMAGED = "records", "weights", "damaged"

State = Mapping[str, Mapping[str, np.ndarray]]
"""Final parameters by run id and parameter name."""


def write(folder: Path, records: Records, state: State) -> None:
    """Write both files of a batch.

    Raises:
        OSError: one could not be written; nothing half-written is left behind.
    """
    name = _batch_name(records.table["run"].unique())
    weights = _weights_bytes(state)
    note = {"weights": hashlib.sha256(weights).hexdigest(), **_note_of(records)}
    files.write_whole(folder / WEIGHTS / f"{name}.safetensors", weights)
    files.write_whole(folder / RECORDS / f"{name}.parquet", files.parquet_bytes(records.table, note))


def read(path: Path) -> Records:
    """Return the records of a file.

    Raises:
        StoreError: a newer nalm wrote it, or it cannot be read at all.
        DamagedFileError: it is damaged, or lacks a column of its version.
        FileNotFoundError: another process has just set it aside.
    """
    return _read(path)[0]


def read_whole(path: Path) -> Records:
    """Return the records of a file whose weights are whole too.

    Raises:
        StoreError: as `read`.
        DamagedFileError: as `read`, or the weights are damaged.
        FileNotFoundError: as `read`.
    """
    records, note = _read(path)
    weights = _weights_of(path)
    try:
        content = weights.read_bytes()
    except FileNotFoundError:
        raise files.DamagedFileError(f"{WEIGHTS}/{weights.name} is missing") from None
    except OSError as error:
        raise _unreadable(weights, error) from None
    if hashlib.sha256(content).hexdigest() != note["weights"]:
        raise files.DamagedFileError(f"{WEIGHTS}/{weights.name} is truncated or altered")
    return records


def find_weights(folder: Path, run: str) -> dict[str, np.ndarray]:
    """Return the final parameters of a run by name; none where no file has them."""
    for path in sorted((folder / WEIGHTS).glob("*.safetensors")):
        with safetensors.safe_open(path, framework="numpy") as file:
            names = [key for key in file.keys() if key.startswith(f"{run}/")]  # noqa: SIM118
            found = {name.partition("/")[2]: file.get_tensor(name) for name in names}
        if found:
            return found
    return {}


def set_aside(path: Path) -> bool:
    """Move the files of a batch to the folder of damaged ones; return False where another process was faster.

    The records go first: without them the batch counts as not finished.

    Raises:
        OSError: they cannot be moved.
    """
    damaged = path.parents[1] / DAMAGED
    moved = files.set_aside(path, damaged)
    weights = _weights_of(path)
    if weights.exists():
        files.set_aside(weights, damaged)
    return moved


def _batch_name(runs: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(runs)).encode()).hexdigest()[:16]


def _weights_of(records: Path) -> Path:
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


def _read(path: Path) -> tuple[Records, dict[str, Any]]:
    try:
        table, note = files.read_parquet(path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _unreadable(path, error) from None
    version = note.get("version", 1)
    if version > newest_version():
        raise StoreError(
            f"{path}: has version {version} of the records, written by a newer nalm; this one reads versions up to "
            f"{newest_version()}: update nalm"
        )
    missing = [name for name in schema(version=version) if name not in table.columns]
    if missing:
        raise files.DamagedFileError(f"has no column {missing[0]!r}")
    if version < METRICS_NOTED:
        return Records(table, tuple(described_metrics(table.columns, version=1))), note
    if not set(note.get("metrics", [None])) <= set(table.columns):
        raise files.DamagedFileError("does not say which columns are metrics")
    return Records(table, tuple(note["metrics"])), note


def _unreadable(path: Path, error: OSError) -> StoreError:
    return StoreError(f"{path}: cannot be read ({error.strerror})")
