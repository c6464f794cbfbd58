"""CSV files of the original exporter."""

from __future__ import annotations

from pathlib import Path

import pytest

from nalm.errors import DataError, InputError
from nalm.figures import plot
from nalm.results import Store, import_csv, summary_of
from nalm.results.original.run_names import parse_run_name

SINGLE = (
    "reregualizedlinearmnac_op-mul_oob-c_rs-linear-linear_eps-0_rl-20000-35000_r-10-0-1_i-1-2_e-2-6_z-2-0.5-0.0_b128_"
    "s0_h2_z2_lr-adam-0.00100-0.0_L1F_rb-1e-05-0.0001-10000-10_rWnpu-0-W_rg-0_rH_clip-n_WrI-xu_gn-F_gv-F_rF-10-5000_"
    "mse_id-1"
)
DATASET = (
    "reregualizedlinearnac-nac-m_op-mul_oob-c_rs-linear-linear_eps-0_rl-1000000-2000000_r-10-0-1_i-1-2_e-2-6_"
    "z-100-0.25-0.5_b128_s7_h2_z2_lr-adam-0.00100-0.0_L1F_rb-1e-05-0.0001-10000-10_rWnpu-0_rg-0_rH_clip-n_WrI-xu_p-32_"
    "nMF_nAF_BnauF_mse_id-1"
)
HEAD = "name,metric.valid.interpolation,step,wall.time,metric.test.extrapolation,sparse.error.max"


def test_single_module_names() -> None:
    run = parse_run_name(SINGLE)
    assert (run.unit, run.seed) == ("nmu", 0)
    assert (run.task.kind, run.task.operation, run.task.input_size) == ("single-module", "mul", 2)
    assert (str(run.task.interpolation_range), str(run.task.extrapolation_range)) == ("[1,2]", "[2,6]")


def test_arithmetic_dataset_names() -> None:
    run = parse_run_name(f"FTS/{DATASET}")
    assert (run.unit, run.seed, run.task.kind) == ("nau_nmu", 7, "arithmetic-dataset")
    assert (run.task.input_size, run.task.subset_ratio, run.task.overlap_ratio) == (100, 0.25, 0.5)
    assert parse_run_name(DATASET.replace("nMF", "nMT")).unit == "nau_snmu"


@pytest.mark.parametrize(
    ("inside", "outside", "ranges"),
    [
        ("i--20--10", "e--40--20", ("[-20,-10]", "[-40,-20]")),
        ("i--1.2--1.1", "e--6.1--1.2", ("[-1.2,-1.1]", "[-6.1,-1.2]")),
        ("i--2-2", "e-[-6, -2]-[2, 6]", ("[-2,2]", "[[-6,-2],[2,6]]")),
        ("i-0-1e-05", "e-0.1-0.2", ("[0,1e-05]", "[0.1,0.2]")),
    ],
)
def test_ranges_in_names(inside: str, outside: str, ranges: tuple[str, str]) -> None:
    task = parse_run_name(SINGLE.replace("i-1-2", inside).replace("e-2-6", outside)).task
    assert (str(task.interpolation_range), str(task.extrapolation_range)) == ranges


@pytest.mark.parametrize(
    ("field", "unit"),
    [
        ("nalu", "nalu"),
        ("nalu-gr", "gnalu"),
        ("mnac", "nac_mul"),
        ("nac-nac-n", "nac_mul"),
        ("realnpu", "realnpu"),
        ("reregualizedlinearnac", "nau"),
        ("unheard-of", "unheard-of"),
    ],
)
def test_layer_types(field: str, unit: str) -> None:
    assert parse_run_name(SINGLE.replace("reregualizedlinearmnac", field)).unit == unit


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("nmu_op-mul", "expects at least 12 fields joined by '_', got 2"),
        (SINGLE.replace("op-mul", "mul"), "field 2 must be the operation, such as op-mul, got 'mul'"),
        (SINGLE.replace("i-1-2", "i-1"), "field 8 must be a range, such as i-1-2, got 'i-1'"),
        (SINGLE.replace("i-1-2", "i-2-1"), "lower bound 2 must be less than upper bound 1"),
        (SINGLE.replace("z-2-0.5-0.0", "z-2"), "field 10 must be the sizes"),
        (SINGLE.replace("_s0_", "_x_"), "field 12 must be the seed, such as s0, got 'x'"),
        (SINGLE.replace("op-mul", "op-pow"), "no task that nalm knows"),
    ],
)
def test_other_names_are_refused_by_field(name: str, fault: str) -> None:
    with pytest.raises(InputError) as refusal:
        parse_run_name(name)
    assert fault in str(refusal.value)
    assert "\n" not in str(refusal.value)


