import pytest

from nalm.citations import cite
from nalm.studies import cells, check_networks, load, names

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
