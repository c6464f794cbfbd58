import pytest

from nalm.citations import cite
from nalm.studies import cells, check_networks, load, names
from nalm.units import resolve

NINE = {
    "[-20,-10]": "[-40,-20]",
    "[-2,-1]": "[-6,-2]",
    "[-1.2,-1.1]": "[-6.1,-1.2]",
    "[-0.2,-0.1]": "[-2,-0.2]",
    "[-2,2]": "[[-6,-2],[2,6]]",
    "[0.1,0.2]": "[0.2,2]",
    "[1,2]": "[2,6]",
    "[1.1,1.2]": "[1.2,6]",
    "[10,20]": "[20,40]",
}


def ranges(study):
    return {str(cell.task.interpolation_range): str(cell.task.extrapolation_range) for cell in cells(study)}


@pytest.mark.parametrize("name", names())
def test_every_study_can_be_run_and_cited(name):
    study = load(name)
    assert study.name == name
    assert study.description
    assert cells(study)
    check_networks(study)
    assert study.paper in cite(study.paper)


def test_quickstart_is_a_part_of_figure_2():
    study = load("quickstart")
    assert [network.shown_as for network in study.networks] == ["nmu", "snmu"]
    assert ranges(study) == NINE
    figure = {(c.network.label, c.task): c.training for c in cells(load("snmu-2022/figure-2"))}
    assert all(figure[c.network.label, c.task] == c.training for c in cells(study))


def test_figure_2_has_the_settings_of_the_launch_script():
    study = load("snmu-2022/figure-2")
    assert ranges(study) == NINE
    assert study.seeds == tuple(range(25))
    training = {cell.network.label: cell.training for cell in cells(study)}
    assert set(training) == {
        "nac_mul", "nalu", "gnalu", "inalu", "npu", "realnpu", "nmu", "snmu", "snmu_batch",
    }  # fmt: skip
    for settings in training.values():
        assert (settings.iterations, settings.log_interval, settings.batch_size) == (50_000, 1000, 128)
        assert (settings.optimizer, settings.loss) == ("adam", "mse")
    for unit in ("npu", "realnpu"):
        npu = training[unit]
        assert (npu.learning_rate, npu.sparsity_penalty) == (5e-3, 0)
        assert (npu.l1, npu.l1_start, npu.l1_end, npu.l1_step, npu.l1_growth) == (True, 1e-7, 1e-5, 10_000, 10)
    for unit in ("nmu", "snmu", "snmu_batch"):
        nmu = training[unit]
        assert (nmu.sparsity_penalty, nmu.ramp_start, nmu.ramp_end) == (10, 20_000, 35_000)
    assert training["inalu"].clip_gradient_value == 0.1
    assert training["inalu"].reinitialise
    for unit, settings in training.items():
        assert settings.learning_rate == (5e-3 if unit in ("npu", "realnpu") else 1e-3)
        assert settings.l1 == (unit in ("npu", "realnpu"))
        assert settings.reinitialise == (unit == "inalu")


def by_label(study):
    return {cell.label: cell for cell in cells(study)}


def test_figure_7_has_the_unequal_budgets_of_the_launch_scripts():
    study = load("snmu-2022/figure-7")
    assert ranges(study) == NINE
    budgets = {label: (cell.training.iterations, cell.runs) for label, cell in by_label(study).items()}
    assert budgets == {"nau_nmu": (5_000_000, 20), "nau_snmu": (2_000_000, 20)}
    assert "5,000,000" in study.description
    assert "2,000,000" in study.description


def test_figure_5_has_seven_kinds_of_noise():
    study = load("snmu-2022/figure-5")
    assert ranges(study) == NINE
    found = by_label(study)
    noise = {label: (cell.network.layers[1].unit, cell.network.layers[1].arguments) for label, cell in found.items()}
    assert noise == {
        "nau_snmu [0.01,0.05]": ("snmu", {"noise": [0.01, 0.05]}),
        "nau_snmu [0.1,0.5]": ("snmu", {"noise": [0.1, 0.5]}),
        "nau_snmu [1,2]": ("snmu", {"noise": [1, 2]}),
        "nau_snmu": ("snmu", {}),
        "nau_snmu [5,10]": ("snmu", {"noise": [5, 10]}),
        "nau_snmu [10,20]": ("snmu", {"noise": [10, 20]}),
        "nau_snmu_batch": ("snmu_batch", {}),
    }
    assert {cell.training.iterations for cell in found.values()} == {2_000_000}
    assert {label: cell.runs for label, cell in found.items() if cell.runs == 20}.keys() == {
        "nau_snmu",
        "nau_snmu_batch",
    }


