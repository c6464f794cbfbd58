"""The results folder: records and weights of finished batches, safe against kills, full disks and second
processes.

    study.toml                 the study as run
    environment.json           what it was run with: versions and processor, one entry per environment
    records/BATCH.parquet      one row per run and logged step; a batch is finished when this file is there
    weights/BATCH.safetensors  final parameters, named RUN/PARAMETER; written before the records
    damaged/                   files that were found damaged; their runs are trained again

Files are written under a temporary name, synced and renamed. Names follow from the run ids, and equal results
give equal bytes, so that two processes that train the same batch write the same files.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import safetensors.numpy

from nalm import studies
from nalm.errors import StoreError, StudyError
from nalm.results import _files
from nalm.results._environment import environment
from nalm.results._order import sort_rows
from nalm.results._study_text import first_difference, title
from nalm.results.columns import METRICS_NOTED, described_metrics, newest_version, schema
from nalm.results.digit_summary import is_digits, summarise_digits
from nalm.results.records import Records, as_records, records_table
from nalm.results.selection import WINDOW
from nalm.results.summary import Group, summarise
from nalm.runs.record import TrainedRuns
from nalm.studies import Study

_STUDY, _ENVIRONMENT, _RECORDS, _WEIGHTS, _DAMAGED = (
    "study.toml",
    "environment.json",
    "records",
    "weights",
    "damaged",
)
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Store:
    """A results folder. Open it with `Store.create_or_open` to write, with `Store.open` to read.

    Attributes:
        path: the folder.
        study_toml: text of the study's file.
    """

    def __init__(self, path: Path, study_toml: str) -> None:
        self.path = path
        self.study_toml = study_toml

    @classmethod
    def create_or_open(cls, path: str | os.PathLike[str], study_toml: str) -> Store:
        """Open a folder for results of the study whose file has the text `study_toml`; create it if needed.

        A folder of the same study is continued. Two texts are the same study if they differ in nothing but
        seeds, title, description, citation and figure.

        Raises:
            StoreError: the folder belongs to another study or holds other things, is a file, or cannot be
                written.
        """
        store = cls(Path(path), study_toml)
        store._check_is_folder()
        try:
            store._check_is_ours_or_empty()
            for name in ("", _RECORDS, _WEIGHTS):
                (store.path / name).mkdir(parents=True, exist_ok=True)
            if not _files.create_whole(store.path / _STUDY, study_toml.encode()):
                store.check_study(study_toml)
            for name in ("", _RECORDS, _WEIGHTS):
                _files.remove_stale(store.path / name)
            store._add_environment()
        except OSError as error:
            raise StoreError(
                f"{path}: cannot write results here ({error.strerror}); give another folder with --out"
            ) from None
        return store

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Store:
        """Open an existing results folder for reading.

        Raises:
            StoreError: there is no results folder at `path`, or it cannot be read.
        """
        store = cls(Path(path), "")
        store._check_is_folder()
        try:
            store.study_toml = (store.path / _STUDY).read_text(encoding="utf-8")
        except FileNotFoundError:
            missing = "is not a results folder (no study.toml)" if store.path.is_dir() else "no such folder"
            raise StoreError(f"{path}: {missing}; nalm run STUDY --out {path} makes one") from None
        except (OSError, UnicodeDecodeError) as error:
            raise StoreError(f"{path}: study.toml cannot be read ({error})") from None
        return store

    @cached_property
    def study(self) -> Study | None:
        """The study, or None where the text is none that this version understands (imported results, say)."""
        try:
            return studies.loads(self.study_toml, self.path.name, source=_STUDY)
        except StudyError:
            return None

    @property
    def is_empty(self) -> bool:
        """Whether no batch is finished yet."""
        return not self._records_files()

    def environments(self) -> list[dict[str, str]]:
        """Return the versions and processors that results were made with, in order of first use."""
        try:
            content = json.loads((self.path / _ENVIRONMENT).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return []
        return content if isinstance(content, list) else []

    def check_study(self, study_toml: str) -> None:
        """Check that the folder is for results of the study whose file has the text `study_toml`.

        Raises:
            StoreError: it belongs to another study.
        """
        there = (self.path / _STUDY).read_text(encoding="utf-8")
        difference = first_difference(there, study_toml)
        if difference is not None:
            raise StoreError(
                f"{self.path}: holds results of another study ({title(there)}): {difference}; "
                "give another folder with --out"
            )

    def finished(self, on_damage: Callable[[str], None], *, set_aside: bool = True) -> set[str]:
        """Return the ids of all runs whose records and weights are whole.

        `on_damage` gets a line that names a damaged file; its runs count as not finished.

        Args:
            on_damage: told of damage.
            set_aside: move damaged files to the folder `damaged`; else nothing is changed.

        Raises:
            StoreError: the folder cannot be read, or a damaged file cannot be moved.
        """
        ids: set[str] = set()
        for path in self._records_files():
            try:
                records, note = _read(path)
                self._check_weights(path, note)
                ids.update(records.table["run"].unique())
            except FileNotFoundError:
                continue  # another process has just set it aside
            except _files.DamagedFileError as error:
                if set_aside:
                    self._set_aside(path, str(error), on_damage)
                else:
                    on_damage(f"{path}: {error}; nalm run sets it aside and trains its runs again")
            except OSError as error:
                raise StoreError(f"{path}: cannot be read ({error.strerror})") from None
        return ids

    def write(self, trained: TrainedRuns) -> None:
        """Add finished runs. When this returns, they survive a crash.

        Raises:
            StoreError: the disk is full or failed; finished batches are kept, and nothing half-written is
                left.
        """
        threshold = self.study.threshold if self.study else None
        self.add(records_table(trained, threshold), trained.state)

    def add(self, records: Records | pl.DataFrame, state: Mapping[str, Mapping[str, np.ndarray]]) -> None:
        """Add the records of some runs and their final parameters by run id and parameter name.

        Raises:
            StoreError: as `write`.
        """
        records = as_records(records)
        name = _batch_name(records.table["run"].unique())
        weights = _weights_bytes(state)
        note = {"weights": hashlib.sha256(weights).hexdigest(), **_note_of(records)}
        try:
            _files.write_whole(self.path / _WEIGHTS / f"{name}.safetensors", weights)
            _files.write_whole(self.path / _RECORDS / f"{name}.parquet", _files.parquet_bytes(records.table, note))
        except OSError as error:
            kept = len(self._records_files())
            cause = "the disk is full" if error.errno in _FULL else f"cannot write ({error.strerror})"
            raise StoreError(
                f"{self.path}: {cause}; {kept} finished batches are kept, the one under way is lost; "
                "make room and give the same command again to go on"
            ) from None

    def records(self) -> pl.DataFrame:
        """Return the long table, one row per run and logged step, in the order of the study.

        Columns are `run` to `sparsity_error` as in every study, a digit task's other metrics, weights `w0`, `w1`, …,
        the study's own parameters, then `status`, `failed_step`, `reason` and `threshold`.

        Raises:
            StoreError: a file is damaged, or of a newer nalm.
        """
        return self.read().table

    def read(self) -> Records:
        """Return the long table as `records` does, and which of its columns are metrics.

        Raises:
            StoreError: as `records`, or a column is a metric in one file and a parameter in another.
        """
        tables: list[pl.DataFrame] = []
        metrics: dict[str, None] = {}
        parameters: dict[str, Path] = {}
        seen: set[str] = set()
        for path in self._records_files():
            try:
                records, _ = _read(path)
            except FileNotFoundError:
                continue  # set aside by another process
            except _files.DamagedFileError as error:
                raise StoreError(
                    f"{path}: {error}; nalm run on this folder sets the file aside and redoes its runs"
                ) from None
            except OSError as error:
                raise StoreError(f"{path}: cannot be read ({error.strerror})") from None
            table = records.table
            metrics |= dict.fromkeys(records.metrics)
            parameters |= dict.fromkeys(records.parameters, path)
            # batches that were cut differently can hold the same run twice, with equal rows
            runs = set(table["run"].unique())
            tables.append(table.filter(~pl.col("run").is_in(list(seen))) if runs & seen else table)
            seen |= runs
        if not tables:
            return Records(pl.DataFrame(schema=schema()))
        for name in parameters:
            if name in metrics:
                raise StoreError(f"{parameters[name]}: {name!r} is a parameter of the study here, elsewhere a metric")
        together = Records(pl.concat(tables, how="diagonal_relaxed"), tuple(metrics)).in_order()
        return Records(sort_rows(together, self.study), together.metrics)

    def groups(self) -> list[Group]:
        """Return the summary of all finished runs, with the study's window of rows (`nalm.results.summary`).

        Raises:
            StoreError: as `records`.
        """
        records, window = self.read(), self.study.selection_window if self.study else WINDOW
        return summarise_digits(records, self.study, window) if is_digits(records) else summarise(records, window)

    def weights(self, run: str) -> dict[str, np.ndarray]:
        """Return the final parameters of a run by name.

        Raises:
            StoreError: the store holds no such run.
        """
        for path in sorted((self.path / _WEIGHTS).glob("*.safetensors")):
            with safetensors.safe_open(path, framework="numpy") as file:
                names = [key for key in file.keys() if key.startswith(f"{run}/")]  # noqa: SIM118
                found = {name.partition("/")[2]: file.get_tensor(name) for name in names}
            if found:
                return found
        raise StoreError(f"{self.path}: holds no weights of run {run!r}")

    def _records_files(self) -> list[Path]:
        return sorted((self.path / _RECORDS).glob("[!.]*.parquet"))

    def _check_is_folder(self) -> None:
        if self.path.exists() and not self.path.is_dir():
            raise StoreError(f"{self.path}: is a file; give the path of a folder")

    def _check_is_ours_or_empty(self) -> None:
        if not self.path.is_dir() or (self.path / _STUDY).exists():
            return
        ours = {_STUDY, _ENVIRONMENT, _RECORDS, _WEIGHTS, _DAMAGED}
        others = [entry.name for entry in self.path.iterdir() if entry.name not in ours and entry.name[0] != "."]
        if others:
            raise StoreError(
                f"{self.path}: holds {sorted(others)[0]!r} and no study.toml, so it is not a results folder; "
                "give an empty or new one"
            )

    def _add_environment(self) -> None:
        known = self.environments()
        if environment() not in known:
            text = json.dumps([*known, environment()], indent=2, ensure_ascii=False)
            _files.write_whole(self.path / _ENVIRONMENT, f"{text}\n".encode())

    def _check_weights(self, records: Path, note: Mapping[str, str]) -> None:
        path = self.path / _WEIGHTS / f"{records.stem}.safetensors"
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise _files.DamagedFileError(f"{_WEIGHTS}/{path.name} is missing") from None
        if hashlib.sha256(content).hexdigest() != note["weights"]:
            raise _files.DamagedFileError(f"{_WEIGHTS}/{path.name} is truncated or altered")

    def _set_aside(self, records: Path, fault: str, on_damage: Callable[[str], None]) -> None:
        """Move a records file away first: without it, its batch counts as not finished."""
        weights = self.path / _WEIGHTS / f"{records.stem}.safetensors"
        try:
            moved = _files.set_aside(records, self.path / _DAMAGED)
            if weights.exists():
                _files.set_aside(weights, self.path / _DAMAGED)
        except OSError as error:
            raise StoreError(f"{records}: {fault}, and it cannot be moved to {_DAMAGED}/ ({error.strerror})") from None
        if moved:
            on_damage(f"{records}: {fault}; moved to {self.path / _DAMAGED}, its runs are trained again")


def _batch_name(runs: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(runs)).encode()).hexdigest()[:16]


def _weights_bytes(state: Mapping[str, Mapping[str, np.ndarray]]) -> bytes:
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
    """Return the records and the note of a file.

    Raises:
        StoreError: a newer nalm wrote it.
        DamagedFileError: it is damaged, or lacks a column of its version.
        OSError: it cannot be read at all.
    """
    table, note = _files.read_parquet(path)
    version = note.get("version", 1)
    if version > newest_version():
        raise StoreError(
            f"{path}: has version {version} of the records, written by a newer nalm; this one reads versions up to "
            f"{newest_version()}: update nalm"
        )
    missing = [name for name in schema(version=version) if name not in table.columns]
    if missing:
        raise _files.DamagedFileError(f"has no column {missing[0]!r}")
    if version < METRICS_NOTED:
        return Records(table, tuple(described_metrics(table.columns, version=1))), note
    if not set(note.get("metrics", [None])) <= set(table.columns):
        raise _files.DamagedFileError("does not say which columns are metrics")
    return Records(table, tuple(note["metrics"])), note
