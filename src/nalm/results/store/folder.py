"""The results folder: records and weights of finished batches, safe against kills, full disks and second
processes.

    study.toml                 the study as run
    environment.json           what it was run with: versions and processor, one entry per environment
    records/BATCH.parquet      one row per run and logged step; a batch is finished when this file is there
    weights/BATCH.safetensors  final parameters, named RUN/PARAMETER; written before the records
    damaged/                   files that were found damaged; their runs are trained again

Files are written under a temporary name, synced and renamed.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from nalm import studies
from nalm.errors import InputError, StoreError, StudyError
from nalm.results.order import sort_rows
from nalm.results.records import Records, as_records, joined, records_table
from nalm.results.store import batch_files, files
from nalm.results.store.batch_files import DAMAGED, RECORDS, WEIGHTS, State
from nalm.results.store.environment import environment
from nalm.results.store.study_text import first_difference, title
from nalm.runs.record import TrainedRuns
from nalm.studies import Study

_STUDY, _ENVIRONMENT = "study.toml", "environment.json"
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
            for name in ("", RECORDS, WEIGHTS):
                (store.path / name).mkdir(parents=True, exist_ok=True)
            if not files.create_whole(store.path / _STUDY, study_toml.encode()):
                store.check_study(study_toml)
            for name in ("", RECORDS, WEIGHTS):
                files.remove_stale(store.path / name)
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
            StoreError: the folder cannot be read or a newer nalm wrote it, or a damaged file cannot be moved.
        """
        ids: set[str] = set()
        for path in self._records_files():
            try:
                ids.update(batch_files.read_whole(path).table["run"].unique())
            except FileNotFoundError:
                continue  # another process has just set it aside
            except files.DamagedFileError as error:
                if set_aside:
                    self._set_aside(path, str(error), on_damage)
                else:
                    on_damage(f"{path}: {error}; nalm run sets it aside and trains its runs again")
        return ids

    def write(self, trained: TrainedRuns) -> None:
        """Add finished runs. When this returns, they survive a crash.

        Raises:
            InputError: a metric, or a parameter of the study, has the name of another column.
            StoreError: the disk is full or failed; finished batches are kept, and nothing half-written is
                left.
        """
        self.add(records_table(trained, self.study.threshold if self.study else None), trained.state)

    def add(self, records: Records | pl.DataFrame, state: State) -> None:
        """Add the records of runs that were not trained here, and their final parameters by run id and name.

        Raises:
            StoreError: as `write`.
        """
        try:
            batch_files.write(self.path, as_records(records), state)
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
            StoreError: a file is damaged, or a newer nalm wrote it.
        """
        return self.read().table

    def read(self) -> Records:
        """Return the long table as `records` does, and which of its columns are metrics.

        Raises:
            StoreError: as `records`, or a column is a metric in one file and a parameter in another.
        """
        parts: list[Records] = []
        for path in self._records_files():
            try:
                parts.append(batch_files.read(path))
            except FileNotFoundError:
                continue  # set aside by another process
            except files.DamagedFileError as error:
                raise StoreError(
                    f"{path}: {error}; nalm run on this folder sets the file aside and redoes its runs"
                ) from None
        try:
            records = joined(parts)
        except InputError as error:
            raise StoreError(f"{self.path}: {error}") from None
        return Records(sort_rows(records, self.study), records.metrics)

    def weights(self, run: str) -> dict[str, np.ndarray]:
        """Return the final parameters of a run by name.

        Raises:
            StoreError: the store holds no such run.
        """
        found = batch_files.find_weights(self.path, run)
        if not found:
            raise StoreError(f"{self.path}: holds no weights of run {run!r}")
        return found

    def _records_files(self) -> list[Path]:
        return sorted((self.path / RECORDS).glob("[!.]*.parquet"))

    def _check_is_folder(self) -> None:
        if self.path.exists() and not self.path.is_dir():
            raise StoreError(f"{self.path}: is a file; give the path of a folder")

    def _check_is_ours_or_empty(self) -> None:
        if not self.path.is_dir() or (self.path / _STUDY).exists():
            return
        ours = {_STUDY, _ENVIRONMENT, RECORDS, WEIGHTS, DAMAGED}
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
            files.write_whole(self.path / _ENVIRONMENT, f"{text}\n".encode())

    def _set_aside(self, path: Path, fault: str, on_damage: Callable[[str], None]) -> None:
        try:
            moved = batch_files.set_aside(path)
        except OSError as error:
            raise StoreError(f"{path}: {fault}, and it cannot be moved to {DAMAGED}/ ({error.strerror})") from None
        if moved:
            on_damage(f"{path}: {fault}; moved to {self.path / DAMAGED}, its runs are trained again")
