"""What the benchmarks measured is what the documentation shows."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_SPEC = importlib.util.spec_from_file_location("nalm_benchmark_report", ROOT / "benchmarks" / "report.py")
report = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(report)

ROW = {
    "network": "nmu",
    "eager_us": 1234.5,
    "one_core_us": 0.25,
    "fast_us": 0.125,
    "jax_us": None,
    "all_cores_us": 0.0625,
    "floor_us": None,
    "times_eager": 4938.0,
    "times_floor": None,
    "cold_start_s": 9.96,
    "warm_start_s": None,
    "peak_mib": 460.4,
}
RATES = {"plain": 500.0, "nalm": 1000.0, "nalm, bfloat16": 2250.0}
CURVES = {
    "runs": {"NMU": {"1": 0.5, "81": 0.125}, "sNMU": {"1": 1.0, "81": 0.25}},
    "inputs": {"NAU-NMU": {"2": 1.0, "300": 1234.0}},
}


def test_engine_table_leaves_out_what_was_not_measured():
    last = report.engine_table([ROW]).splitlines()[-1]
    assert last == "| `nmu` | 1,234 | 0.250 | 4,938 |  |  | 0.125 |  | 0.062 | 10.0 s |  | 460 MiB |"


def test_one_table_per_thing_that_varies():
    first, second = report.scaling_tables(CURVES).strip().split("\n\n")
    assert first.splitlines()[0] == "| runs | 1 | 81 |"
    assert first.splitlines()[-1] == "| sNMU | 1 | 0.25 |"
    assert second.splitlines()[-1] == "| NAU-NMU | 1 | 1.23e+03 |"


def test_digits_table_has_ratios_to_the_plain_loop():
    parts = {f"{name}: {part}": rate for part in ("training", "evaluation") for name, rate in RATES.items()}
    table = report.digits_table({"colour": {name: {"best": rate, "worst": 1.0} for name, rate in parts.items()}})
    assert table.splitlines()[-1] == "| colour, evaluation | 500 | 1,000 (2.00) | 2,250 (4.50) |"


def test_picture_is_reproducible_and_names_its_curves():
    picture = report.scaling_picture(CURVES)
    assert picture == report.scaling_picture(CURVES)
    assert b"sNMU" in picture
    assert b"inputs" in picture


STEPS = [
    {"runs": runs, "step": step, "seconds": runs / 3000, "mebibytes": 100.0 + runs / 7}
    for runs in (1000, 10_000)
    for step in ("planning", "summarising")
]


def test_table_of_many_runs_has_time_and_memory_of_each_step():
    lines = report.scale_table(STEPS).splitlines()
    assert lines[0] == "| step | 1,000 runs | 10,000 runs |"
    assert lines[2] == "| planning | 0.333 s, 243 MiB | 3.33 s, 1,529 MiB |"


def test_picture_of_many_runs_is_reproducible():
    picture = report.scale_picture(STEPS)
    assert picture == report.scale_picture(STEPS)
    assert b"summarising" in picture


def test_page_without_markers_is_refused():
    with pytest.raises(ValueError, match="no lines"):
        report.with_part("nothing", "the engine's table", "")


def test_page_of_formulas_shows_what_was_measured(monkeypatch):
    monkeypatch.setitem(sys.modules, "report", report)  # as the programs of that folder see it
    spec = importlib.util.spec_from_file_location("nalm_formula_report", ROOT / "benchmarks" / "formula_report.py")
    formula_report = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(formula_report)
    rows = [json.loads(line) for line in (report.FOLDER / "formulas.jsonl").read_text().splitlines()]
    page = formula_report.PAGE.read_text()
    assert formula_report.page_with(page, rows) == page


def test_page_shows_the_measured_numbers():
    page = report.PAGE.read_text()
    rows = json.loads((report.FOLDER / "engine.json").read_text())
    curves = json.loads((report.FOLDER / "scaling.json").read_text())["curves"]
    assert report.with_part(page, "the engine's table", report.engine_table(rows)) == page
    assert report.with_part(page, "the tables of growth", report.scaling_tables(curves)) == page
    steps = json.loads((report.FOLDER / "scale.json").read_text())["steps"]
    many = report.CLUSTER_PAGE.read_text()
    assert report.with_part(many, "the table of many runs", report.scale_table(steps)) == many
    digits = json.loads((report.FOLDER / "digits.json").read_text())
    assert report.with_part(page, "the digits' table", report.digits_table(digits)) == page
