# ruff: noqa: E501 (tables of input and message read best with one case a line)
import pytest

from nalm.errors import InputError, StudyError
from nalm.studies import cells, load, loads, names, override, to_toml
from support.study_texts import GRID, MINIMAL


def problems_of(text, **settings):
    with pytest.raises(StudyError) as caught:
        loads(text, "products", source="study.toml", settings=settings)
    return caught.value.problems


def changed(*replacements):
    text = MINIMAL
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    return text


def test_shipped_study_by_its_name():
    assert load("quickstart").name == "quickstart"


def test_own_file_is_named_after_itself(tmp_path):
    path = tmp_path / "my products.toml"
    path.write_text(MINIMAL)
    assert load(str(path)).name == "my products"


def test_name_in_the_file_wins(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text('name = "mine/products"\n' + MINIMAL)
    assert load(str(path)).name == "mine/products"


def test_unknown_study_names_the_nearest():
    with pytest.raises(InputError, match=r"unknown study 'quickstrat'; did you mean 'quickstart'\?"):
        load("quickstrat")


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match=r"none\.toml: no such file"):
        load(str(tmp_path / "none.toml"))


def test_folder_is_no_study(tmp_path):
    with pytest.raises(InputError, match=r"is a folder; give a file, such as .*study\.toml"):
        load(str(tmp_path))


def test_file_that_is_no_text(tmp_path):
    path = tmp_path / "study.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not UTF-8 text"):
        load(str(path))


def test_broken_toml_names_the_line():
    (problem,) = problems_of("title = \nseeds = 3")
    assert problem.startswith("study.toml: not valid TOML: ")
    assert "line 1" in problem


@pytest.mark.parametrize(
    ("replacement", "problem"),
    [
        (
            ('unit = "nmu"', 'unit = "nmuu"'),
            "networks[0].unit: unknown unit 'nmuu'; did you mean 'nmu'? (nalm units lists all)",
        ),
        (('"mul"', '"mull"'), "task.operation: must be 'add', 'sub', 'mul', 'div', 'squared', 'root', 'reciprocal', 'greater' or 'less', got 'mull'; did you mean 'mul'?"),
        (('"0:2"', '"5:2"'), "seeds: '5:2' holds no seed: 5 must be less than 2; give A:B for the seeds A to B - 1, such as 0:25"),
        (('"mul"', '"mul"\ninterpolation_range = [2, 1]'), "task.interpolation_range: range [2, 1]: lower bound 2 must be less than upper bound 1"),
        (('"mul"', '"mul"\ninput_size = 1.5'), "task.input_size: must be a whole number, got 1.5"),
        (('"mul"', '"mul"\ninput_size = "two"'), "task.input_size: must be a whole number, got 'two'"),
        (('"mul"', '"mul"\nsubset_ratio = "half"'), "task.subset_ratio: must be a number, got 'half'"),
        (('"mul"', '"mul"\nsimple = 3'), "task.simple: must be true or false, got 3"),
        (('"mul"', '"mul"\ndistribution = "exponentil"'), "task.distribution: must be 'uniform', 'truncated-normal', 'exponential', 'benford', got 'exponentil'; did you mean 'exponential'?"),
        (('"mul"', '"mul"\n[settings]\nlearning_rate = -1'), "settings.learning_rate: must be greater than 0, got -1"),
        (('"mul"', '"mul"\n[settings]\nmomentum = 1'), "settings.momentum: must be less than 1, got 1"),
        (('title = "Products"', "title = 3"), "title: must be text, got 3"),
        (('title = "Products"', ""), "title: missing"),
        (('unit = "nmu"', ""), "networks[0]: give either unit = \"NAME\" or layers = [\"NAME\", …], got neither"),
        (('unit = "nmu"', 'unit = "nmu"\nlayers = ["nau"]'), "networks[0]: give either unit = \"NAME\" or layers = [\"NAME\", …], got both"),
        (('unit = "nmu"', 'layers = ["nau"]\narguments = { bounds = "none" }'), "networks[0]: arguments belong to a layer: layers = [{ unit = \"NAME\", arguments = { … } }]"),
        (('unit = "nmu"', "layers = []"), "networks[0].layers: must not be empty"),
        (('unit = "nmu"', 'unit = "nmu"\nhidden_size = 0'), "networks[0].hidden_size: must be at least 1, got 0"),
        (('unit = "nmu"', 'unit = "nmu"\n[grid]\nlearning_rate = []'), "grid.learning_rate: must not be empty"),
        (('unit = "nmu"', 'unit = "nmu"\n[grid]\nlearning_rate = 3'), "grid.learning_rate: must be a list, got 3"),
        (('unit = "nmu"', 'unit = "nmu"\n[grid]\nbatch_size = [8, 0]'), "grid.batch_size[1]: must be at least 1, got 0"),
        (('unit = "nmu"', 'unit = "nmu"\n[figure]\nkind = "sweep"'), "figure: x names the swept key, and belongs to kind = \"sweep\" alone"),
        (('unit = "nmu"', 'unit = "nmu"\n[figure]\nkind = "sweep"\nx = "batch_siz"\n[grid]\nbatch_size = [8, 9]'), "figure.x: 'batch_siz' is not swept; did you mean 'batch_size'?; the grid sweeps batch_size"),
        (('title = "Products"', 'title = "Products"\nname = "../up"'), "name: '../up' must be a name, or names joined by '/', that can serve as a folder"),
        (('title = "Products"', 'title = "Products"\nname = "/root"'), "name: '/root' must be a name, or names joined by '/', that can serve as a folder"),
        (('title = "Products"', 'title = "Products"\nfigure = 3'), "figure: must be a table of keys, got 3"),
    ],
)  # fmt: skip
def test_each_problem_is_one_sentence_with_its_place(replacement, problem):
    assert problems_of(changed(replacement)) == (f"study.toml: {problem}",)


