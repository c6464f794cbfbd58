"""Many small batch files become few large ones, with the same records and weights.

A large file is written, synced and named before the small ones go, records before weights: killed at any time, the
folder holds every run at least once, and a reader takes a run that is there twice once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nalm import files
from nalm.errors import InputError, StoreError
from nalm.results.records import Records, joined
from nalm.results.store import batch_files, manifest
from nalm.results.store.folder import Store
from nalm.results.store.manifest import Manifest
from nalm.results.store.parquet import DamagedFileError

# a file is full that holds so many rows, or bytes of weights; what is half full is left as it is
_ROWS = 1_000_000
_WEIGHT_BYTES = 512 * 2**20


class Compacted(NamedTuple):
    """How many files of records were put together, and how many they became."""

    before: int
    after: int


class _Batch(NamedTuple):
    path: Path
    records: Records
    weight_bytes: int

    @property
    def share(self) -> float:
        """How much of a full file it is."""
        return max(len(self.records.table) / _ROWS, self.weight_bytes / _WEIGHT_BYTES)


def compact(store: Store, on_damage: Callable[[str], None]) -> Compacted:
    """Put the batch files of a results folder together; runs may be added and read meanwhile.

    Damaged files stay as they are; `on_damage` gets a line for each, and for each that is lost.

    Raises:
        StoreError: a file cannot be read, or a large one not written; nothing is lost.
    """
    for line in store.lost():
        on_damage(line)
    before = after = 0
    waiting: list[_Batch] = []
    written = manifest.read(store.path)
    for path in [*store.batch_paths(), None]:
        batch = None if path is None else _read(path, written, on_damage)
        full = sum(each.share for each in waiting) + (0 if batch is None else batch.share) > 1
        if (path is None or full) and len(waiting) > 1:
            _put_together(store, waiting)
            before, after = before + len(waiting), after + 1
        if path is None or full:
            waiting = []
        if batch is not None and batch.share < 0.5:
            waiting.append(batch)
    with _refused(store):
        manifest.merge(store.path)
    return Compacted(before, after)


def _read(path: Path, written: Manifest, on_damage: Callable[[str], None]) -> _Batch | None:
    try:
        records = batch_files.read_whole(path, written)
        return _Batch(path, records, batch_files.weights_of(path).stat().st_size)
    except FileNotFoundError:
        return None  # another process puts files together too
    except DamagedFileError as fault:
        on_damage(f"{path}: {fault}; left as it is, nalm run sets it aside and trains its runs again")
        return None


def _put_together(store: Store, batches: Sequence[_Batch]) -> None:
    with _refused(store):
        try:
            records = joined([batch.records for batch in batches])
            state: dict[str, dict[str, np.ndarray]] = {}
            for batch in batches:
                state |= batch_files.read_weights(batch.path)
            new = batch_files.write(store.path, records, state, even_groups=True)
            store.log.add(new.checksums, records.table["run"].n_unique())
        except FileNotFoundError:
            return  # another process was faster
        old = [batch.path for batch in batches if batch.path != new.path]
        _cross_out(store, old)
        for path in old:
            batch_files.delete(path)
        # another process may have listed one just before it went
        _cross_out(store, old)


def _cross_out(store: Store, paths: Sequence[Path]) -> None:
    written = manifest.read(store.path)
    store.log.cross_out({line for path in paths for line in written.lines_of(batch_files.name_of(path))})


@contextmanager
def _refused(store: Store) -> Iterator[None]:
    try:
        yield
    except StoreError:
        raise
    except InputError as error:
        raise StoreError(f"{store.path}: {error}") from None
    except OSError as error:
        raise StoreError(
            f"{store.path}: {files.write_failure(error)}; nothing is lost, make room and try again"
        ) from None
