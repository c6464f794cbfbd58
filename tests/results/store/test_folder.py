"""The store under kills, full disks, damage and company."""

from __future__ import annotations

import errno
import itertools
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from nalm.errors import StoreError
from nalm.results import summary_of
from nalm.results.records import records_table
from nalm.results.store import Store
from nalm.results.summary import summarise
from nalm.runs import Run
from results.samples import PAIRS, RANGES, STUDY, make_batch, make_run, no_damage
from support.command import HANGS_S, wait_until

CONTRACT = [
    "run",
    "study",
    "task",
    "unit",
    "operation",
    "interpolation_range",
    "extrapolation_range",
    "seed",
    "step",
    "train_loss",
    "penalty_loss",
    "interpolation_error",
    "extrapolation_error",
    "sparsity_error",
]


def runs_of(seeds: range, unit: str = "nmu") -> list[Run]:
    return [make_run(unit, pair, seed) for pair in PAIRS for seed in seeds]


def contents(folder: Path) -> dict[str, bytes]:
    """All files but the manifest, whose names and lines tell processes apart."""
    paths = [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "manifest"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create_or_open(tmp_path / "results", STUDY)


class TestRoundTrip:
    def test_records_have_the_contract_columns_and_full_precision(self, store: Store) -> None:
        runs = runs_of(range(2))
        batch = make_batch(runs)
        store.write(batch)
        records = Store.open(store.path).records()
        assert records.columns == [*CONTRACT, "w0", "w1", "status", "failed_step", "reason", "threshold"]
        assert len(records) == 4 * len(runs)
        for index, run in enumerate(runs):
            rows = records.filter(pl.col("run") == run.id)
            mine = batch.run_index == index
            assert rows["step"].to_list() == [0, 1000, 2000, 3000]
            assert rows["interpolation_error"].to_list() == batch.metrics["interpolation_error"][mine].tolist()
            assert rows["w1"].to_list() == batch.weights[index][:, 1].tolist()  # type: ignore[index]
            assert rows["interpolation_range"][0] == str(run.task.interpolation_range)
            assert rows["threshold"].to_list() == [1e-5] * 4

    def test_weights_come_back_by_run_and_name(self, store: Store) -> None:
        runs = runs_of(range(3))
        batch = make_batch(runs)
        store.write(batch)
        found = store.weights(runs[4].id)
        assert sorted(found) == ["W", "scale"]
        for name, array in batch.state[runs[4].id].items():
            np.testing.assert_array_equal(found[name], array, strict=True)
        with pytest.raises(StoreError, match="holds no weights of run 'none'"):
            store.weights("none")

    def test_rows_in_any_order_are_sorted_with_their_weights(self, store: Store) -> None:
        batch = make_batch([make_run(), make_run(seed=1)])
        back = np.arange(len(batch.steps))[::-1]
        backwards = replace(
            batch,
            run_index=batch.run_index[back],
            steps=batch.steps[back],
            metrics={name: values[back] for name, values in batch.metrics.items()},
            weights=tuple(None if w is None else w[::-1] for w in batch.weights),
        )
        other = Store.create_or_open(store.path.with_name("other"), STUDY)
        store.write(batch)
        other.write(backwards)
        assert store.records().equals(other.records())

    def test_equal_batches_make_equal_files_in_any_folder(self, store: Store, tmp_path: Path) -> None:
        other = Store.create_or_open(tmp_path / "elsewhere" / "deep", STUDY)
        for target in (store, other, other):
            target.write(make_batch(runs_of(range(3))))
        assert contents(store.path) == contents(other.path)

    def test_an_empty_store_has_the_columns(self, store: Store) -> None:
        assert store.records().columns[: len(CONTRACT)] == CONTRACT
        assert store.finished(no_damage) == set()

    def test_swept_parameters_and_different_widths_of_weights(self, store: Store) -> None:
        store.write(make_batch([make_run(hidden_size=4, noise="batch")], weights=3))
        store.write(make_batch([make_run(hidden_size=2, noise=[1, 5])], weights=0))
        records = store.records()
        columns = records.columns
        assert columns[14:19] == ["w0", "w1", "w2", "hidden_size", "noise"]
        firsts = records.group_by("run", maintain_order=True).first()
        assert firsts.select("hidden_size", "noise").rows() == [(2, "[1,5]"), (4, "batch")]
        assert firsts["w2"].is_null().to_list() == [True, False]

    def test_metrics_of_other_tasks_are_no_parameters(self, store: Store) -> None:
        records = records_table(make_batch([make_run(hidden_size=2)])).table
        store.add(records.with_columns(output_accuracy=pl.int_range(pl.len()) / 4), {})
        assert store.records().columns[14:18] == ["output_accuracy", "w0", "w1", "hidden_size"]
        (group,) = summary_of(store)
        assert group["hidden_size"] == 2
        assert "output_accuracy" not in group
        assert list(group["metrics"]) == ["output_accuracy"]

    def test_a_run_that_failed_before_its_first_row_is_kept(self, store: Store) -> None:
        run = make_run()
        store.write(make_batch([run, make_run(seed=1)], failed_at=[0, 2000]))
        assert run.id in store.finished(no_damage)
        records = store.records()
        rows = records.filter(pl.col("run") == run.id)
        assert rows.select("step", "interpolation_error", "w0", "status", "failed_step").rows() == [
            (0, None, None, "failed", 0)
        ]
        assert rows["reason"][0] == "W is not finite after update 0"
        assert summarise(records)[0]["runs"] == 2

    def test_a_metric_without_a_value_is_null_and_nan_stays(self, store: Store) -> None:
        batch = make_batch([make_run()])
        batch.metrics["sparsity_error"] = np.ma.masked_less(np.array([1.0, 0.0, np.nan, 0.0]), 0.5)
        del batch.metrics["penalty_loss"]
        batch.metrics["interpolation_error"][2] = np.nan
        store.write(batch)
        records = store.records()
        assert str(records["sparsity_error"].to_list()) == "[1.0, None, nan, None]"
        assert records["penalty_loss"].null_count() == 4
        assert records["interpolation_error"].is_nan().to_list() == [False, False, True, False]

    def test_the_environment_names_versions_and_no_machine(self, store: Store) -> None:
        (entry,) = store.environments()
        assert {"python", "nalm", "torch", "numpy", "processor"} <= set(entry)
        text = (store.path / "environment.json").read_text()
        assert os.uname().nodename not in text
        assert str(Path.home()) not in text
        Store.create_or_open(store.path, STUDY)
        assert len(store.environments()) == 1

    def test_another_environment_is_added(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as patch:
            patch.setattr("nalm.results.store.side_files.environment", lambda: {"python": "3.0"})
            Store.create_or_open(tmp_path, STUDY)
        again = Store.create_or_open(tmp_path, STUDY)
        assert [entry["python"] for entry in again.environments()] == [
            "3.0",
            ".".join(map(str, sys.version_info[:3])),
        ]


class TestStudy:
    def test_rows_stand_in_the_order_of_the_study(self, tmp_path: Path) -> None:
        text = STUDY.replace(RANGES, ",\n".join(reversed(RANGES.split(",\n"))))
        store = Store.create_or_open(tmp_path, text)
        for unit in ("nac", "nalu", "nmu"):  # nac is not in the study
            store.write(make_batch(runs_of(range(2), unit)))
        groups = summary_of(store)
        assert list(dict.fromkeys(group["unit"] for group in groups)) == ["nmu", "nalu", "nac"]
        assert [group["interpolation_range"] for group in groups] == [
            *reversed(PAIRS),
            *reversed(PAIRS),
            *PAIRS,
        ]
        records = store.records().filter(unit="nmu", interpolation_range="[1,2]")
        assert records["seed"].to_list() == [0] * 4 + [1] * 4
        assert records["step"].to_list() == [0, 1000, 2000, 3000] * 2

    def test_the_study_decides_threshold_and_window(self, tmp_path: Path) -> None:
        strict = Store.create_or_open(tmp_path / "a", f"threshold = 1e-12\n{STUDY}")
        strict.write(make_batch([make_run()]))
        assert strict.records()["threshold"].unique().to_list() == [1e-12]
        assert summary_of(strict)[0]["solved"] == 0
        last = Store.create_or_open(tmp_path / "b", f"selection_window = 1\n{STUDY}")
        batch = make_batch([make_run()])
        batch.metrics["extrapolation_error"][-1] = 1.0
        last.write(batch)
        assert summary_of(last)[0]["solved"] == 0

    def test_a_store_without_a_proper_study_still_works(self, tmp_path: Path) -> None:
        store = Store.create_or_open(tmp_path, 'title = "Imported"\n')
        store.write(make_batch(runs_of(range(2), "nalu")))
        assert store.study is None
        assert [group["interpolation_range"] for group in summary_of(store)] == list(PAIRS)


class TestWhichFolder:
    def test_a_folder_of_the_same_study_is_continued(self, store: Store) -> None:
        store.write(make_batch(runs_of(range(1))))
        again = Store.create_or_open(store.path, STUDY.replace("0:2", "5:9").replace("A study", "The study"))
        assert len(again.finished(no_damage)) == 9
        assert again.records().equals(store.records())

    @pytest.mark.parametrize(
        ("text", "difference"),
        [
            (STUDY.replace("3000", "4000"), "settings.iterations is 3000 there and 4000 here"),
            (STUDY + "hidden_size = 9\n", "networks[1].hidden_size is not set there and 9 here"),
            (STUDY.replace("iterations = 3000\n", ""), "settings.iterations is 3000 there and not set here"),
            ("threshold = 1e-4\n" + STUDY, "threshold is not set there and 0.0001 here"),
        ],
    )
    def test_a_folder_of_another_study_is_refused(self, store: Store, text: str, difference: str) -> None:
        with pytest.raises(StoreError) as refusal:
            Store.create_or_open(store.path, text)
        message = str(refusal.value)
        assert message == (
            f"{store.path}: holds results of another study (Two units on nine ranges): {difference}; "
            "give another folder with --out"
        )

    def test_differences_inside_tables_and_lists_are_named(self, tmp_path: Path) -> None:
        there = '[[networks]]\nunit = "nmu"\n[[networks]]\nunit = "nalu"\n'
        Store.create_or_open(tmp_path, there)
        with pytest.raises(StoreError, match=r"networks\[1\]\.unit is 'nalu' there and 'npu' here"):
            Store.create_or_open(tmp_path, there.replace("nalu", "npu"))

    def test_a_file_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "results"
        path.write_text("")
        for call in (lambda: Store.create_or_open(path, STUDY), lambda: Store.open(path)):
            with pytest.raises(StoreError, match=f"^{path}: is a file; give the path of a folder$"):
                call()

    def test_a_folder_of_other_things_is_refused_and_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "thesis.tex").write_text("")
        with pytest.raises(StoreError, match=r"holds 'thesis\.tex' and no study\.toml"):
            Store.create_or_open(tmp_path, STUDY)
        assert list(tmp_path.iterdir()) == [tmp_path / "thesis.tex"]

    def test_a_folder_that_is_none_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match=r"nothing: no such folder; nalm run STUDY --out"):
            Store.open(tmp_path / "nothing")
        with pytest.raises(
            StoreError, match=r"is not a results folder \(no study\.toml\); nalm run writes results into"
        ):
            Store.open(tmp_path)
        Store.create_or_open(tmp_path / "deep" / "results", STUDY)
        with pytest.raises(StoreError, match=r"\(no study\.toml\); did you mean \S+/deep/results\?"):
            Store.open(tmp_path)

    def test_below_a_file_nothing_can_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(StoreError, match=r"cannot write results here .* give another folder with --out"):
            Store.create_or_open(tmp_path / "file" / "results", STUDY)

    @pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a file system that refuses even root")
    def test_an_unwritable_folder_is_refused(self) -> None:
        with pytest.raises(StoreError, match=r"^/proc/nalm: cannot write results here"):
            Store.create_or_open("/proc/nalm", STUDY)

    @pytest.mark.parametrize("name", ["with space", "quo'te\"s", "line\nbreak", "ünï•", "[a]*?"])
    def test_hostile_folder_names(self, tmp_path: Path, name: str) -> None:
        store = Store.create_or_open(tmp_path / name, STUDY)
        store.write(make_batch(runs_of(range(1))))
        assert len(Store.open(tmp_path / name).finished(no_damage)) == 9


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def halve(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def overwrite(path: Path) -> None:
    path.write_bytes(b"\0" * path.stat().st_size)


def flip_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(bytes(content))


def garble_footer(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-60:-8] = bytes(52)
    path.write_bytes(bytes(content))


def foreign(path: Path) -> None:
    pl.DataFrame({"run": ["x"]}).write_parquet(path)


class TestDamage:
    @pytest.mark.parametrize(
        "damage",
        [truncate, halve, empty, overwrite, flip_bit, garble_footer, foreign],
        ids=lambda f: f.__name__,
    )
    def test_damaged_records_are_named_set_aside_and_redone(self, store: Store, damage: Callable[[Path], None]) -> None:
        good, bad = runs_of(range(1)), runs_of(range(1, 3))
        store.write(make_batch(good))
        before = set(store.path.glob("records/*"))
        store.write(make_batch(bad))
        whole = contents(store.path)
        (path,) = set(store.path.glob("records/*")) - before
        damage(path)
        with pytest.raises(StoreError, match=f"{path.name}: .*; nalm run on this folder sets the file aside"):
            store.records()
        lines: list[str] = []
        assert store.finished(lines.append) == {run.id for run in good}
        assert len(lines) == 1
        assert lines[0].startswith(f"{path}: ")
        assert "\n" not in lines[0]
        assert lines[0].endswith(f"moved to {store.path / 'damaged'}, its runs are trained again")
        assert (store.path / "damaged" / path.name).exists()
        assert len(store.records()) == 4 * len(good)
        store.write(make_batch(bad))
        assert store.finished(no_damage) == {run.id for run in (*good, *bad)}
        now = contents(store.path)
        assert {name: now[name] for name in whole} == whole

    @pytest.mark.parametrize("damage", [truncate, empty, flip_bit, Path.unlink], ids=lambda f: f.__name__)
    def test_damaged_weights_are_found(self, store: Store, damage: Callable[[Path], None]) -> None:
        store.write(make_batch(runs_of(range(2))))
        (path,) = store.path.glob("weights/*")
        damage(path)
        lines: list[str] = []
        assert store.finished(lines.append) == set()
        assert len(lines) == 1
        assert f"weights/{path.name} is " in lines[0]
        assert store.finished(no_damage) == set()

    def test_the_same_file_can_be_damaged_twice(self, store: Store) -> None:
        for _ in range(3):
            store.write(make_batch(runs_of(range(1))))
            (path,) = store.path.glob("records/*")
            halve(path)
            assert store.finished(lambda line: None) == set()
        assert len(list(store.path.glob("damaged/*.parquet"))) == 3

    def test_half_written_files_of_killed_processes_do_no_harm(self, store: Store) -> None:
        store.write(make_batch(runs_of(range(1))))
        leftover = store.path / "records" / ".0123.parquet.99-abcd.tmp"
        leftover.write_bytes(b"PAR1")
        orphan = store.path / "weights" / "0123456789abcdef.safetensors"
        orphan.write_bytes(b"\x02\0\0\0\0\0\0\0{}")
        assert len(Store.create_or_open(store.path, STUDY).finished(no_damage)) == 9
        assert leftover.exists()  # it may be another process's
        os.utime(leftover, (time.time() - 7200,) * 2)
        Store.create_or_open(store.path, STUDY)
        assert not leftover.exists()


class TestFullDisk:
    @pytest.fixture
    def small_disk(self, tmp_path: Path) -> Iterator[Path]:
        mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(tmp_path)]
        try:
            subprocess.run(mount, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("may not mount a small disk here")
        yield tmp_path
        subprocess.run(["umount", str(tmp_path)], check=True)

    def test_a_disk_that_really_fills_up(self, small_disk: Path) -> None:
        store = Store.create_or_open(small_disk / "results", STUDY)
        seeds = itertools.count()

        def fill() -> None:
            while True:
                seed = next(seeds)
                store.write(make_batch(runs_of(range(seed, seed + 1))))

        with pytest.raises(StoreError, match="the disk is full") as refusal:
            fill()
        written = next(seeds) - 1
        assert written > 0
        assert f"; {written} finished batches are kept" in str(refusal.value)
        assert len(store.finished(no_damage)) == 9 * written
        assert not list(store.path.rglob("*.tmp"))

    @pytest.mark.parametrize("call", [1, 2])
    def test_what_was_finished_is_kept_and_no_temporary_file_stays(
        self, store: Store, monkeypatch: pytest.MonkeyPatch, call: int
    ) -> None:
        store.write(make_batch(runs_of(range(1))))
        before = contents(store.path)
        count = 0
        real = os.fsync

        def failing(descriptor: int) -> None:
            nonlocal count
            count += 1
            if count > (0 if call == 1 else 2):  # file and folder of the weights come before the records
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            real(descriptor)

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", failing)
            with pytest.raises(
                StoreError,
                match="the disk is full; 1 finished batches are kept, the one under way is lost; "
                "make room and give the same command again to go on",
            ):
                store.write(make_batch(runs_of(range(1, 2))))
        after = contents(store.path)
        assert {name: after[name] for name in before} == before
        assert not [name for name in after if name.endswith(".tmp")]
        assert len(store.finished(no_damage)) == 9
        store.write(make_batch(runs_of(range(1, 2))))
        assert len(store.finished(no_damage)) == 18

    def test_a_full_disk_at_the_start(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def failing(descriptor: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "fsync", failing)
        with pytest.raises(StoreError, match="the disk is full; make room, or give another folder"):
            Store.create_or_open(tmp_path / "results", STUDY)


def write_seeds(path: Path, starts: list[int]) -> None:
    store = Store.create_or_open(path, STUDY)
    for start in starts:
        store.write(make_batch(runs_of(range(start, start + 2))))


class TestCompany:
    @pytest.mark.heavy
    def test_two_processes_write_the_same_store(self, tmp_path: Path) -> None:
        """They cut the seeds differently, so that runs overlap without batches being equal."""
        context = multiprocessing.get_context("spawn")
        path = tmp_path / "results"
        plans = [list(range(0, 20, 2)), list(range(20, -1, -2)), list(range(1, 18, 2))]
        processes = [context.Process(target=write_seeds, args=(path, plan)) for plan in plans]
        for process in processes:
            process.start()
        for process in processes:
            process.join(HANGS_S)
            assert process.exitcode == 0
        store = Store.open(path)
        expected = {run.id for run in runs_of(range(22))}
        assert store.finished(no_damage) == expected
        records = store.records()
        assert len(records) == 4 * len(expected)
        assert records.select("run", "step").is_unique().all()
        assert not list(path.rglob("*.tmp"))

    def test_the_first_study_keeps_the_folder(self, tmp_path: Path) -> None:
        Store.create_or_open(tmp_path, STUDY)
        with pytest.raises(StoreError, match="another study"):
            Store.create_or_open(tmp_path, STUDY.replace("3000", "1"))
        assert (tmp_path / "study.toml").read_text() == STUDY


def write_forever(path: Path) -> None:
    store = Store.create_or_open(path, STUDY)
    for start in range(0, 10_000, 2):
        batch = make_batch(runs_of(range(start, start + 2)))
        if not {run.id for run in batch.runs} <= store.finished(lambda line: None):
            store.write(batch)


@pytest.mark.heavy
def test_kill_at_random_moments_loses_nothing_that_was_finished(tmp_path: Path) -> None:
    path = tmp_path / "results"
    context = multiprocessing.get_context("spawn")
    moments = random.Random(3)
    finished: set[str] = set()
    for _ in range(4):
        process = context.Process(target=write_forever, args=(path,))
        process.start()
        files = len(list(path.glob("records/*.parquet")))
        # it has begun to write
        wait_until(lambda before=files: len(list(path.glob("records/*.parquet"))) >= before + 3)
        time.sleep(moments.uniform(0, 0.1))
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        store = Store.create_or_open(path, STUDY)
        now = store.finished(no_damage)
        assert now > finished
        finished = now
    assert len(store.records()) == 4 * len(finished)
