"""Which columns of the long table are metrics, and which parameters of the study."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from nalm.errors import InputError, StoreError
from nalm.results import Store, columns, select_best, summarise, summary_of
from nalm.results.columns import COLUMNS, METRICS_NOTED, Column, is_reserved, newest_version
from nalm.results.records import Records, records_table
from nalm.studies._keys import SETTABLE
from results.samples import STUDY, make_batch, make_run, no_damage


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create_or_open(tmp_path / "results", STUDY)


def noted(store: Store) -> list[object]:
    """What the store's files note of their version and their metrics."""
    notes = [json.loads(pl.read_parquet_metadata(path)["nalm"]) for path in sorted(store.path.glob("records/*"))]
    return [(note.get("version"), note.get("metrics")) for note in notes]


def with_metric(name: str, seeds: int = 3, **parameters: object) -> Records:
    """Records of a few runs with a metric that falls with the step, to -2 to -1 at the end."""
    batch = make_batch([make_run(seed=seed, **parameters) for seed in range(seeds)])
    batch.metrics[name] = -batch.steps / 3000 - batch.run_index / (seeds - 1)
    return records_table(batch)


class TestMetricOfAnyName:
    def test_it_comes_back_as_a_metric(self, store: Store) -> None:
        store.add(with_metric("margin", hidden_size=4), {})
        assert noted(store) == [(METRICS_NOTED, ["margin"])]
        assert len(store.finished(no_damage)) == 3
        records = Store.open(store.path).read()
        assert (records.metrics, records.parameters) == (("margin",), ["hidden_size"])
        assert records.table.columns[13:18] == ["sparsity_error", "margin", "w0", "w1", "hidden_size"]

    def test_it_is_summarised_and_makes_no_groups(self, store: Store) -> None:
        store.add(with_metric("margin", hidden_size=4), {})
        (group,) = summary_of(store)
        assert group["hidden_size"] == 4
        best = select_best(store.read())
        assert group["metrics"]["margin"]["mean"] == pytest.approx(best["margin"].mean())
        # nothing says that it cannot be negative
        assert group["metrics"]["margin"]["lower"] < group["metrics"]["margin"]["mean"] < 0

    def test_its_row_says_where_its_values_end(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        row = Column("margin", pl.Float64(), "metric", "how far it is", since=newest_version() + 1, most=-1.25)
        monkeypatch.setattr(columns, "COLUMNS", (*COLUMNS, row))
        store.add(with_metric("margin"), {})
        (group,) = summary_of(store)
        assert group.metrics is not None
        assert group.metrics["margin"].upper == -1.25
        assert group.metrics["margin"].lower < group.metrics["margin"].mean < -1.25

    def test_files_with_and_without_it_share_a_folder(self, store: Store) -> None:
        store.write(make_batch([make_run(seed=7)]))
        store.add(with_metric("margin"), {})
        assert sorted(map(str, noted(store))) == ["(2, ['margin'])", "(None, None)"]
        records = store.read()
        assert records.metrics == ("margin",)
        assert records.table.filter(seed=7)["margin"].is_null().all()

    def test_a_file_that_does_not_say_which_columns_are_metrics_is_damaged(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("nalm.results.store.batch_files._note_of", lambda records: {"version": records.version})
        store.add(with_metric("margin"), {})
        with pytest.raises(StoreError, match="does not say which columns are metrics"):
            store.records()

    def test_a_bare_table_in_which_it_would_be_a_parameter_is_refused(self) -> None:
        with pytest.raises(InputError, match=r"^records: column 'margin' changes within a run, so it is no parameter"):
            summarise(with_metric("margin").table)
        assert len(summarise(with_metric("margin"))) == 1

    @pytest.mark.parametrize("name", ["w0", "step", "status", "solved"])
    def test_one_that_is_called_like_another_column_is_refused(self, name: str) -> None:
        batch = make_batch([make_run()])
        batch.metrics[name] = batch.metrics["train_loss"]
        with pytest.raises(InputError, match=f"^metric '{name}' has the name of another column of the records"):
            records_table(batch)


class TestParameterOfAnyName:
    @pytest.mark.parametrize("name", ["largest_error", "mean_label", "epoch"])
    def test_one_that_is_called_like_a_metric_is_none(self, store: Store, name: str) -> None:
        store.write(make_batch([make_run(**{name: 3}), make_run(seed=1, **{name: 4})]))
        assert noted(store) == [(METRICS_NOTED, [])]
        records = store.read()
        assert (records.metrics, records.parameters) == ((), [name])
        assert [group[name] for group in summary_of(store)] == [3, 4]

    def test_one_that_is_called_like_a_metric_of_its_runs_is_refused(self) -> None:
        batch = make_batch([make_run(margin=3)])
        batch.metrics["margin"] = batch.metrics["train_loss"]
        with pytest.raises(InputError, match="parameter 'margin' has the name of a metric of its runs"):
            records_table(batch)

    def test_one_that_is_a_metric_of_other_runs_is_refused(self, store: Store) -> None:
        store.add(with_metric("margin"), {})
        store.write(make_batch([make_run(seed=9, margin=1)]))
        with pytest.raises(
            StoreError, match="results: 'margin' is a metric of some runs and a parameter of the study in others"
        ):
            store.read()

    @pytest.mark.parametrize("name", ["w0", "step", "threshold", "reason"])
    def test_one_that_is_called_like_another_column_is_refused(self, name: str) -> None:
        with pytest.raises(
            InputError, match=f"^study quickstart: parameter '{name}' has the name of a column of the records"
        ):
            records_table(make_batch([make_run(**{name: 3})]))


def test_no_key_of_a_study_has_the_name_of_a_column() -> None:
    """But for those that are columns of their own, and no parameters."""
    assert [key for key in SETTABLE if is_reserved(key)] == ["operation", "interpolation_range", "extrapolation_range"]


def test_what_version_1_takes_for_a_metric_has_a_name_that_ends_in_one_of_four_words_or_is_the_epoch() -> None:
    old = [column.name for column in COLUMNS if column.role == "metric" and column.since == 1]
    assert old == ["epoch", "…_loss", "…_error", "…_accuracy", "…_label"]
