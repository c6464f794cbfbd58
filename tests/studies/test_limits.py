"""What no study may ask for is refused at once, in one line that says where and how much."""

import tracemalloc

import pytest

from nalm.errors import StudyError
from nalm.studies import expand, loads, override
from nalm.studies._seeds import MOST_RUNS

THOUSAND = list(range(1, 1001))
BIG = "9" * 400


def study(**tables):
    """A small study's text with lines added to its tables."""
    task = tables.pop("kind", 'kind = "single-module"\noperation = "mul"')
    network = tables.pop("network", 'unit = "nmu"')
    seeds = tables.pop("seeds", '"0:2"')
    rest = {"top": "", "task": "", "settings": "", "grid": ""} | tables
    return (
        f'title = "x"\nseeds = {seeds}\n{rest["top"]}\n[task]\n{task}\n{rest["task"]}\n[settings]\n{rest["settings"]}\n'
        f"[grid]\n{rest['grid']}\n[[networks]]\n{network}\n"
    )


DATASET = 'kind = "arithmetic-dataset"\noperation = "mul"'
STATIC = 'kind = "static-digits"\ndataset = "digits"'
SEQUENTIAL = 'kind = "sequential-digits"\ndataset = "digits"'
TWO_LAYERS = 'layers = ["nau", "nmu"]'
AXES = ("batch_size", "log_interval", "validation_samples")
GRID = "\n".join(f"{axis} = {THOUSAND}" for axis in AXES)

EXPLODING = {
    "seeds": (study(seeds='"0:1000000000"'), "seeds: '0:1000000000' holds 1,000,000,000 seeds; a study has at most"),
    "grid": (
        study(grid=GRID),
        "2,000,000,000 runs, of which networks[0] has 1000 batch_size x 1000 log_interval x 1000 validation_samples "
        "x 2 seeds; a study has at most 10,000,000",
    ),
    "grid and seeds": (study(seeds='"0:100001"', grid=f"batch_size = {THOUSAND}"), "100,001,000 runs, of which"),
    "hidden layer": (
        study(top="hidden_size = 100_000", network='layers = ["nau", "nau", "nmu"]'),
        "networks[0]: hidden_size: a layer of 10,000,000,000 weights; at most 268,435,456 numbers fit",
    ),
    "hidden size": (study(top="hidden_size = 1000000000000", network=TWO_LAYERS), "hidden_size: must be at most 1e+09"),
    "hidden size of a network": (
        study(network=f"{TWO_LAYERS}\nhidden_size = 1000000000000"),
        "networks[0].hidden_size: must be at most 1e+09",
    ),
    "batch": (study(settings="batch_size = 1000000000000"), "settings.batch_size: must be at most 1e+09"),
    "batch of many inputs": (
        study(kind=DATASET, settings="batch_size = 10_000_000"),
        "networks[0]: batch_size: 10,000,000 samples of 100 numbers; at most 16,777,216 numbers fit",
    ),
    "validation": (
        study(kind=DATASET, settings="validation_samples = 100_000_000"),
        "networks[0]: validation_samples: 100,000,000 samples of 100 inputs; at most",
    ),
    "test": (study(settings="test_samples = 1000000000000"), "settings.test_samples: must be at most 1e+09"),
    "rows": (
        study(settings="iterations = 1_000_000_000\nlog_interval = 1"),
        "networks[0]: log_interval: 1,000,000,001 logged rows of a run; at most 10,000,000, so give a longer interval",
    ),
    "inputs": (study(kind=DATASET, task="input_size = 10000000000"), "task.input_size: must be at most 1e+06"),
    "subsets": (study(kind=DATASET, task="subsets = 1000000000000"), "task.subsets: must be at most 10000"),
    "samples of digits": (
        study(kind=STATIC, task="samples_per_pair = 1000000000000"),
        "task.samples_per_pair: must be at most 1e+06",
    ),
    "all samples of digits": (
        study(kind=STATIC, task="samples_per_pair = 1000000"),
        "networks[0]: samples_per_pair: 100,000,000 samples; at most 268,435,456 numbers fit",
    ),
    "pictures of a batch": (
        study(kind=STATIC, task="samples_per_pair = 10000", settings="batch_size = 1000000"),
        "networks[0]: batch_size: 900,000 pictures of 1,568 numbers; at most 268,435,456 numbers fit",
    ),
    "sequences of a batch": (
        study(kind=SEQUENTIAL.replace('"digits"', '"mnist"'), task="outputs = 10000", settings="batch_size = 1000000"),
        "networks[0]: batch_size: 24,783 sequences of 20,000 numbers; at most 268,435,456 numbers fit",
    ),
    "length of a sequence": (
        study(kind=SEQUENTIAL, task="training_length = 1000000"),
        "networks[0]: training_length 1000000: there are 1233 training images of the digits '123456789' in 'digits'",
    ),
    "state": (study(kind=SEQUENTIAL, task="initial_state = 1e300"), "task.initial_state: must be at most 1e+30"),
    "outputs": (study(kind=SEQUENTIAL, task="outputs = 10000000000"), "task.outputs: must be at most 10000"),
    "deep array": (study(settings=f"x = {'[' * 5000}{']' * 5000}"), "not valid TOML: nested too deeply"),
    "deep inline table": (study(network=f"arguments = {'{a=' * 5000}1{'}' * 5000}"), "not valid TOML: nested too"),
    "deep table": (study() + f"[{'.'.join('a' * 3000)}]", "a.a.a…: nested more than 32 levels deep"),
    "deep key": (study() + f"{'.'.join('a' * 3000)} = 1", "networks[0].a…: nested more than 32 levels deep"),
    "digits of a number": (study(settings=f"x = {'9' * 5000}"), "not valid TOML: Exceeds the limit (4300 digits)"),
}