@pytest.mark.parametrize("name", [name for name in names() if name.startswith(("nau-nmu-2020/", "snmu-2022/figure-"))])
def test_nmu_in_the_arithmetic_dataset_has_the_published_penalty(name):
    cell = by_label(load(name)).get("nau_nmu")
    if cell is not None and "sparsity_penalty" not in cell.parameters:
        training = cell.training
        assert (training.sparsity_penalty, training.ramp_start, training.ramp_end) == (10, 1_000_000, 2_000_000)


def test_comparison_has_the_published_models_and_operations():
    study = load("nau-nmu-2020/comparison")
    found = by_label(study)
    assert len(found) == 11
    assert {cell.task.operation for cell in cells(study)} == {"add", "sub", "mul", "div", "squared", "root"}
    nau = found["nau_nau"].training
    assert (nau.sparsity_penalty, nau.ramp_start, nau.ramp_end) == (0.01, 5000, 50_000)
    assert {cell.runs for cell in found.values()} == {100}


def test_input_size_study_gives_longer_inputs_more_iterations():
    budgets = {c.task.input_size: c.training.iterations // 10**6 for c in cells(load("nau-nmu-2020/input-size"))}
    assert budgets == {
        4: 5, 10: 5, 25: 5, 50: 5, 75: 5, 100: 5,
        125: 10, 150: 10, 175: 10, 200: 10, 225: 15, 250: 15, 275: 15, 300: 15,
    }  # fmt: skip
    assert load("nau-nmu-2020/input-size").selection_window == 15_000


def test_simple_function_has_four_inputs():
    tasks = {cell.task for cell in cells(load("nau-nmu-2020/simple"))}
    assert [(task.simple, task.input_size, task.operation) for task in tasks] == [(True, 4, "mul")]


@pytest.mark.parametrize("operation", ["add", "sub", "mul", "div"])
def test_primer_compares_units_that_claim_the_operation(operation):
    study = load(f"primer-2022/{operation}")
    assert ranges(study) == NINE
    assert study.seeds == tuple(range(25))
    units = [resolve(cell.network.layers[0].unit) for cell in cells(study)]
    assert all(operation in unit.operations for unit in units)
    assert all(unit.paper for unit in units)


def test_primer_and_figure_2_agree_on_multiplication():
    primer, figure = (by_label(load(name)) for name in ("primer-2022/mul", "snmu-2022/figure-2"))
    assert all(primer[label].training == cell.training for label, cell in figure.items())


@pytest.mark.parametrize("unit", ["npu", "realnpu"])
def test_division_has_its_own_growth_of_the_l1_penalty(unit):
    training = by_label(load("primer-2022/div"))[unit].training
    assert (training.l1_start, training.l1_end) == (1e-9, 1e-7)


def test_division_of_ten_inputs_has_the_published_recipes():
    found = {label: cell.training for label, cell in by_label(load("division-2022/ten-inputs")).items()}
    assert {cell.task.input_size for cell in cells(load("division-2022/ten-inputs"))} == {10}
    assert {training.iterations for training in found.values()} == {100_000}
    rates = {label: training.learning_rate for label, training in found.items()}
    assert rates == {
        "realnpu": 5e-3, "realnpu_modified": 5e-3, "nru": 1e-3, "sign_nmru": 1e-2, "gated_sign_nmru": 1e-2,
    }  # fmt: skip
    modified = found["realnpu_modified"]
    assert (modified.npu_weight_penalty, modified.npu_gate_penalty, modified.npu_penalty_scale) == (1, 1, "ramp")
    assert (modified.ramp_start, modified.ramp_end) == (50_000, 75_000)
    assert found["sign_nmru"].clip_gradient_norm == 1