@pytest.mark.parametrize(
    ("text", "place", "key", "nearest", "allowed"),
    [
        (changed(('seeds = "0:2"', 'seeds = "0:2"\nseedz = 3')), "", "seedz", "seeds", "networks"),
        (changed(('"mul"', '"mul"\noperatoin = "add"')), "task: ", "operatoin", "operation", "input_size"),
        (changed(('"mul"', '"mul"\n[settings]\nlearnin_rate = 1')), "settings: ", "learnin_rate", "learning_rate", "ramp_end"),
        (changed(('unit = "nmu"', 'unit = "nmu"\nlable = "x"')), "networks[0]: ", "lable", "label", "layers"),
        (changed(('unit = "nmu"', 'layers = [{unit = "nmu", argument = 1}]')), "networks[0].layers[0]: ", "argument", "arguments", "unit"),
        (changed(('unit = "nmu"', 'unit = "nmu"\n[figure]\nkin = "table"')), "figure: ", "kin", "kind", "logarithmic"),
        (changed(('unit = "nmu"', 'unit = "nmu"\n[grid]\nbatch_siz = [1, 2]')), "grid.batch_siz: ", "batch_siz", "batch_size", "hidden_size"),
        (changed(('unit = "nmu"', 'unit = "nmu"\n[grid]\nx = [{ batch_siz = 1 }]')), "grid.x[0]: ", "batch_siz", "batch_size", "hidden_size"),
        (changed(('unit = "nmu"', 'unit = "nmu"\n[networks.grid]\nx = [{ batch_siz = 1 }]')), "networks[0].grid.x[0]: ", "batch_siz", "batch_size", "hidden_size"),
    ],
)  # fmt: skip
def test_unknown_keys_are_named_with_value_nearest_and_allowed(text, place, key, nearest, allowed):
    (problem,) = problems_of(text)
    assert problem.startswith(f"study.toml: {place}unknown key {key!r} (value ")
    assert f"did you mean {nearest!r}?" in problem
    assert allowed in problem.partition("(allowed: ")[2]


def test_all_problems_at_once():
    text = changed(('"mul"', '"mull"'), ('"nmu"', '"nmuu"'), ('"0:2"', '"5:2"'))
    places = [line.split(": ")[1] for line in problems_of(text)]
    assert places == ["seeds", "task.operation", "networks[0].unit"]


def test_settings_that_do_not_fit_together_are_reported_once():
    text = GRID.replace("ramp_end = 20", "ramp_end = 5")
    problems = problems_of(text)
    assert len(problems) == 1
    assert "ramp_end 5 must be greater than ramp_start 10" in problems[0]
    assert problems[0].startswith("study.toml: networks[0]")


def test_task_that_does_not_fit_is_reported_once():
    text = GRID.replace('kind = "single-module"', 'kind = "single-module"\nsubset_ratio = 1')
    (problem,) = problems_of(text)
    assert problem.startswith("study.toml: networks[0], operation = add, ")
    assert "take 4 inputs, but input_size is 2" in problem


