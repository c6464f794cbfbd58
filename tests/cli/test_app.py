# ruff: noqa: E501 (tables of input and message read best with one case a line)
import errno
import os
import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from nalm import files
from support.command import python

HEAVY = ("torch", "scipy", "matplotlib", "polars", "numpy", "pydantic")
COMMANDS = (
    "list",
    "units",
    "run",
    "submit",
    "status",
    "compact",
    "summary",
    "plot",
    "report",
    "export",
    "bench",
    "cite",
    "compare",
    "doctor",
    "fit",
    "predict",
    "settings",
    "show",
)


def test_help_names_every_command(command):
    outcome = command("--help")
    assert outcome.status == 0
    for name in COMMANDS:
        assert f"│ {name} " in outcome.output


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(command, name):
    outcome = command(name, "--help")
    assert outcome.status == 0
    assert f"nalm {name}" in outcome.output


def loaded_by(code):
    """Names of the modules that Python has loaded after `code`."""
    output, errors = python("-c", f"{code}\nimport sys; print(); print(*sys.modules)").communicate()
    assert errors == ""
    return set(output.splitlines()[-1].split())


def test_help_comes_at_once():
    """No clock: what it loads decides how long it takes. Of what nalm depends on, that is what prints the help."""
    loaded = loaded_by(
        "import sys; sys.argv = ['nalm', '--help']\nfrom nalm.cli import main\ntry: main()\nexcept SystemExit: pass"
    )
    distributions = packages_distributions()
    used = {name for module in loaded for name in distributions.get(module, [])}
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    depended_on = {re.match(r"[\w-]+", requirement)[0] for requirement in project["dependencies"]}
    assert used & depended_on == {"typer", "rich"}
    folders = {module.split(".")[1] for module in loaded if module.startswith("nalm.") and module.count(".") > 1}
    assert folders == {"cli"}


def test_import_of_nalm_loads_nothing_heavy():
    assert not loaded_by("import nalm") & {*HEAVY}


def test_version(command):
    import nalm as package

    assert command("--version").output == f"nalm {package.__version__}\n"


def test_list_shows_runs_and_iterations(command):
    lines = command("list").output.splitlines()
    (line,) = [line for line in lines if line.startswith("snmu-2022/figure-2")]
    assert "2,025" in line
    assert "101,252,025" in line


def test_units_shows_titles_operations_papers_and_years(command):
    lines = command("units").output.splitlines()
    (line,) = [line for line in lines if line.startswith("nmu ")]
    assert line.split() == ["nmu", "NMU", "mul", "full", "madsen2020", "2020"]