@pytest.mark.parametrize("text", [text for text, _ in EXPLODING.values()], ids=EXPLODING)
def test_what_explodes_is_refused_in_one_line_and_little_memory(text, request):
    message = EXPLODING[request.node.callspec.id][1]
    tracemalloc.start()
    try:
        with pytest.raises(StudyError) as caught:
            expand(loads(text, "x", source="s.toml"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert str(caught.value).startswith(f"s.toml: {message}")
    assert str(caught.value).count("\n") == 0
    assert peak < 100 * 2**20


@pytest.mark.parametrize(
    "key", ["iterations", "batch_size", "log_interval", "validation_samples", "test_samples", "ramp_end", "l1_step"]
)
def test_whole_numbers_beyond_64_bits_are_refused_wherever_they_stand(key):
    message = rf"settings\.{key}: a whole number of 400 digits; at most 9223372036854775807"
    with pytest.raises(StudyError, match=rf"^s\.toml: {message}"):
        loads(study(settings=f"{key} = {BIG}"), "x", source="s.toml")
    with pytest.raises(StudyError, match=rf"^s\.toml: grid\.{key}\[1\]: a whole number of 400 digits"):
        loads(study(grid=f"{key} = [5, {BIG}]"), "x", source="s.toml")
    with pytest.raises(StudyError, match=rf"^setting {key}: a whole number of 400 digits"):
        override(loads(study(), "x"), {key: int(BIG)})


def test_a_study_may_be_as_large_as_the_limit():
    assert len(loads(study(seeds=f'"0:{MOST_RUNS}"'), "x").seeds) == MOST_RUNS
    with pytest.raises(StudyError, match=r"seeds: '0:10000001' holds 10,000,001 seeds"):
        loads(study(seeds=f'"0:{MOST_RUNS + 1}"'), "x")


def test_the_repeated_one_of_very_many_seeds_is_found():
    seeds = [*range(200_000), 199_999]
    with pytest.raises(StudyError, match="seed 199999 is given twice"):
        loads(study(seeds=seeds), "x")