def write_csv(path: Path, *rows: str, head: str = HEAD) -> Path:
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def sample(path: Path) -> Path:
    """Write two seeds, the second unsolved and without sparsity errors, in completion order."""
    other = SINGLE.replace("_s0_", "_s1_")
    return write_csv(
        path,
        f"{other},0.5,0,12.5,3.0,",
        f"{other},0.25,1000,12.5,1.0,",
        f"{SINGLE},1e-7,1000,12.5,2e-6,0.001",
        f"{SINGLE},0.125,0,12.5,nan,0.25",
    )


def test_imported_runs_are_summarised(tmp_path: Path) -> None:
    store = import_csv(sample(tmp_path / "NMU.csv"), tmp_path / "results")
    records = store.records()
    assert records["seed"].to_list() == [0, 0, 1, 1]
    assert records["step"].to_list() == [0, 1000, 0, 1000]
    assert records["interpolation_error"].to_list() == [0.125, 1e-7, 0.5, 0.25]
    assert records["sparsity_error"].to_list() == [0.25, 0.001, None, None]
    assert records["train_loss"].null_count() == 4
    (group,) = summary_of(store)
    assert (group["unit"], group["runs"], group["solved"]) == ("nmu", 2, 1)
    assert group["solved_at"]["mean"] == 1000
    assert plot(store, tmp_path / "figure.svg").exists()


def test_several_files_share_a_folder(tmp_path: Path) -> None:
    csv = sample(tmp_path / "x.csv")
    import_csv(csv, tmp_path / "results")
    import_csv(csv, tmp_path / "results", unit="snmu")
    import_csv(csv, tmp_path / "results")
    groups = summary_of(Store.open(tmp_path / "results"))
    assert [(group["unit"], group["runs"]) for group in groups] == [("nmu", 2), ("snmu", 2)]


def test_weights_are_read(tmp_path: Path) -> None:
    row = f"{SINGLE},0.5,0,1.5,3.0,0.1,0.25,0.75,0.5"
    csv = write_csv(tmp_path / "x.csv", row, head=f"{HEAD},weights.w0,weights.w1,gate.g0")
    records = import_csv(csv, tmp_path / "results").records()
    assert records.select("w0", "w1").rows() == [(0.25, 0.75)]
    assert "gate.g0" not in records.columns


def test_faults_of_the_file_are_named(tmp_path: Path) -> None:
    missing = write_csv(tmp_path / "a.csv", "x,1", head="name,step")
    with pytest.raises(DataError, match=r"a\.csv: has no column 'metric\.valid\.interpolation'"):
        import_csv(missing, tmp_path / "results")
    text = write_csv(tmp_path / "b.csv", f"{SINGLE},much,0,1.5,3.0,0.1")
    with pytest.raises(DataError, match=r"b\.csv: column 'metric\.valid\.interpolation' holds 'much'"):
        import_csv(text, tmp_path / "results")
    name = write_csv(tmp_path / "c.csv", "nmu,1,0,1.5,3.0,0.1")
    with pytest.raises(DataError, match=r"c\.csv: run name 'nmu': expects at least 12 fields"):
        import_csv(name, tmp_path / "results")
    with pytest.raises(InputError, match=r"d\.csv: cannot be read"):
        import_csv(tmp_path / "d.csv", tmp_path / "results")
    assert not (tmp_path / "results").exists()
