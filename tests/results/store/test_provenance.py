"""What made the numbers of a run is kept beside them, and named where a folder mixes it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nalm.cli._results import Choice, print_summary
from nalm.report import write
from nalm.results.store import Store
from nalm.results.store.provenance import read
from nalm.runs.record import MadeBy
from results.samples import STUDY, make_batch, make_run

KERNEL = MadeBy("a kernel", "g++ 12.2.0", "-O3 -march=native", "AVX512F")
FAST = replace(KERNEL, flags="-O3 -march=native (fast-math)")
LOOP = MadeBy("an ordinary loop", instructions="AVX512")


def folder(path: Path, *ways: MadeBy) -> Store:
    """A results folder with a batch made in each of `ways`, two runs each."""
    store = Store.create_or_open(path, STUDY)
    for number, way in enumerate(ways):
        runs = [make_run(seed=2 * number + k) for k in range(2)]
        store.write(replace(make_batch(runs), made_by=(way, way)))
    return store


def test_it_is_kept_for_each_run_beside_records_that_do_not_know_of_it(tmp_path: Path) -> None:
    one, other = folder(tmp_path / "one", KERNEL), folder(tmp_path / "other", LOOP)
    assert set(read(one.path).values()) == {KERNEL}
    assert set(read(one.path)) == set(one.records()["run"])
    assert set(read(other.path).values()) == {LOOP}
    (first,), (second,) = (list((store.path / "records").iterdir()) for store in (one, other))
    assert first.read_bytes() == second.read_bytes()
    (path,) = (one.path / "provenance").iterdir()
    path.write_bytes(path.read_bytes()[:30])
    assert read(one.path) == {}
    assert one.mixtures() == []


@pytest.mark.parametrize(
    ("ways", "named"),
    [
        ((KERNEL, KERNEL), None),
        ((KERNEL, LOOP), "2 by a kernel (g++ 12.2.0, AVX512F); 2 by an ordinary loop (AVX512)"),
        ((KERNEL, FAST), "2 by a kernel (g++ 12.2.0, AVX512F); 2 by a kernel (g++ 12.2.0, (fast-math), AVX512F)"),
        ((KERNEL, replace(KERNEL, instructions="AVX2")), "2 by a kernel (g++ 12.2.0, AVX2)"),
    ],
    ids=["no mixture", "lowerings", "flags", "instructions"],
)
def test_summary_and_report_name_a_mixture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], ways: tuple[MadeBy, ...], named: str | None
) -> None:
    store = folder(tmp_path / "results", *ways)
    print_summary(store.path, "json", Choice.of(None, None))
    errors = capsys.readouterr().err
    page = write([store], tmp_path / "page.html").read_text()
    if named is None:
        assert errors == ""
        assert "ways" not in page
    else:
        assert errors.startswith(f"nalm: {store.path}: runs of nmu were made in 2 ways, ")
        assert named in errors
        assert "Runs of nmu were made in 2 ways, " in page
