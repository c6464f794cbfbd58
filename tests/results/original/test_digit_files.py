"""CSV files of the original's exporters of digit tasks, and the command that reads any."""

from __future__ import annotations

from pathlib import Path

import pytest

from nalm.errors import DataError, InputError
from nalm.figures import plot
from nalm.results import import_csv, summary_of
from support.command import Command

SIDES = ("output", "label1", "label2")
ISOLATED = [f"metric.{part}.{side}.mse" for part in ("train", "test") for side in SIDES]
ISOLATED += [
    f"metric.{part}.{side}{end}.acc" for part in ("train", "test") for side in SIDES for end in ("", "_rounded")
]
COLOUR = [name.replace("mse", "loss") for name in ISOLATED] + [f"metric.valid.{side}.loss" for side in SIDES]
SEQUENCES = ["metric.train.mse", "metric.valid.mse", *(f"metric.test.extrapolation.{k}.mse" for k in (1, 2, 5))]
SEQUENCE = (
    "{layer}_d-123456789_h-1_op-cumprod_oob-c_rs-linear-linear_eps-0_rl-10000-100000_r-10-1.0-1_m-l-{solved}_i-2_"
    "e-1->2->5_b64_s{seed}_nM{noise}_bAF_mse"
)


def written(path: Path, columns: list[str], rows: dict[tuple[str, int], float], weights: tuple[str, ...] = ()) -> Path:
    lines = [",".join(["name", *columns, "step", "epoch", *weights])]
    for (name, epoch), value in rows.items():
        lines.append(
            ",".join([name, *[str(value)] * len(columns), str(388 * epoch), str(epoch), *["0.5"] * len(weights)])
        )
    path.write_text("\n".join(lines) + "\n")
    return path


def static_rows(model: str) -> dict[tuple[str, int], float]:
    return {(f"3_f{fold}_op-mul_{model}_s{fold}", epoch): 50.0 - epoch for fold in range(3) for epoch in range(2)}


def test_static_digits(tmp_path: Path) -> None:
    weights = ("label2out.w0", "label2out.w1")
    path = written(tmp_path / "snmu.csv", ISOLATED, static_rows("nalmT_learnLT"), weights)
    store = import_csv(path, tmp_path / "here", "sNMU", "snmu-2022/figure-8")
    import_csv(
        written(tmp_path / "mul.csv", ISOLATED, static_rows("nalmF_learnLF")),
        tmp_path / "here",
        None,
        "snmu-2022/figure-8",
    )
    records = store.records()
    assert records["task"].unique().to_list() == ["static-digits"]
    assert set(records["unit"]) == {"snmu", "solved"}
    last = records.filter(unit="snmu", seed=2, epoch=1)
    assert last["test_output_error"].to_list() == [49.0]
    assert last["test_label_2_rounded_accuracy"].to_list() == [0.49]
    assert last["interpolation_error"].to_list() == [49.0]
    assert last["w1"].to_list() == [0.5]
    assert records.filter(unit="solved")["w0"].is_null().all()
    groups = summary_of(store)
    assert [(group["unit"], group["runs"]) for group in groups] == [("solved", 3), ("snmu", 3)]
    assert plot(store, tmp_path / "figure.svg").stat().st_size > 1000
    assert plot(store, tmp_path / "weights.svg", "weights").stat().st_size > 1000


def test_colour_digits_have_validation_errors(tmp_path: Path) -> None:
    store = import_csv(written(tmp_path / "fc.csv", COLOUR, static_rows("nalmF_learnLT")), tmp_path / "here")
    records = store.records()
    assert set(records["unit"]) == {"fc"}
    assert records["interpolation_error"].equals(records["validation_output_error"].alias("interpolation_error"))


def test_sequences(tmp_path: Path) -> None:
    layer = "reregualizedlinearnac-nac-m"
    reference = {
        (SEQUENCE.format(layer="reregualizedlinearnac-nac-m", solved="s", seed=seed, noise="F"), epoch): 3.0
        - 0.1 * seed
        for seed in range(3)
        for epoch in (0, 5)
    }
    units = {
        (SEQUENCE.format(layer=layer, solved="n", seed=seed, noise="F"), epoch): 1.0
        for seed in range(2)
        for epoch in (0, 5)
    }
    noisy = {(name.replace("nMF", "nMT"), epoch): value for (name, epoch), value in units.items()}
    columns = [*SEQUENCES, "sparse.error.max"]
    study = "snmu-2022/figure-10"
    store = import_csv(written(tmp_path / "a.csv", columns, reference), tmp_path / "here", None, study)
    import_csv(
        written(tmp_path / "b.csv", columns, units, ("weights.w0", "weights.w1")), tmp_path / "here", None, study
    )
    import_csv(written(tmp_path / "c.csv", columns, noisy), tmp_path / "here", "batch sNMU", study)
    records = store.records()
    assert set(records["unit"]) == {"solved", "nmu", "snmu_batch"}
    assert set(records["operation"]) == {"mul"}
    assert records.filter(unit="nmu", seed=0)["extrapolation_error"].to_list() == [1.0, 1.0]
    groups = {(group["unit"], group["length"]): group for group in summary_of(store)}
    assert groups["nmu", 5]["solved"] == 2
    assert plot(store, tmp_path / "figure.svg").stat().st_size > 1000
    with pytest.raises(DataError, match="does not tell the range of noise; give unit, such as snmu or snmu_batch"):
        import_csv(tmp_path / "c.csv", tmp_path / "there")


@pytest.mark.parametrize(
    ("columns", "name", "message"),
    [
        (ISOLATED, "3_f0_op-mul_nalmT_learnLT_s0", "tells NMU, sNMU and batch sNMU not apart; give unit"),
        (ISOLATED, "run", "expects FOLD, operation and model"),
        (ISOLATED, "f0_op-div_nalmF_learnLT_s0", "operation 'div' is none of add, mul"),
        (SEQUENCES, "nmu", "expects an operation and a seed among its fields"),
    ],
)
def test_refuses_names(columns: list[str], name: str, message: str, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", columns, {(name, 0): 1.0})
    with pytest.raises(DataError) as raised:
        import_csv(path, tmp_path / "here")
    assert message in str(raised.value)
    assert not (tmp_path / "here").exists()


def test_a_study_of_another_task_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", ISOLATED, static_rows("nalmF_learnLT"))
    with pytest.raises(InputError, match="study quickstart: is of the task single-module, the file of static-digits"):
        import_csv(path, tmp_path / "here", None, "quickstart")


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    written(Path("snmu.csv"), ISOLATED, static_rows("nalmT_learnLT"))
    command = Command(monkeypatch, capsys)
    words = ["import", "snmu.csv", "--study", "snmu-2022/figure-8", "--unit", "snmu", "--out", "here"]
    assert command(*words).output == "3 runs in here; next: nalm summary here\n"
    assert "snmu" in command("summary", "here").output
    outcome = command("import", "none.csv", "--out", "there")
    assert (outcome.status, outcome.errors.count("\n")) == (2, 1)
