from pathlib import Path

import pytest

import nalm.cluster
from nalm.cluster._site import LsfSite, SlurmSite, read_site
from nalm.errors import InputError

EXAMPLES = Path(nalm.cluster.__file__).parent / "sites"
SITES = {"slurm": SlurmSite, "lsf": LsfSite}


@pytest.fixture
def site(tmp_path):
    def write(text):
        path = tmp_path / "site.toml"
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize("name", SITES)
def test_example_sets_every_key_but_the_command(name):
    example = read_site(EXAMPLES / f"{name}.toml", SITES[name])
    assert example.model_fields_set == set(SITES[name].model_fields) - {"command"}


@pytest.mark.parametrize("model", SITES.values())
def test_empty_site_is_the_queue_s_own(model, site):
    assert read_site(site(""), model) == model()


def test_every_problem_is_told_at_once_with_the_nearest_key(site):
    path = site(
        'partitions = "short"\ntime = 3\ncpus = "two"\ngpus = -1\nmemory_gb = 0\nmodules = "python"\n'
        'setup = ["export A=1", 3]\naccount = "a\\nb"\nqueue = "short"\n'
    )
    with pytest.raises(InputError) as caught:
        read_site(path, SlurmSite)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{path}: ") for line in lines)
    told = [line.removeprefix(f"{path}: ") for line in lines]
    assert [line.partition(" (allowed")[0] for line in told] == [
        "queue: belongs to the other queue; keys here are partition, qos, account, time_minutes, memory_gb, cpus, "
        "gpus, most_parts, at_once, modules, setup, options, command",
        "account: give one line of text",
        "memory_gb: must be greater than 0, got 0",
        "cpus: must be a whole number, got 'two'",
        "gpus: must be at least 0, got -1",
        "modules: must be a list, got 'python'",
        "setup[1]: must be text, got 3",
        "unknown key 'partitions' (value 'short'); did you mean 'partition'?",
        "unknown key 'time' (value 3); did you mean 'time_minutes'?",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cpus = ", "not valid TOML: "),
        ("a = " + "[" * 5000, "not valid TOML: nested too deeply"),
    ],
)
def test_what_is_no_toml_is_refused(site, text, message):
    path = site(text)
    with pytest.raises(InputError) as caught:
        read_site(path, LsfSite)
    assert str(caught.value).startswith(f"{path}: {message}")


def test_missing_and_unreadable_sites_are_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.toml: no such file"):
        read_site(tmp_path / "nowhere.toml", SlurmSite)
    with pytest.raises(InputError, match=rf"{tmp_path}: cannot be read \(Is a directory\)"):
        read_site(tmp_path, SlurmSite)
