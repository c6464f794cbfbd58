"""Job scripts against checked-in texts; `python tests/cluster/test_scripts.py` writes them again."""

import subprocess
from pathlib import Path

import pytest

import nalm.cluster
from nalm.cluster._scripts import Array, lsf_script, ranges, slurm_script
from nalm.cluster._site import LsfSite, SlurmSite, read_site

GOLDEN = Path(__file__).parent / "scripts"
EXAMPLES = Path(nalm.cluster.__file__).parent / "sites"
QUEUES = {"slurm": (slurm_script, SlurmSite), "lsf": (lsf_script, LsfSite)}
HOSTILE = 'it\'s 100% "my" $HOME;\n#SBATCH --array=1-9\n`x` & \\ <*>'

ARRAY = Array(
    study="snmu-2022/figure-2",
    parts=16,
    elements=(1, 4, 5, 6, 16),
    nalm=("/opt/nalm/bin/nalm",),
    argument="snmu-2022/figure-2",
    options=("--out", "/scratch/figure-2", "--seeds", "0:5", "--only", "interpolation_range=[1,2]", "--workers", "2"),
    folder=Path("/projects/arithmetic"),
)


def texts():
    """Every golden text by file name."""
    found = {}
    for name, (script, model) in QUEUES.items():
        found[f"plain.{name}"] = script(ARRAY, model())
        example = read_site(EXAMPLES / f"{name}.toml", model)
        found[f"site.{name}"] = script(ARRAY, example.model_copy(update={"cpus": 2, "gpus": 1}))
    return found


@pytest.mark.parametrize("name", texts())
def test_script_is_the_golden_text(name):
    assert texts()[name] == (GOLDEN / name).read_text()


def test_every_golden_text_is_compared():
    assert {path.name for path in GOLDEN.iterdir()} == set(texts())


@pytest.mark.parametrize("name", texts())
def test_script_is_bash(name):
    assert subprocess.run(["bash", "-n", GOLDEN / name], check=False).returncode == 0


@pytest.mark.parametrize("name", QUEUES)
def test_hostile_names_reach_nalm_as_they_are(name, tmp_path):
    script, model = QUEUES[name]
    folder = tmp_path / "a b" / HOSTILE.replace("/", "")
    folder.mkdir(parents=True)
    shown = tmp_path / "show"
    shown.write_text("#!/bin/bash\npwd\nprintf '%s\\0' \"$@\"\n")
    shown.chmod(0o755)
    options = ("--out", str(folder), "--only", f"unit={HOSTILE}")
    array = Array("x", 9, (3,), (str(shown),), HOSTILE, options, folder)
    variables = {"SLURM_ARRAY_TASK_ID": "3", "LSB_JOBINDEX": "3"}
    output = subprocess.run(
        ["bash", "-c", script(array, model())], env=variables, capture_output=True, text=True, check=True
    ).stdout
    assert output.startswith(f"{folder}\n")
    assert output.removeprefix(f"{folder}\n").split("\0")[:-1] == ["run", HOSTILE, "--part", "3/9", *options]


@pytest.mark.parametrize("name", QUEUES)
def test_no_directive_holds_a_name_of_the_user_s(name):
    script, model = QUEUES[name]
    text = script(Array(HOSTILE, 2, (1, 2), ("nalm",), HOSTILE, (), Path(HOSTILE)), model())
    plain = script(Array("it-s-100-my-HOME-SBATCH---array-1-9-x-", 2, (1, 2), ("nalm",), "x", (), Path("x")), model())
    assert text.partition("\n\n")[0] == plain.partition("\n\n")[0]


def test_a_failing_folder_ends_the_part(tmp_path):
    array = Array("x", 1, (1,), ("echo", "trained"), "x", (), tmp_path / "gone")
    done = subprocess.run(["bash", "-c", slurm_script(array, SlurmSite())], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("minutes", "slurm", "lsf"), [(60, 120, 2), (8, 120, 2), (6, 90, 1), (4, 60, 1), (1, 15, None)]
)
def test_a_short_part_is_warned_after_three_quarters_of_its_time(minutes, slurm, lsf):
    text = slurm_script(ARRAY, SlurmSite(time_minutes=minutes))
    assert f"#SBATCH --signal=B:TERM@{slurm}\n" in text
    text = lsf_script(ARRAY, LsfSite(time_minutes=minutes))
    assert ("#BSUB -wa TERM\n" in text) == (lsf is not None)
    assert lsf is None or f"#BSUB -wt {lsf}\n" in text


@pytest.mark.parametrize(
    ("elements", "text"),
    [((1,), "1"), ((1, 2), "1-2"), ((1, 3, 5), "1,3,5"), ((1, 2, 3, 7, 9, 10), "1-3,7,9-10")],
)
def test_elements_are_written_as_ranges(elements, text):
    assert ranges(elements) == text


if __name__ == "__main__":
    for file, text in texts().items():
        (GOLDEN / file).write_text(text)
