"""Results folders of versions 1 and later of the records: old ones are read for ever, newer ones refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from nalm.errors import StoreError
from nalm.results import Store, columns, summary_of
from nalm.results.columns import Column, newest_version
from nalm.results.records import records_table
from results.samples import STUDY, make_batch, make_run, no_damage

ASSETS = Path(__file__).parents[2] / "assets" / "results-1"
FOLDERS = sorted(path.name for path in ASSETS.iterdir() if path.is_dir())


def close(value: Any) -> Any:
    """Compare floats but for their last digits, which are SciPy's."""
    if isinstance(value, dict):
        return {key: close(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [close(entry) for entry in value]
    return pytest.approx(value, rel=1e-9) if isinstance(value, float) else value


class TestVersion1:
    def test_there_are_folders_of_every_kind_of_task(self) -> None:
        assert FOLDERS == ["arithmetic", "sequential", "static"]

    @pytest.mark.parametrize("name", FOLDERS)
    def test_all_runs_are_finished(self, name: str) -> None:
        ids = set(pl.read_csv(ASSETS / f"{name}.csv")["run"])
        assert len(ids) == (8 if name == "arithmetic" else 4)
        assert Store.open(ASSETS / name).finished(no_damage, set_aside=False) == ids

    @pytest.mark.parametrize("name", FOLDERS)
    def test_records_are_those_that_the_version_itself_read(self, name: str) -> None:
        records = Store.open(ASSETS / name).records()
        expected = pl.read_csv(ASSETS / f"{name}.csv", schema_overrides=records.schema)
        later = [column.name for column in columns.COLUMNS if column.since > 1]
        assert records.drop(later).columns == expected.columns
        assert records.drop(later).equals(expected)

    @pytest.mark.parametrize("name", FOLDERS)
    def test_the_summary_is_that_of_the_version_itself(self, name: str) -> None:
        groups = summary_of(Store.open(ASSETS / name))
        expected = json.loads((ASSETS / f"{name}.json").read_text())
        assert len(groups) == len(expected) > 0
        assert groups == close(expected)
        assert [list(group) for group in groups] == [list(group) for group in expected]

    @pytest.mark.parametrize("name", FOLDERS)
    def test_weights_are_there(self, name: str) -> None:
        store = Store.open(ASSETS / name)
        for run in set(store.records()["run"]):
            assert store.weights(run)

    def test_failed_runs_are_told(self) -> None:
        failed = Store.open(ASSETS / "arithmetic").records().filter(status="failed")
        assert failed.select("unit", "learning_rate", "failed_step").unique().rows() == [("relu_1", 1e30, 1)]


LATER = Column("energy", pl.Float64(), "measure", "What the step took.", since=newest_version() + 1)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A version with one more column."""
    index = [column.name for column in columns.COLUMNS].index("sparsity_error")
    rows = columns.COLUMNS
    monkeypatch.setattr(columns, "COLUMNS", (*rows[: index + 1], LATER, *rows[index + 1 :]))


@pytest.fixture
def old(tmp_path: Path) -> Store:
    store = Store.create_or_open(tmp_path / "results", STUDY)
    store.write(make_batch([make_run()]))
    return store


def note_of(path: Path) -> dict[str, Any]:
    note: dict[str, Any] = json.loads(pl.read_parquet_metadata(path)["nalm"])
    return note


def test_version_1_is_not_noted(old: Store) -> None:
    (path,) = old.path.glob("records/*")
    assert set(note_of(path)) == {"weights", "sha256"}


@pytest.mark.usefixtures("later")
class TestLaterColumn:
    def test_it_reads_as_null_from_old_folders(self) -> None:
        store = Store.open(ASSETS / "arithmetic")
        records = store.records()
        assert records["energy"].dtype == pl.Float64()
        assert records["energy"].is_null().all()
        place = records.columns.index("energy")
        assert records.columns[place - 1 : place + 2] == ["sparsity_error", "energy", "w0"]
        assert len(store.finished(no_damage, set_aside=False)) == 8

    def test_old_and_new_files_share_a_folder(self, tmp_path: Path) -> None:
        store = Store.create_or_open(tmp_path, STUDY)
        runs = make_run(), make_run(seed=1)
        store.add(table_of(runs[0]).drop("energy"), {})
        store.add(table_of(runs[1]), {})
        assert [note_of(path).get("version") for path in sorted(tmp_path.glob("records/*"))].count(LATER.since) == 1
        assert store.finished(no_damage) == {run.id for run in runs}
        energies = dict(store.records().select("seed", "energy").unique().iter_rows())
        assert energies == {0: None, 1: 2.5}

    def test_a_file_of_its_version_without_it_is_damaged(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        store = Store.create_or_open(tmp_path, STUDY)
        monkeypatch.setattr("nalm.results.records.version_of", lambda names, metrics: LATER.since)
        store.add(table_of(make_run()).drop("energy"), {})
        with pytest.raises(StoreError, match="has no column 'energy'"):
            store.records()
        lines: list[str] = []
        assert store.finished(lines.append) == set()
        assert "has no column 'energy'; moved to" in lines[0]


def table_of(run: Any) -> pl.DataFrame:
    batch = make_batch([run])
    batch.metrics["energy"] = np.full(len(batch.steps), 2.5)
    return records_table(batch).table


def test_a_file_of_a_newer_nalm_is_refused_and_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.create_or_open(tmp_path, STUDY)
    with monkeypatch.context() as patch:
        patch.setattr(columns, "COLUMNS", (*columns.COLUMNS, LATER))
        store.add(table_of(make_run()), {})
    (path,) = tmp_path.glob("records/*")
    content = path.read_bytes()
    refusal = (
        f"^{path}: has version {LATER.since} of the records, written by a newer nalm; "
        f"this one reads versions up to {newest_version()}: update nalm$"
    )
    with pytest.raises(StoreError, match=refusal):
        store.records()
    with pytest.raises(StoreError, match=refusal):
        store.finished(no_damage)
    assert path.read_bytes() == content