def test_missing_kind_of_task():
    problems = problems_of(changed(('kind = "single-module"', "")))
    assert any("task: kind: missing" in problem for problem in problems)


def test_repeated_labels_are_refused():
    (problem,) = problems_of(MINIMAL + '\n[[networks]]\nunit = "NMU"\n')
    assert problem == (
        "study.toml: networks[1].label: 'nmu' is already the label of networks[0]; give each network a label of its own"
    )


def test_repeated_runs_are_refused():
    (problem,) = problems_of(MINIMAL + "\n[grid]\nbatch_size = [8, 8]\n")
    assert "runs of 'nmu' are given twice" in problem


def test_key_on_two_axes_is_refused():
    (problem,) = problems_of(MINIMAL + "\n[grid]\nbatch_size = [8]\nboth = [{ batch_size = 9 }]\n")
    assert "batch_size is already swept by grid.batch_size" in problem


def test_network_setting_that_an_axis_hides_is_refused():
    text = MINIMAL + "settings = { batch_size = 4 }\n\n[grid]\nbatch_size = [8, 9]\n"
    (problem,) = problems_of(text)
    assert problem.startswith("study.toml: networks[0].settings.batch_size: is swept by grid.batch_size")


def test_override_replaces_everywhere():
    study = loads(GRID.replace("seeds = [5]", "seeds = [5]\nsettings = { batch_size = 4 }"), "x")
    changed_study = override(study, {"batch_size": 16, "learning_rate": "0.5", "operation": "mul"})
    assert {cell.training.batch_size for cell in cells(changed_study)} == {16}
    assert {cell.training.learning_rate for cell in cells(changed_study)} == {0.5}
    assert {cell.task.operation for cell in cells(changed_study)} == {"mul"}
    assert len(cells(changed_study)) == 4


def test_override_of_one_key_of_a_joint_axis_keeps_the_others():
    study = override(loads(GRID, "x"), {"extrapolation_range": "[3,4]"})
    assert {str(cell.task.extrapolation_range) for cell in cells(study)} == {"[3,4]"}
    assert {str(cell.task.interpolation_range) for cell in cells(study)} == {"[1,2]", "[-2,2]"}


def test_override_of_all_keys_of_a_joint_axis_removes_it():
    study = override(loads(GRID, "x"), {"extrapolation_range": [3, 4], "interpolation_range": [1, 2]})
    assert "ranges" not in study.grid


def test_override_can_switch_an_optional_setting_off():
    text = GRID.replace("iterations = 100", "iterations = 100\nclip_gradient_value = 0.1")
    assert cells(loads(text, "x"))[0].training.clip_gradient_value == 0.1
    study = loads(text, "x", settings={"clip_gradient_value": "none"})
    assert cells(study)[0].training.clip_gradient_value is None


def test_override_of_threshold_and_window():
    study = loads(MINIMAL, "x", settings={"threshold": 0.5, "selection_window": 7})
    assert (study.threshold, study.selection_window) == (0.5, 7)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"learning_rate": "abc"}, "setting learning_rate: must be a number, got 'abc'"),
        ({"iterations": -1}, "setting iterations: must be at least 0, got -1"),
        ({"interpolation_range": "[2,1]"}, "setting interpolation_range: range [2, 1]: lower bound 2 must be less than upper bound 1"),
        ({"threshold": -1}, "settings: threshold: must be greater than 0, got -1"),
    ],
)  # fmt: skip
def test_override_refuses(settings, problem):
    assert problems_of(MINIMAL, **settings) == (problem,)


def test_override_names_the_nearest_key():
    (problem,) = problems_of(MINIMAL, learnin_rate=1)
    assert "unknown key 'learnin_rate' (value 1); did you mean 'learning_rate'?" in problem


def test_override_reports_all_problems():
    assert len(problems_of(MINIMAL, learnin_rate=1, batch_size=0)) == 2


def test_override_that_does_not_fit_the_rest():
    (problem,) = problems_of(GRID, ramp_end=5)
    assert "ramp_end 5 must be greater than ramp_start 10" in problem


def test_names_start_with_the_quickstart():
    assert names()[0] == "quickstart"
    assert "snmu-2022/figure-2" in names()


@pytest.mark.parametrize("text", [MINIMAL, GRID, *(to_toml(load(name)) for name in names())])
def test_canonical_text_reads_back_to_the_same_study(text):
    study = loads(text, "products")
    again = loads(to_toml(study), "another name")
    assert again == study
    assert to_toml(again) == to_toml(study)
    assert cells(again) == cells(study)
