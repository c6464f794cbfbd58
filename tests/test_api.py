import polars as pl
import pytest

import nalm
from nalm.errors import InputError, StoreError
from support.command import python
from support.study_texts import MINIMAL

QUICK = {"iterations": 300, "log_interval": 100, "validation_samples": 100, "test_samples": 100}


@pytest.fixture
def study(tmp_path):
    path = tmp_path / "products.toml"
    path.write_text(MINIMAL + '\n[[networks]]\nunit = "linear"\n')
    return str(path)


def test_run_trains_and_returns_results(study, tmp_path):
    results = nalm.run(study, settings=QUICK, out=tmp_path / "out", workers=1)
    records = results.records()
    assert isinstance(records, pl.DataFrame)
    assert records.columns[:14] == [
        "run", "study", "task", "unit", "operation", "interpolation_range", "extrapolation_range", "seed", "step",
        "train_loss", "penalty_loss", "interpolation_error", "extrapolation_error", "sparsity_error",
    ]  # fmt: skip
    assert set(records["step"]) == {0, 100, 200, 300}
    summary = results.summary()
    assert summary["unit"].to_list() == ["nmu", "linear"]
    assert summary["runs"].to_list() == [2, 2]
    assert {"success_rate_mean", "success_rate_lower", "solved_at_median", "sparsity_error_upper"} <= {*summary.columns}


def test_run_takes_any_seeds_and_filters(study, tmp_path):
    only = {"unit": "NMU", "seed": [3, 5]}
    results = nalm.run(study, seeds=range(3, 6), only=only, settings=QUICK, out=tmp_path / "out", workers=1)
    records = results.records()
    assert set(records["seed"]) == {3, 5}
    assert set(records["unit"]) == {"nmu"}


def test_results_are_opened_again(study, tmp_path):
    one = nalm.run(study, settings=QUICK, out=tmp_path / "out", workers=1)
    other = nalm.Results.open(tmp_path / "out")
    assert other.records().equals(one.records())
    assert repr(other) == f"Results.open({str(tmp_path / 'out')!r})"


def test_figure_is_written(study, tmp_path):
    results = nalm.run(study, settings=QUICK, out=tmp_path / "out", workers=1)
    path = results.plot(tmp_path / "figure.png")
    assert path.read_bytes().startswith(b"\x89PNG")


def test_default_folder_is_named_after_the_study(study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert str(nalm.run(study, settings=QUICK, seeds="0:1", workers=1).path) == "results/products"


def test_damaged_file_is_a_warning(study, tmp_path):
    nalm.run(study, settings=QUICK, out=tmp_path / "out", workers=1)
    (victim,) = (tmp_path / "out" / "records").iterdir()
    victim.write_bytes(victim.read_bytes()[:50])
    with pytest.warns(RuntimeWarning, match="its runs are trained again"):
        results = nalm.run(study, settings=QUICK, out=tmp_path / "out", workers=1)
    assert results.summary()["runs"].to_list() == [2, 2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"study": "quickstrat"}, "did you mean 'quickstart'"),
        ({"seeds": []}, "no seeds"),
        ({"seeds": "5:2"}, "holds no seed"),
        ({"only": {"unit": "npu"}}, "only unit=npu: no run has it"),
        ({"settings": {"iteratoins": 3}}, "did you mean 'iterations'"),
        ({"workers": 0}, "workers 0: give at least 1"),
    ],
)
def test_wrong_arguments(study, tmp_path, arguments, message):
    with pytest.raises(InputError, match=message):
        nalm.run(**{"study": study, "out": tmp_path / "out", **arguments})


def test_errors_can_be_caught_by_name_after_import_of_nalm_alone():
    code = "import nalm\ntry: nalm.run('quickstrat')\nexcept nalm.errors.NalmError as error: print(error)"
    output, _ = python("-c", code).communicate()
    assert "did you mean 'quickstart'" in output


def test_there_are_no_results_in_an_empty_folder(tmp_path):
    with pytest.raises(StoreError, match="not a results folder"):
        nalm.Results.open(tmp_path)
