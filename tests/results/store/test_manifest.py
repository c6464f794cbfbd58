"""The manifest of a results folder: what is lost or altered is noticed, and nothing else is."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from nalm.errors import StoreError
from nalm.results.store import Store, compact, manifest
from results.samples import STUDY, make_batch, make_run, no_damage

ASSETS = Path(__file__).parents[2] / "assets" / "results-1"
RUNS = [make_run(unit, seed=seed) for seed in range(6) for unit in ("nmu", "nalu")]
ALTERED = "study.toml is not what was written here, but truncated or altered; restore it, or give nalm run"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.create_or_open(tmp_path / "results", STUDY)
    for start in range(0, len(RUNS), 4):
        store.write(make_batch(RUNS[start : start + 4]))
    return store


def flip(path: Path, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(bytes(content))


def logs(folder: Path) -> list[Path]:
    return sorted((folder / "manifest").glob("*.log"))


def make_old(folder: Path) -> None:
    for path in logs(folder):
        os.utime(path, (time.time() - 7200,) * 2)


class TestStudy:
    @pytest.mark.parametrize("bytes_left", [0, 1, 100, len(STUDY) - 1])
    def test_a_truncated_study_is_refused_by_readers(self, store: Store, bytes_left: int) -> None:
        (store.path / "study.toml").write_text(STUDY[:bytes_left])
        with pytest.raises(StoreError, match=ALTERED):
            Store.open(store.path)

    def test_every_flipped_bit_is_noticed(self, store: Store) -> None:
        path = store.path / "study.toml"
        for bit in random.Random(1).sample(range(8 * len(STUDY)), 60):
            flip(path, bit)
            with pytest.raises(StoreError, match=ALTERED):
                Store.open(store.path)
            flip(path, bit)
        assert Store.open(store.path).study_toml == STUDY

    @pytest.mark.parametrize("damaged", [STUDY.replace("3000", "3001"), STUDY[:50], "\0", STUDY.replace("mul", "add")])
    def test_the_same_study_writes_it_anew(self, store: Store, damaged: str) -> None:
        path = store.path / "study.toml"
        path.write_text(damaged)
        again = Store.create_or_open(store.path, STUDY.replace("A study", "The study"))
        told: list[str] = []
        assert again.finished(told.append) == {run.id for run in RUNS}
        assert told == [f"{path}: truncated or altered; moved to {store.path / 'damaged'}, written anew"]
        assert "The study" in Store.open(store.path).study_toml
        assert (store.path / "damaged" / "study.toml").read_text() == damaged
        assert again.finished(no_damage) == {run.id for run in RUNS}

    @pytest.mark.parametrize("lost", [True, False])
    def test_another_study_does_not_take_its_place(self, store: Store, lost: bool) -> None:
        path = store.path / "study.toml"
        path.unlink() if lost else path.write_text(STUDY[:50])
        with pytest.raises(StoreError, match=r"study\.toml is .*, and these were no results of the study given"):
            Store.create_or_open(store.path, STUDY.replace("3000", "4000"))
        assert path.exists() is not lost

    @pytest.mark.parametrize("beside", [(), ("checkpoints", "at-work", "jobs", "figure.pdf")], ids=["alone", "beside"])
    def test_a_lost_study_is_written_anew(self, store: Store, beside: Sequence[str]) -> None:
        for name in beside:
            (store.path / name).mkdir()
        (store.path / "study.toml").unlink()
        assert len(Store.create_or_open(store.path, STUDY).finished(no_damage)) == len(RUNS)
        assert Store.open(store.path).study_toml == STUDY


class TestRecords:
    def test_a_lost_file_is_refused_by_readers_and_trained_again(self, store: Store) -> None:
        path = store.batch_paths()[1]
        path.unlink()
        with pytest.raises(StoreError) as refusal:
            Store.open(store.path).records()
        assert str(refusal.value) == (
            f"{store.path}: records/{path.name} is missing or altered, with 4 runs; "
            "nalm run on this folder trains them again"
        )
        told: list[str] = []
        assert len(store.outcomes(told.append)) == 8
        assert told == [f"{path}: is missing, with 4 runs; nalm run trains them again"]
        told.clear()
        finished = store.finished(told.append)
        assert len(finished) == 8
        assert told == [f"{path}: is missing, with 4 runs, which are trained again"]
        assert store.finished(no_damage) == finished
        store.write(make_batch([run for run in RUNS if run.id not in finished]))
        assert store.finished(no_damage) == {run.id for run in RUNS}
        assert len(store.records()) == 4 * len(RUNS)

    def test_a_folder_that_lost_all_is_not_an_empty_one(self, store: Store) -> None:
        shutil.rmtree(store.path / "records")
        assert not Store.open(store.path).is_empty
        with pytest.raises(StoreError, match=r"3 files are missing or altered: records/.*, …, with 12 runs; nalm run"):
            Store.open(store.path).records()

    def test_every_flipped_bit_is_noticed(self, store: Store) -> None:
        """Of the footer too, which has the names of the columns and no checksum of its own."""
        path = store.batch_paths()[0]
        size = path.stat().st_size
        footer = range(8 * (size - 2000), 8 * size)
        for bit in random.Random(2).sample(footer, 100):
            flip(path, bit)
            with pytest.raises(StoreError, match=path.name):
                store.records()
            flip(path, bit)
        assert len(store.records()) == 4 * len(RUNS)

    def test_a_file_that_is_lost_and_written_again_is_there(self, store: Store) -> None:
        for _ in range(3):
            path = store.batch_paths()[0]
            path.write_bytes(b"")
            told: list[str] = []
            assert len(store.finished(told.append)) == 8
            assert len(told) == 1
            store.write(make_batch(RUNS[:4] if path.stem == first_name() else RUNS[4:8]))
            store.write(make_batch(RUNS[8:]))
            missing = [run for run in RUNS if run.id not in store.finished(no_damage)]
            if missing:
                store.write(make_batch(missing))
            assert len(store.finished(no_damage)) == len(RUNS)


def first_name() -> str:
    from nalm.results.store.batch_files import _batch_name

    return _batch_name(run.id for run in RUNS[:4])


class TestOthers:
    def test_a_lost_weights_file_is_a_notice(self, store: Store) -> None:
        assert store.notices() == []
        path = sorted((store.path / "weights").iterdir())[0]
        path.unlink()
        assert store.notices() == [
            f"{store.path}: weights/{path.name} is missing or altered; nalm run on this folder mends what it can"
        ]
        assert len(store.records()) == 4 * len(RUNS)

    def test_altered_weights_are_not_given_out(self, store: Store) -> None:
        for path in (store.path / "weights").iterdir():
            flip(path, 8 * (path.stat().st_size - 1))
        with pytest.raises(StoreError, match=r"weights/\w+\.safetensors is truncated or altered; nalm run"):
            store.weights(RUNS[0].id)

    def test_weights_whose_names_are_damaged_are_not_taken_for_absent(self, store: Store) -> None:
        for path in (store.path / "weights").iterdir():
            path.write_bytes(path.read_bytes()[:40])
        with pytest.raises(StoreError, match=r"weights/\w+\.safetensors is truncated or altered; nalm run"):
            store.weights(RUNS[0].id)

    @pytest.mark.parametrize("content", [b"", b"[]", b'[{"python": "2"}]', b"[" * 100_000, b"\xff"])
    def test_an_altered_environment_is_a_notice_and_begun_anew(self, store: Store, content: bytes) -> None:
        path = store.path / "environment.json"
        path.write_bytes(content)
        (line,) = store.notices()
        assert line.startswith(f"{store.path}: environment.json is missing or altered; ")
        told: list[str] = []
        again = Store.create_or_open(store.path, STUDY)
        again.finished(told.append)
        assert told == [f"{path}: truncated or altered; moved to {store.path / 'damaged'}, begun anew"]
        assert again.notices() == []
        assert len(again.environments()) == 1


class TestOldFolders:
    def test_a_folder_without_a_manifest_is_read_and_gets_one(self, tmp_path: Path) -> None:
        folder = tmp_path / "old"
        shutil.copytree(ASSETS / "arithmetic", folder)
        store = Store.open(folder)
        assert store.notices() == []
        assert len(store.records()) > 0
        assert not (folder / "manifest").exists()
        again = Store.create_or_open(folder, store.study_toml)
        assert len(again.finished(no_damage)) == 8
        (path,) = again.batch_paths()
        path.unlink()
        with pytest.raises(StoreError, match=f"records/{path.name} is missing or altered, with 8 runs"):
            again.records()

    def test_lines_of_a_newer_nalm_are_refused(self, store: Store) -> None:
        store.log._append({"files": {}, "signature": "…"})
        with pytest.raises(StoreError, match=r"\.log: line \d was written by a newer nalm; update nalm$"):
            store.records()


class TestLogs:
    def test_what_a_kill_cut_off_was_not_written(self, store: Store) -> None:
        (path,) = logs(store.path)
        content = path.read_bytes()
        for length in (len(content) - 1, len(content) - 60, content.rindex(b"\n", 0, -1) + 1):
            path.write_bytes(content[:length])
            assert len(Store.open(store.path).records()) == 4 * len(RUNS)

    def test_a_damaged_line_is_refused_and_its_files_are_listed_anew(self, store: Store) -> None:
        (path,) = logs(store.path)
        flip(path, 8 * 700)
        with pytest.raises(StoreError, match=r"\.log: line \d is damaged; nalm run on this folder lists its"):
            Store.open(store.path)
        again = Store.create_or_open(store.path, STUDY)
        told: list[str] = []
        assert len(again.finished(told.append)) == len(RUNS)
        assert told == [f"{path}: damaged; moved to {store.path / 'damaged'}, what it named is listed anew"]
        again.batch_paths()[0].unlink()
        with pytest.raises(StoreError, match="is missing or altered, with 4 runs"):
            Store.open(store.path).records()

    def test_logs_of_processes_that_have_ended_are_put_together(self, store: Store) -> None:
        other = Store.create_or_open(store.path, STUDY)
        other.write(make_batch([make_run(seed=50)]))
        store.batch_paths()[0].write_bytes(b"")
        store.finished(lambda line: None)
        before = manifest.read(store.path)
        assert len(logs(store.path)) == 2
        manifest.merge(store.path)
        assert len(logs(store.path)) == 2  # they may be at work
        make_old(store.path)
        manifest.merge(store.path)
        assert len(logs(store.path)) == 1
        after = manifest.read(store.path)
        for folder in ("records", "weights"):
            assert set(after.expected(folder)) == set(before.expected(folder))
        assert after.studies == before.studies
        assert len(after.entries) < len(before.entries)

    def test_compacting_puts_them_together_too(self, store: Store) -> None:
        for seed in range(50, 53):
            Store.create_or_open(store.path, STUDY).write(make_batch([make_run(seed=seed)]))
        make_old(store.path)
        compact.compact(Store.open(store.path), no_damage)
        assert len(logs(store.path)) == 2
        assert set(manifest.read(store.path).expected("records")) == {
            f"records/{path.name}" for path in store.batch_paths()
        }


class KilledError(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("last", range(22))
def test_killed_before_any_step_nobody_is_told_of_a_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: int
) -> None:
    left = last

    def step(function):  # type: ignore[no-untyped-def]
        def stepped(*words, **options):  # type: ignore[no-untyped-def]
            nonlocal left
            if not left:
                raise KilledError
            left -= 1
            return function(*words, **options)

        return stepped

    with monkeypatch.context() as patch:
        for name in ("replace", "fsync", "write", "link"):
            patch.setattr(os, name, step(getattr(os, name)))
        try:
            store = Store.create_or_open(tmp_path / "results", STUDY)
            store.write(make_batch(RUNS[:4]))
        except KilledError:
            assert not left
    again = Store.create_or_open(tmp_path / "results", STUDY)
    finished = again.finished(no_damage)
    assert len(finished) in (0, 4)
    assert len(again.records()) == 4 * len(finished)
    assert again.notices() == []
    again.write(make_batch(RUNS[:4]))
    assert len(Store.open(tmp_path / "results").finished(no_damage)) == 4