@pytest.mark.parametrize("name", ["nmu", "snmu-2022/figure-2", "madsen2020"])
def test_cite_prints_bibtex(command, name):
    outcome = command("cite", name)
    assert outcome.status == 0
    assert outcome.output.startswith("@")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "quickstrat"], "nalm: unknown study 'quickstrat'; did you mean 'quickstart'?"),
        (["run", "none.toml"], "nalm: none.toml: no such file"),
        (["run", "quickstart", "--seeds", "5:2"], "nalm: seeds: '5:2' holds no seed: 5 must be less than 2"),
        (["run", "quickstart", "--only", "unit=npu"], "nalm: only unit=npu: no run has it; did you mean 'nmu'?; unit is one of nmu, snmu"),
        (["run", "quickstart", "--only", "unit=nmu", "--only", "seed=11"], "nalm: only seed=11: no run has it; seed is one of 0:10"),
        (["run", "quickstart", "--only", "unti=nmu"], "nalm: only unti: unknown key 'unti'; did you mean 'unit'?"),
        (["run", "quickstart", "--only", "unit"], "nalm: --only unit: give KEY=VALUE, such as unit=nmu"),
        (["run", "quickstart", "--set", "interpolation_range=[2,1]"], "nalm: setting interpolation_range: range [2, 1]: lower bound 2 must be less than upper bound 1"),
        (["run", "quickstart", "--only", "interpolation_range=[2,1]"], "nalm: only interpolation_range=[2,1]: range [2, 1]: lower bound 2 must be less"),
        (["run", "quickstart", "--set", "learnin_rate=1"], "nalm: setting learnin_rate: unknown key 'learnin_rate' (value 1); did you mean 'learning_rate'?"),
        (["run", "quickstart", "--set", "learning_rate"], "nalm: --set learning_rate: give KEY=VALUE"),
        (["run", "quickstart", "--set", "streams=papers"], "nalm: setting streams: must be 'paper' or 'fast', got 'papers'; did you mean 'paper'?"),
        (["run", "quickstart", "--set", "batch_size=8", "--set", "batch_size=9"], "nalm: --set batch_size=9: batch_size is set twice"),
        (["run", "quickstart", "--set", "iterations=8", "--iterations", "9"], "nalm: --iterations 9: iterations is set by --set too"),
        (["run", "quickstart", "--iterations", "-1"], "nalm: setting iterations: must be at least 0, got -1"),
        (["run", "quickstart", "--cluster", "slurm"], "nalm: cluster 'slurm': give tcp://HOST:PORT of a Dask"),
        (["run", "quickstart", "--workers", "0"], "nalm: workers 0: give at least 1"),
        (["run", "quickstart", "--device", "tpu"], "nalm: device 'tpu'"),
        (["bench", "nmuu"], "nalm: bench: networks[0].unit: unknown unit 'nmuu'; did you mean 'nmu'?"),
        (["bench", "no.such:Unit"], "nalm: bench/Unit: network 'Unit': no.such:Unit: no module 'no.such'"),
        (["summary", "nowhere"], "nalm: nowhere: no such folder"),
        (["plot", "nowhere"], "nalm: nowhere: no such folder"),
        (["report", "nowhere"], "nalm: nowhere: no such folder"),
        (["export", "nowhere", "--to", "x.csv"], "nalm: nowhere: no such folder"),
        (["cite", "nmuu"], "nalm: cannot cite 'nmuu'"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line_and_status_2(command, words, message):
    outcome = command(*words)
    assert outcome.status == 2
    assert outcome.errors.startswith(message)
    assert outcome.errors.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [["run"], ["run", "quickstart", "--bogus"], ["summary", "x", "--format", "xml"], ["runn"], ["export", "x"]],
)
def test_wrong_usage_is_status_2_without_traceback(command, words):
    outcome = command(*words)
    assert outcome.status == 2
    assert "Traceback" not in outcome.errors


def test_all_problems_of_a_file_are_shown(command, small):
    small.write_text(small.read_text().replace('"mul"', '"mull"').replace('"nmu"', '"nmuu"'))
    outcome = command("run", small)
    assert outcome.status == 2
    assert outcome.errors.splitlines() == [
        f"nalm: {small}: task.operation: must be 'add', 'sub', 'mul', 'div', 'squared', 'root', 'reciprocal', "
        "'greater' or 'less', got 'mull'; did you mean 'mul'?",
        f"nalm: {small}: networks[0].unit: unknown unit 'nmuu'; did you mean 'nmu'? (nalm units lists all)",
    ]


def test_full_disk_is_one_line(command, small, monkeypatch):
    real = files.write_whole

    def full(path, content, **options):
        if path.suffix == ".parquet":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(path, content, **options)

    command("run", small, "--workers", "1", "--only", "unit=linear")
    monkeypatch.setattr(files, "write_whole", full)
    outcome = command("run", small, "--workers", "1")
    assert outcome.status != 0
    assert outcome.errors == (
        "nalm: results/small: the disk is full; 1 finished batches are kept, the one under way is lost; "
        "make room and give the same command again to go on\n"
    )
    monkeypatch.undo()
    monkeypatch.chdir(small.parent)
    assert command("run", small, "--workers", "1").output.startswith("8 runs, 4 finished already")
