import sys
import tomllib
from types import ModuleType

import numpy as np
import polars as pl
import pytest
import torch

import nalm
from nalm.errors import InputError, StoreError, StudyError
from support.command import python
from support.study_texts import MINIMAL

QUICK = {
    "iterations": 300,
    "log_interval": 100,
    "validation_samples": 100,
    "test_samples": 100,
    "ramp_start": 100,
    "ramp_end": 200,
}


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


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Two units, two ranges, two seeds, trained for a moment."""
    folder = tmp_path_factory.mktemp("results")
    tables = {
        "name": "tables",
        "title": "From <tables>",
        "seeds": np.arange(2),
        "task": {"kind": "single-module", "operation": "mul"},
        "settings": {**QUICK, "learning_rate": 1e-2},
        "grid": {
            "ranges": [
                {"interpolation_range": [1, 2], "extrapolation_range": [2, 6]},
                {"interpolation_range": [-2, -1], "extrapolation_range": [-6, -2]},
            ]
        },
        "networks": [{"unit": "nmu"}, {"layers": ["nau", "nmu"], "hidden_size": 3}],
    }
    return nalm.run(tables, out=folder / "out", workers=1)


def test_a_study_may_be_an_object_or_tables(results, tmp_path):
    study = nalm.studies.load({**tomllib.loads(MINIMAL), "name": "minimal"})
    assert nalm.studies.load(study) == study
    one = nalm.run(study, settings=QUICK, seeds={np.int64(1), 0}, out=tmp_path / "one", workers=1)
    assert set(one.records()["seed"]) == {0, 1}
    assert results.runs()["study"].unique().to_list() == ["tables"]
    with pytest.raises(StudyError, match=r"^study 'x': netwroks: |unknown key 'netwroks'"):
        nalm.run({**tomllib.loads(MINIMAL), "name": "x", "netwroks": []})
    with pytest.raises(StudyError, match=r"^study: name: missing"):
        nalm.run(tomllib.loads(MINIMAL))


@pytest.mark.parametrize("seeds", [range(3, 5), {3, 4}, np.array([3, 4]), (np.uint8(3), np.int32(4)), "3:5"], ids=repr)
def test_seeds_may_be_any_integers(seeds):
    assert nalm.studies.choose_seeds(seeds) == (3, 4)


@pytest.mark.parametrize("seeds", [[True], [1.0], [np.float64(1)], ["1"]], ids=repr)
def test_what_is_no_integer_is_no_seed(seeds):
    with pytest.raises(InputError, match="is not a whole number"):
        nalm.studies.choose_seeds(seeds)


def test_runs_have_a_row_each_and_the_best_is_the_one_with_the_least_error(results):
    runs = results.runs()
    assert len(runs) == 8
    of = runs.filter(unit="nmu", interpolation_range="[1,2]").sort("extrapolation_error")
    assert results.best(unit="nmu", interpolation_range=[1, 2]) == of["run"][0]
    assert results.best() == runs.sort("extrapolation_error")["run"][0]
    with pytest.raises(InputError, match=r"only unit=npu: no run has it"):
        results.best(unit="npu")


@pytest.mark.parametrize("unit", ["nmu", "nau_nmu"])
def test_a_network_comes_home_with_its_weights(results, unit):
    name = results.best(unit=unit, interpolation_range="[-2,-1]")
    network = results.network(name[:9])
    assert not network.training
    for key, value in results.weights(name).items():
        assert np.array_equal(network.state_dict()[key].numpy(), value)
    # what it computes is what the records say of its last row but for one update
    last = results.records().filter(run=name).sort("step").tail(1)
    torch.manual_seed(0)
    x = -2 - 4 * torch.rand(20_000, 2)
    error = torch.nn.functional.mse_loss(network(x), x.prod(-1, keepdim=True)).item()
    recorded = last["extrapolation_error"][0]
    assert error <= 5 * recorded + 1e-9
    assert recorded <= 5 * error + 1e-9
    with pytest.raises(InputError, match=r"run '': no run begins so"):
        results.network("")


def test_a_network_of_a_class_that_was_edited_is_refused(results, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    code = (
        "import torch\nclass Own(torch.nn.Linear):\n    def forward(self, x):\n        return super().forward(x) * {}\n"
    )
    module = ModuleType("own_of_api")
    exec(code.format(1), vars(module))
    monkeypatch.setitem(sys.modules, "own_of_api", module)
    own = nalm.bench(module.Own, ["linear"], settings=QUICK, seeds=[0], out=tmp_path / "bench", workers=1)
    assert own.ranking()["unit"].to_list() in (["Own", "linear"], ["linear", "Own"])
    name = own.best(unit="Own")
    assert isinstance(own.network(name), module.Own)
    exec(code.format(2), vars(module))
    with pytest.raises(InputError, match=r"own_of_api:Own: its code has been changed since run"):
        own.network(name)


def test_some_runs_are_results_too(results):
    some = results.only(unit="nmu", seeds=[1])
    assert set(some.records()["seed"]) == {1}
    assert some.summary()["runs"].to_list() == [1, 1]
    assert len(some.only(interpolation_range=[1, 2]).runs()) == 1
    with pytest.raises(InputError, match=r"no run has one of the seeds \[9\]"):
        results.only(seeds=[9])


def test_learning_curves_are_medians_and_quartiles_of_groups(results):
    curves = results.learning_curves()
    assert len(curves) == 4 * 4
    rows = results.records().filter(unit="nmu", interpolation_range="[1,2]", step=200)["extrapolation_error"]
    (curve,) = curves.filter(unit="nmu", interpolation_range="[1,2]", step=200).to_dicts()
    assert curve["runs"] == 2
    assert {curve["extrapolation_error_lower"], curve["extrapolation_error_upper"]} <= {*rows}
    assert curve["extrapolation_error_median"] in {*rows}


def test_a_notebook_shows_title_and_summary(results):
    shown = results._repr_html_()
    assert "From &lt;tables&gt;" in shown
    assert shown.count("<tr>") == 1 + 4


def test_pandas_tables_need_pyarrow_or_say_so(results, monkeypatch):
    monkeypatch.setattr("nalm.api.find_spec", lambda name: None if name == "pyarrow" else object())
    with pytest.raises(InputError, match=r"^to_pandas: pyarrow must be installed; pip install pandas pyarrow"):
        results.to_pandas()
    with pytest.raises(InputError, match=r"table 'record'; did you mean 'records'"):
        results.to_pandas("record")


def test_settings_that_leave_a_penalty_out_are_a_warning(study, tmp_path):
    settings = {**QUICK, "iterations": 50, "log_interval": 10}
    with pytest.warns(RuntimeWarning, match="never on: its ramp begins at 100 iterations"):
        nalm.run(study, settings=settings, out=tmp_path / "out", workers=1)
