import pytest

from nalm.errors import StudyError
from nalm.studies import cells, check_networks, expand, loads
from support.study_texts import GRID, MINIMAL


def test_every_combination_of_values_and_seeds():
    runs = expand(loads(GRID, "grid"))
    assert len(runs) == 2 * 2 * 2 * 2 + 1 * 2 * 2 * 1
    assert len({run.id for run in runs}) == len(runs)


def test_order_is_networks_then_axes_then_seeds():
    runs = expand(loads(GRID, "grid"))
    first = [
        (r.network.label, r.task.operation, str(r.task.interpolation_range), r.training.learning_rate, r.seed)
        for r in runs[:5]
    ]
    assert first == [
        ("nmu", "add", "[1,2]", 1e-3, 0),
        ("nmu", "add", "[1,2]", 1e-3, 1),
        ("nmu", "add", "[1,2]", 1e-2, 0),
        ("nmu", "add", "[1,2]", 1e-2, 1),
        ("nmu", "add", "[-2,2]", 1e-3, 0),
    ]


def test_network_changes_what_it_says():
    run = expand(loads(GRID, "grid"))[-1]
    assert run.network.label == "nau_snmu"
    assert run.network.hidden_size == 3
    assert run.network.layers[1].arguments == {"noise": [1, 2]}
    assert run.seed == 5
    assert run.task.operation == "mul"


def test_swept_keys_beyond_the_columns_become_parameters():
    runs = expand(loads(GRID, "grid"))
    assert {tuple(run.parameters) for run in runs} == {("learning_rate",)}
    assert runs[2].parameters == {"learning_rate": 1e-2}


def test_parameters_show_the_effective_value_where_a_point_leaves_a_key_out():
    text = MINIMAL + "\n[grid]\nsizes = [{ batch_size = 8 }, { batch_size = 8, iterations = 7 }]\n"
    parameters = [run.parameters for run in expand(loads(text, "x"), seeds=(0,))]
    assert parameters == [{"batch_size": 8, "iterations": 50_000}, {"batch_size": 8, "iterations": 7}]


def test_keys_that_follow_from_the_first_of_their_axis_are_no_parameters():
    text = MINIMAL + "\n[grid]\nsizes = [{ input_size = 2 }, { input_size = 4, iterations = 7 }]\n"
    runs = expand(loads(text, "x"), seeds=(0,))
    assert [run.parameters for run in runs] == [{"input_size": 2}, {"input_size": 4}]
    assert [run.training.iterations for run in runs] == [50_000, 7]


def test_settings_of_a_network_go_over_those_of_the_study():
    text = GRID.replace("seeds = [5]", "seeds = [5]\nsettings = { iterations = 7 }")
    assert {run.network.label: run.training.iterations for run in expand(loads(text, "x"))} == {
        "nmu": 100,
        "nau_snmu": 7,
    }


def test_task_of_a_network_goes_over_that_of_the_study():
    run = expand(loads(MINIMAL + "task = { input_size = 6 }\n", "x"))[0]
    assert run.task.input_size == 6


def test_given_seeds_replace_all():
    assert {run.seed for run in expand(loads(GRID, "grid"), seeds=(8, 9))} == {8, 9}


def test_runs_carry_the_name_of_the_study():
    assert expand(loads(MINIMAL, "mine"))[0].study == "mine"


def test_aliases_give_the_same_run():
    one = expand(loads(MINIMAL, "x"))[0]
    other = expand(loads(MINIMAL.replace('"nmu"', '"ReRegualizedLinearMNAC"'), "x"))[0]
    assert one.id == other.id


def test_label_of_a_class_of_the_users_own():
    text = MINIMAL.replace('"nmu"', '"package.module:Class"')
    assert expand(loads(text, "x"))[0].network.label == "Class"


def test_cells_count_what_expand_makes():
    study = loads(GRID, "grid")
    runs = expand(study)
    assert sum(cell.runs for cell in cells(study)) == len(runs)
    assert sum(cell.iterations for cell in cells(study)) == sum(run.training.iterations + 1 for run in runs)


def test_networks_are_checked_before_the_first_run():
    text = MINIMAL + 'arguments = { nois = 3 }\n\n[[networks]]\nunit = "mlp"\narguments = { depth = -1 }\n'.replace(
        '"mlp"', '"relu_1"'
    )
    with pytest.raises(StudyError) as caught:
        check_networks(loads(text, "mine"))
    lines = caught.value.problems
    assert len(lines) == 2
    assert lines[0].startswith("mine: network 'nmu': unit 'nmu' has no argument 'nois'")
    assert lines[1].startswith("mine: network 'relu_1': ")
