"""Units ranked over all operations and ranges."""

from __future__ import annotations

from pathlib import Path

from nalm.results import Store
from nalm.results.ranking import ranking
from results.samples import STUDY, make_batch, make_run


def test_units_stand_by_share_of_solved_runs_then_by_how_soon(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path, STUDY)
    solved_at = {"nmu": [2000, 2000, 2000], "npu": [1000, 1000, 1000], "nac": [1000, None, 1000]}
    for unit, steps in solved_at.items():
        runs = [make_run(unit, pair, seed) for pair, seed in (("[1,2]", 0), ("[1,2]", 1), ("[10,20]", 0))]
        store.write(make_batch(runs, steps))
    ranks = ranking(store)
    assert [rank.unit for rank in ranks] == ["npu", "nmu", "nac"]
    assert [(rank.solved, rank.runs, rank.solved_at) for rank in ranks] == [(3, 3, 1000), (3, 3, 2000), (2, 3, 1000)]
    assert [(rank.conditions_solved, rank.conditions) for rank in ranks] == [(2, 2), (2, 2), (1, 2)]
