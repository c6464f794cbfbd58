"""Records for other programs."""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from nalm.errors import InputError
from nalm.results import Store, export
from results.samples import STUDY, make_batch, make_run


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.create_or_open(tmp_path / "results", STUDY)
    batch = make_batch([make_run(interpolation_range=pair, seed=1) for pair in ("[1,2]", "[-2,2]")])
    batch.metrics["train_loss"][:] = np.nextafter(0.1, 1)
    batch.metrics["interpolation_error"][1] = np.inf
    batch.metrics["interpolation_error"][2] = np.nan
    store.write(batch)
    return store


def test_csv_keeps_every_digit(store: Store, tmp_path: Path) -> None:
    path = export(store, tmp_path / "new" / "records.csv")
    records = store.records()
    back = pl.read_csv(path, schema_overrides=records.schema)
    assert back.columns == records.columns
    assert back["train_loss"].unique().to_list() == [np.nextafter(0.1, 1)]
    assert back.equals(records)
    assert '"[[-6,-2],[2,6]]"' in path.read_text()


def test_parquet_is_the_table(store: Store, tmp_path: Path) -> None:
    path = export(store, tmp_path / "records.PARQUET")
    assert pl.read_parquet(path).equals(store.records())


def test_equal_results_give_equal_bytes(store: Store, tmp_path: Path) -> None:
    for suffix in ("csv", "parquet"):
        one, other = (export(store, tmp_path / f"{name}.{suffix}").read_bytes() for name in "ab")
        assert one == other


def test_other_suffixes_and_unwritable_paths_are_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"export to a \.csv or \.parquet file, .* got \.xlsx"):
        export(store, tmp_path / "records.xlsx")
    (tmp_path / "file").write_text("")
    for name in ("file/records.csv", "file/records.parquet"):
        with pytest.raises(InputError, match=f"{name}: cannot be written"):
            export(store, tmp_path / name)


def events(path: Path) -> list[Any]:
    proto = pytest.importorskip("tensorboardX.proto.event_pb2", reason="tensorboardX is not installed")
    content, found = path.read_bytes(), []
    while content:
        (length,) = struct.unpack("<Q", content[:8])
        event = proto.Event()
        event.ParseFromString(content[12 : 12 + length])
        found.append(event)
        content = content[12 + length + 4 :]
    return found


class TestTensorboard:
    @pytest.fixture(autouse=True)
    def _installed(self) -> None:
        pytest.importorskip("tensorboardX", reason="tensorboardX is not installed")

    def test_one_event_file_per_run(self, store: Store, tmp_path: Path) -> None:
        folder = export(store, tmp_path / "events")
        files = sorted(folder.rglob("*tfevents*"))
        assert [path.parent.name.rpartition("_")[0] for path in files] == [
            "nmu_mul_-2_2_seed1",
            "nmu_mul_1_2_seed1",
        ]
        first, *rows = events(files[1])
        assert first.file_version == "brain.Event:2"
        assert [event.step for event in rows] == [0, 1000, 2000, 3000]
        values = {value.tag: value.simple_value for value in rows[3].summary.value}
        assert set(values) == {
            "error/interpolation",
            "error/extrapolation",
            "error/sparsity",
            "loss/train",
            "loss/penalty",
            "weight/w0",
            "weight/w1",
        }
        expected = store.records().filter(interpolation_range="[1,2]", step=3000)["extrapolation_error"][0]
        assert values["error/extrapolation"] == pytest.approx(expected, rel=1e-6)

    def test_writing_again_replaces(self, store: Store, tmp_path: Path) -> None:
        contents = []
        for _ in range(2):
            folder = export(store, tmp_path / "events.v2" if (tmp_path / "events.v2").is_dir() else tmp_path / "events")
            contents.append({path: path.read_bytes() for path in folder.rglob("*tfevents*")})
        assert contents[0] == contents[1]

    def test_an_existing_folder_may_have_a_dot(self, store: Store, tmp_path: Path) -> None:
        (tmp_path / "events.v2").mkdir()
        assert list(export(store, tmp_path / "events.v2").rglob("*tfevents*"))


def test_the_missing_package_is_named(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("tensorboardX", "tensorboardX.proto.event_pb2", "tensorboardX.record_writer"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=r"needs the package tensorboardX.*; pip install 'nalm\[tensorboard\]'"):
        export(store, tmp_path / "events")
