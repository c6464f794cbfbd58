"""Which way the runs of a results folder are summarised."""

from __future__ import annotations

from pathlib import Path

import pytest

from nalm.results import Store, summary_of
from nalm.results.records import Records
from nalm.results.summaries import SUMMARIES
from nalm.results.summary import Group, group_parameters, summarise
from nalm.studies import Study
from results.samples import STUDY, make_batch, make_run
from support.digit_results import STATIC, static_record, store_of_runs


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.create_or_open(tmp_path / "results", f"selection_window = 2\n{STUDY}")
    store.write(make_batch([make_run(seed=seed) for seed in range(2)]))
    return store


def test_a_kind_of_task_may_have_a_summary_of_its_own(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def last_step(records: Records, study: Study | None, window: int) -> list[Group]:
        asked.append((study, window))
        return summarise(records, window=1)

    monkeypatch.setitem(SUMMARIES, "single-module", last_step)
    (group,) = summary_of(store)
    assert group.runs == 2
    assert asked == [(store.study, 2)]


def test_runs_of_an_unknown_kind_of_task_are_summarised_by_their_best_step(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = summary_of(store)
    monkeypatch.delitem(SUMMARIES, "single-module")
    assert summary_of(store) == expected


def test_an_empty_store_has_no_groups(tmp_path: Path) -> None:
    assert summary_of(Store.create_or_open(tmp_path, STUDY)) == []


def test_a_sweep_of_epochs_makes_groups_of_the_epochs_that_were_asked_for(tmp_path: Path) -> None:
    study = STATIC.replace("[figure]", "[grid]\nepochs = [1, 2]\n[figure]")
    store = store_of_runs(tmp_path / "store", study, lambda run: [static_record(0, 9.0)])
    groups = [group for group in summary_of(store) if group.unit == "snmu"]
    assert group_parameters(groups) == ["epochs"]
    assert [group.value_of("epochs") for group in groups] == [1, 2]
    assert [group.epochs for group in groups] == [0, 0]
