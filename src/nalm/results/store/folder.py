"""The results folder: records and weights of finished batches, safe against kills, full disks and second
processes.

    study.toml                 the study as run
    environment.json           what it was run with: versions and processor, one entry per environment
    records/BATCH.parquet      one row per run and logged step; a batch is finished when this file is there
    weights/BATCH.safetensors  final parameters, named RUN/PARAMETER; written before the records
    provenance/BATCH.json      how runs were trained: lowering, compiler, flags, instructions
    manifest/NAME.log          a checksum of each of these files
    damaged/                   files that were found damaged; their runs are trained again

Files are written under a temporary name, synced and renamed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl

from nalm import files, studies
from nalm.errors import InputError, StoreError, StudyError
from nalm.results.columns import schema
from nalm.results.order import sort_rows
from nalm.results.records import Records, as_records, joined, records_table
from nalm.results.store import batch_files, manifest, provenance, side_files
from nalm.results.store.batch_files import DAMAGED, RECORDS, WEIGHTS, State
from nalm.results.store.manifest import MANIFEST, Entry, Log, Manifest, checksum
from nalm.results.store.parquet import DamagedFileError
from nalm.results.store.provenance import PROVENANCE
from nalm.results.store.side_files import ENVIRONMENT, STUDY
from nalm.runs.record import MadeBy, TrainedRuns
from nalm.studies import Study

Read = TypeVar("Read")

# how often a folder whose files come and go is looked through
_LOOKS = 100
# a file that seems to be lost may be part of a larger one in a moment: how often that is looked for, how soon again
_LOSS_LOOKS, _LOSS_LOOK_S = 5, 0.05


# results folders that a message names
_MOST_NAMED = 3


class Store:
    """A results folder. Open it with `Store.create_or_open` to write, with `Store.open` to read.

    Attributes:
        path: the folder.
        study_toml: text of the study's file.
        log: what this process writes of the folder's manifest.
    """

    def __init__(self, path: Path, study_toml: str) -> None:
        self.path = path
        self.study_toml = study_toml
        self.log = Log(path)
        self._mended: list[str] = []

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
            store._mended += manifest.mend(store.path, store.path / DAMAGED)
            store._mended += side_files.write_study(store.path, study_toml, store.log)
            for name in ("", RECORDS, WEIGHTS, PROVENANCE):
                files.remove_stale(store.path / name)
            store._mended += side_files.add_environment(store.path, store.log)
        except OSError as error:
            raise StoreError(
                f"{path}: {files.write_failure(error)}; make room, or give another folder with --out"
                if files.is_full(error)
                else f"{path}: cannot write results here ({error.strerror}); give another folder with --out"
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
            store.study_toml = side_files.read_study(store.path)
        except FileNotFoundError:
            if not store.path.is_dir():
                raise StoreError(f"{path}: no such folder; nalm run STUDY --out {path} makes one") from None
            raise StoreError(f"{path}: is not a results folder (no study.toml); {_instead(store.path)}") from None
        except (OSError, UnicodeDecodeError) as error:
            raise StoreError(f"{path}: study.toml cannot be read ({error})") from None
        return store

    @cached_property
    def study(self) -> Study | None:
        """The study, or None where the text is none that this version understands (imported results, say)."""
        try:
            return studies.loads(self.study_toml, self.path.name, source=STUDY)
        except StudyError:
            return None

    @property
    def is_empty(self) -> bool:
        """Whether no batch is finished yet; lost ones count."""
        return not self.batch_paths() and not manifest.read(self.path).expected(RECORDS)

    def environments(self) -> list[dict[str, str]]:
        """Return the versions and processors that results were made with, in order of first use."""
        return side_files.environments(self.path)

    def notices(self) -> list[str]:
        """Return a line for each kind of file that is lost or altered though no number follows from it.

        Raises:
            StoreError: the manifest cannot be read.
        """
        return side_files.notices(self.path)

    def mixtures(self) -> list[str]:
        """Return a sentence for each network whose runs were made in more than one way: kernel, compiler, processor.

        Raises:
            StoreError: a file is damaged.
        """
        made_by = provenance.read(self.path)
        return provenance.mixtures(self.records(), made_by) if len(set(made_by.values())) > 1 else []

    def check_study(self, study_toml: str) -> None:
        """Check that the folder is for results of the study whose file has the text `study_toml`.

        Raises:
            StoreError: it belongs to another study.
        """
        side_files.check_study(self.path, study_toml)

    def finished(self, on_damage: Callable[[str], None], *, set_aside: bool = True) -> set[str]:
        """Return the ids of all runs whose records and weights are whole.

        `on_damage` gets a line that names a damaged file; its runs count as not finished.

        Args:
            on_damage: told of damage.
            set_aside: move damaged files to the folder `damaged`; else nothing is changed.

        Raises:
            StoreError: the folder cannot be read or a newer nalm wrote it, or a damaged file cannot be moved.
        """

        if set_aside:
            for line in self._mended:
                on_damage(line)
            self._mended.clear()

        def damaged(path: Path, fault: DamagedFileError) -> None:
            if set_aside:
                self._set_aside(path, str(fault), on_damage)
            else:
                on_damage(f"{path}: {fault}; nalm run sets it aside and trains its runs again")

        def lost(entries: Mapping[str, Entry]) -> None:
            for name, entry in entries.items():
                on_damage(f"{self.path / name}: is missing, with {_runs(entry.runs)}, which are trained again")
            if set_aside:
                self._log_or_refuse(lambda log: log.cross_out({entry.line for entry in entries.values()}))

        def whole(path: Path, written: Manifest) -> set[str]:
            found = set(batch_files.read_whole(path, written).table["run"].unique())
            if set_aside and batch_files.name_of(path) not in written.checksums:
                self._log_or_refuse(lambda log: log.add(self._checksums_of(path), len(found)))
            return found

        return set().union(*self._each_batch(whole, damaged, lost))

    def lost(self) -> list[str]:
        """Return a line for each file of records that must be there and is not.

        Raises:
            StoreError: the manifest cannot be read.
        """
        for _ in range(_LOSS_LOOKS):
            found = manifest.read(self.path).missing(RECORDS, self.batch_paths())
            if not found:
                break
            time.sleep(_LOSS_LOOK_S)
        return [self._loss(name, entry) for name, entry in found.items()]

    def outcomes(self, on_damage: Callable[[str], None]) -> pl.DataFrame:
        """Return one row per run whose records and weights are whole: its labels, parameters and `status`.

        Nothing in the folder is changed.

        Raises:
            StoreError: the folder cannot be read, or a newer nalm wrote it.
        """

        def one_row_each(path: Path, written: Manifest) -> Records:
            records = batch_files.read_whole(path, written)
            columns = [*schema("label"), *records.parameters, "status"]
            return Records(records.table.select(columns).unique("run", maintain_order=True))

        def damaged(path: Path, fault: DamagedFileError) -> None:
            on_damage(f"{path}: {fault}; nalm run sets it aside and trains its runs again")

        def lost(entries: Mapping[str, Entry]) -> None:
            for name, entry in entries.items():
                on_damage(self._loss(name, entry))

        found = joined(self._each_batch(one_row_each, damaged, lost))
        return found.table.select(*schema("label"), *found.parameters, "status")

    def write(self, trained: TrainedRuns) -> None:
        """Add finished runs. When this returns, they survive a crash.

        Raises:
            InputError: a metric, or a parameter of the study, has the name of another column.
            StoreError: the disk is full or failed; finished batches are kept, and nothing half-written is
                left.
        """
        records = records_table(trained, self.study.threshold if self.study else None)
        ways = zip(trained.runs, trained.made_by, strict=False)  # not known of every kind of task
        self.add(records, trained.state, {run.id: way for run, way in ways})

    def add(self, records: Records | pl.DataFrame, state: State, made_by: Mapping[str, MadeBy] | None = None) -> None:
        """Add the records of runs, and by run id their final parameters by name and, if known, what made them.

        A batch of the same runs that is there and whole stays: others may be reading it.

        Raises:
            StoreError: as `write`.
        """
        try:
            records = as_records(records)
            if self._holds(records):
                return
            made = provenance.write(self.path, made_by or {})
            if made:
                self.log.add(made)
            written = batch_files.write(self.path, records, state)
            self.log.add(written.checksums, records.table["run"].n_unique())
        except OSError as error:
            raise StoreError(
                f"{self.path}: {files.write_failure(error)}; {len(self.batch_paths())} finished batches are kept, "
                "the one under way is lost; make room and give the same command again to go on"
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
        parts = self.each(lambda records: records)
        try:
            records = joined(parts)
        except InputError as error:
            raise StoreError(f"{self.path}: {error}") from None
        return Records(sort_rows(records, self.study), records.metrics)

    def each(self, reduce: Callable[[Records], Read]) -> list[Read]:
        """Return what `reduce` makes of the records of each batch, so that they need not all be in memory at once.

        A run has all of its rows in one batch; batches that were cut differently can have the same run.

        Raises:
            StoreError: a file is damaged or lost, or a newer nalm wrote it.
        """

        def damaged(path: Path, fault: DamagedFileError) -> None:
            raise StoreError(f"{path}: {fault}; nalm run on this folder sets the file aside and redoes its runs")

        def lost(entries: Mapping[str, Entry]) -> None:
            runs = _runs(sum(entry.runs for entry in entries.values()))
            raise StoreError(
                f"{self.path}: {side_files.listed(entries)}, with {runs}; nalm run on this folder trains them again"
            )

        return self._each_batch(lambda path, written: reduce(batch_files.read(path, written)), damaged, lost)

    def weights(self, run: str) -> dict[str, np.ndarray]:
        """Return the final parameters of a run by name.

        Raises:
            StoreError: the store holds no such run, or the file is damaged.
        """
        try:
            found = batch_files.find_weights(self.path, run, manifest.read(self.path))
        except DamagedFileError as fault:
            raise StoreError(
                f"{self.path}: {fault}; nalm run on this folder sets it aside and trains its runs again"
            ) from None
        if not found:
            raise StoreError(f"{self.path}: holds no weights of run {run!r}")
        return found

    def _each_batch(
        self,
        read: Callable[[Path, Manifest], Read],
        on_damage: Callable[[Path, DamagedFileError], None],
        on_loss: Callable[[Mapping[str, Entry]], None],
    ) -> list[Read]:
        """Return what `read` makes of each file of records, in the order of their names.

        A file that goes while others are read was set aside, or is part of a larger one now (`nalm compact`): what is
        there then is looked for again.
        """
        found: dict[Path, Read | None] = {}
        losses = 0
        for _ in range(_LOOKS):
            written = manifest.read(self.path)
            there = self.batch_paths()
            found = {path: found[path] for path in there if path in found}
            lost = written.missing(RECORDS, there)
            if lost and losses < _LOSS_LOOKS:
                losses += 1
                time.sleep(_LOSS_LOOK_S)
                continue
            try:
                for path in there:
                    if path in found:
                        continue
                    try:
                        found[path] = read(path, written)
                    except DamagedFileError as fault:
                        found[path] = None
                        on_damage(path, fault)
            except FileNotFoundError as error:
                gone = error.filename
                continue
            if lost:
                on_loss(lost)
            return [batch for path in there if (batch := found[path]) is not None]
        raise StoreError(f"{self.path}: {gone} cannot be read, as it is there and gone again and again")

    def batch_paths(self) -> list[Path]:
        """Return the files of records, in the order of their names."""
        return sorted((self.path / RECORDS).glob("[!.]*.parquet"))

    def _check_is_folder(self) -> None:
        if self.path.exists() and not self.path.is_dir():
            raise StoreError(f"{self.path}: is a file; give the path of a folder")

    def _check_is_ours_or_empty(self) -> None:
        if not self.path.is_dir() or (self.path / STUDY).exists():
            return
        if all((self.path / name).is_dir() for name in (RECORDS, WEIGHTS, MANIFEST)):
            return  # it has lost its study; beside it lie figures, checkpoints, jobs
        ours = {STUDY, ENVIRONMENT, RECORDS, WEIGHTS, DAMAGED, PROVENANCE, MANIFEST}
        others = [entry.name for entry in self.path.iterdir() if entry.name not in ours and entry.name[0] != "."]
        if others:
            raise StoreError(
                f"{self.path}: holds {sorted(others)[0]!r} and no study.toml, so it is not a results folder; "
                "give an empty or new one"
            )

    def _holds(self, records: Records) -> bool:
        """Whether a batch of the same runs is there, whole and listed."""
        path = batch_files.path_of(self.path, records)
        if not path.exists():
            return False
        written = manifest.read(self.path)
        try:
            batch_files.read_whole(path, written)
        except (DamagedFileError, StoreError, OSError):
            return False
        return bool(written.lines_of(batch_files.name_of(path)))

    def _loss(self, name: str, entry: Entry) -> str:
        return f"{self.path / name}: is missing, with {_runs(entry.runs)}; nalm run trains them again"

    def _checksums_of(self, path: Path) -> dict[str, str]:
        return {batch_files.name_of(each): checksum(each.read_bytes()) for each in (path, batch_files.weights_of(path))}

    def _log_or_refuse(self, write: Callable[[Log], None]) -> None:
        try:
            write(self.log)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise StoreError(f"{self.path / MANIFEST}: {files.write_failure(error)}") from None

    def _set_aside(self, path: Path, fault: str, on_damage: Callable[[str], None]) -> None:
        try:
            moved = batch_files.set_aside(path)
            self.log.cross_out(manifest.read(self.path).lines_of(batch_files.name_of(path)))
        except OSError as error:
            raise StoreError(f"{path}: {fault}, and it cannot be moved to {DAMAGED}/ ({error.strerror})") from None
        if moved:
            on_damage(f"{path}: {fault}; moved to {self.path / DAMAGED}, its runs are trained again")


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"


def _instead(path: Path) -> str:
    """Return what folder may have been meant: one below, or else where results are written."""
    found = (*path.glob(f"*/{STUDY}"), *path.glob(f"*/*/{STUDY}"))
    below = sorted(str(study.parent) for study in found)[:_MOST_NAMED]
    if below:
        return f"did you mean {', '.join(below)}?"
    return "nalm run writes results into results/STUDY, or the folder that --out names"
