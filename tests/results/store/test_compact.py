"""Compacting a results folder: the same records before and after, whatever happens meanwhile."""

import errno
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from nalm.errors import StoreError
from nalm.results.store import Store, batch_files, compact, parquet
from nalm.results.store.manifest import Manifest
from results.samples import STUDY, make_batch, make_run, no_damage
from support.command import SOURCES

RUNS = [make_run(unit, seed=seed) for seed in range(12) for unit in ("nmu", "nalu")]


@pytest.fixture
def store(tmp_path):
    """A folder of many batches: of different widths, one of them there twice, a failed run."""
    store = Store.create_or_open(tmp_path / "results", STUDY)
    for start in range(0, len(RUNS), 2):
        failed_at = [None, 2000 if start == 4 else None]
        store.write(make_batch(RUNS[start : start + 2], failed_at=failed_at, weights=1 + start % 3))
    store.write(make_batch(RUNS[2:3], weights=3))
    return store


def content(store):
    """Everything that can be asked of a folder."""
    return {
        "records": store.records().write_json(),
        "finished": store.finished(no_damage),
        "weights": {run.id: {name: array.tobytes() for name, array in store.weights(run.id).items()} for run in RUNS},
    }


def test_many_files_become_one_with_the_same_content(store):
    before = content(store)
    assert compact.compact(store, no_damage) == (13, 1)
    assert len(store.batch_paths()) == 1
    assert len(list((store.path / "weights").iterdir())) == 1
    assert content(store) == before
    assert compact.compact(store, no_damage) == (0, 0)


def test_files_are_full_and_those_that_are_half_full_are_left_alone(store, monkeypatch):
    before = content(store)
    monkeypatch.setattr(compact, "_ROWS", 20)
    assert compact.compact(store, no_damage) == (13, 6)
    assert all(len(batch_files.read(path, Manifest()).table) <= 20 for path in store.batch_paths())
    assert compact.compact(store, no_damage) == (0, 0)
    assert content(store) == before


def test_heavy_weights_fill_a_file_too(store, monkeypatch):
    monkeypatch.setattr(compact, "_WEIGHT_BYTES", 2000)
    assert compact.compact(store, no_damage).after > 1
    assert all(path.stat().st_size <= 2000 for path in (store.path / "weights").iterdir())


@pytest.mark.parametrize("rows", [7, 99_999, 131_072, 262_143, 262_145, 600_001])
def test_groups_of_rows_are_large(monkeypatch, rows):
    asked = []
    monkeypatch.setattr(pl.DataFrame, "write_parquet", lambda table, buffer, **options: asked.append(options))
    monkeypatch.setattr(parquet, "_data_part", lambda content: content)
    parquet.parquet_bytes(pl.DataFrame({"run": np.arange(rows)}), {}, max(1, rows // batch_files._GROUP_ROWS))
    (size,) = {options["row_group_size"] for options in asked}
    last = rows - (-(-rows // size) - 1) * size
    assert min(size, last) >= min(rows, 100_000)


def test_damaged_files_are_named_and_stay(store):
    victim = store.batch_paths()[3]
    victim.write_bytes(victim.read_bytes()[:50])
    told = []
    assert compact.compact(store, told.append) == (12, 1)
    assert told == [f"{victim}: truncated (50 bytes); left as it is, nalm run sets it aside and trains its runs again"]
    assert victim in store.batch_paths()


class KilledError(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("last", range(60))
def test_killed_before_any_step_nothing_is_lost(store, monkeypatch, last):
    before = content(store)
    left = last

    def killed(function):
        def step(*words, **options):
            nonlocal left
            if not left:
                raise KilledError
            left -= 1
            return function(*words, **options)

        return step

    with monkeypatch.context() as patch:
        patch.setattr(compact, "_ROWS", 60)
        patch.setattr(os, "replace", killed(os.replace))
        patch.setattr(os, "fsync", killed(os.fsync))
        patch.setattr(Path, "unlink", killed(Path.unlink))
        try:
            compact.compact(store, no_damage)
        except KilledError:
            assert not left
    assert content(store) == before
    compact.compact(store, no_damage)
    assert len(store.batch_paths()) == 1
    assert content(store) == before


def test_killed_for_real_nothing_is_lost(store):
    before = content(store)
    code = (
        "import sys; from nalm.results.store import Store, compact; compact._ROWS = 60; print('begins', flush=True)\n"
        "compact.compact(Store.open(sys.argv[1]), print)"
    )
    moments = random.Random(0)
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", code, store.path],
            env={**os.environ, "PYTHONPATH": str(SOURCES)},
            stdout=subprocess.PIPE,
        )
        process.stdout.readline()
        time.sleep(moments.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert content(store) == before


def test_readers_and_writers_notice_nothing(store, monkeypatch):
    before = content(store)
    monkeypatch.setattr(compact, "_ROWS", 20)
    wrong = []
    over = threading.Event()

    def read():
        while not over.is_set():
            if content(store) != before:
                wrong.append("differs")

    reader = threading.Thread(target=read)
    reader.start()
    for rows in (20, 40, 60, 80, 100, 1000):
        monkeypatch.setattr(compact, "_ROWS", rows)
        compact.compact(store, no_damage)
    over.set()
    reader.join()
    assert not wrong
    assert content(store) == before


def test_two_at_once_do_each_other_no_harm(store):
    before = content(store)
    failed = []

    def put_together():
        try:
            compact.compact(store, no_damage)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=put_together) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert content(store) == before


def test_full_disk_loses_nothing(store, monkeypatch):
    before = content(store)

    def full(*words, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match=r"results: the disk is full; nothing is lost, make room and try again"):
            compact.compact(store, no_damage)
    assert content(store) == before
    assert not list(store.path.rglob("*.tmp"))


def test_a_file_that_is_there_and_gone_again_and_again_is_named(store):
    link = store.path / "records" / "dangling.parquet"
    link.symlink_to("nowhere")
    with pytest.raises(StoreError, match=r"dangling\.parquet cannot be read, as it is there and gone again"):
        store.records()
