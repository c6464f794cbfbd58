import json
from types import SimpleNamespace

import pytest

from nalm.estimates import Rates, cost_key, known_rates, measure
from nalm.studies import cells, expand, loads
from nalm.training.stacked import cost
from support.study_texts import MINIMAL

STUDY = loads(MINIMAL + '\n[[networks]]\nunit = "linear"\n', "x")
RUNS = expand(STUDY)
TRUE = {"nmu": 3e-7, "linear": 8e-5, "nau": 1e-6}
ONCE_S = 0.5


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NALM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "rates.json"


@pytest.fixture
def trials(monkeypatch):
    """Replace training by a machine with known rates, a fixed cost per batch, and noise that slows most trials."""
    seen = []

    def train(runs, on_batch):
        batches = {}
        for run in runs:
            batches.setdefault(run.training.iterations, []).append(run)
        for number, (iterations, batch) in enumerate(batches.items()):
            (label,) = {run.network.label for run in batch}
            noise = 1.0 if number // 2 == 1 else 3.0
            seconds = (ONCE_S + TRUE[label] * iterations * len(batch)) * noise
            seen.append((label, iterations, len(batch)))
            on_batch(SimpleNamespace(runs=tuple(batch), seconds=seconds, core_s=None))

    monkeypatch.setattr("nalm.training.train", train)
    monkeypatch.setattr("nalm.training.executors.available_cores", lambda: 4)
    return seen


def rate(rates, label):
    run = next(run for run in RUNS if run.network.label == label)
    return rates.seconds[cost_key(run)]


def test_fastest_trials_give_the_rate_without_what_a_batch_costs_once(cache, trials):
    rates = measure(RUNS)
    assert rate(rates, "linear") == pytest.approx(TRUE["linear"], rel=0.05)
    assert rates.cores == 4


def test_a_busy_machine_changes_nothing(cache, monkeypatch):
    def train(runs, on_batch):
        batches = {}
        for run in runs:
            batches.setdefault(run.training.iterations, []).append(run)
        for iterations, batch in batches.items():
            worked = ONCE_S + TRUE[batch[0].network.label] * iterations * len(batch)
            on_batch(SimpleNamespace(runs=tuple(batch), seconds=10 * worked, core_s=worked))

    monkeypatch.setattr("nalm.training.train", train)
    told = []
    rates = measure(RUNS, told.append)
    assert rate(rates, "linear") == pytest.approx(TRUE["linear"], rel=0.05)
    assert told == sorted(told)
    assert told[-1] == 1


def test_each_network_has_trials_of_its_own(cache, trials):
    measure(RUNS)
    assert len(trials) == 2 * cost._REPEATS * len(STUDY.networks)
    assert len({iterations for label, iterations, _ in trials[: len(trials) // 2]}) == len(trials) // 2
    assert {runs for *_, runs in trials} == {2}


@pytest.mark.parametrize(("runs", "rounds"), [(1, 1), (2, 1), (4, 1), (5, 2), (400, 100)])
def test_time_of_a_study_is_that_of_the_rounds_that_the_cores_make(cache, trials, runs, rounds):
    rates = measure(RUNS)
    whole_s = runs * rates.duration_s(RUNS[-1], runs)
    assert whole_s == pytest.approx(rounds * rate(rates, "linear") * 50_001)


def test_fewer_workers_than_cores_take_longer(cache, trials):
    rates = measure(RUNS)
    run = RUNS[-1]
    assert rates.limited_to(1).duration_s(run, 8) == pytest.approx(4 * rates.duration_s(run, 8))
    assert rates.limited_to(100) == rates.limited_to(None) == rates


def test_known_networks_are_not_tried_again(cache, trials):
    first = measure(RUNS)
    count = len(trials)
    assert measure(RUNS) == first
    assert len(trials) == count
    assert known_rates() == first
    more = expand(loads(MINIMAL.replace('"nmu"', '"nau"'), "x"))
    measure(more)
    assert {label for label, *_ in trials[count:]} == {"nau"}


def test_cell_and_run_of_a_study_cost_the_same():
    assert {cost_key(cell) for cell in cells(STUDY)} == {cost_key(run) for run in RUNS}


def test_ranges_and_seeds_cost_nothing():
    text = MINIMAL + "\n[grid]\ninterpolation_range = [[1, 2], [3, 4]]\n"
    assert len({cost_key(run) for run in expand(loads(text, "x"))}) == 1


def test_nothing_is_known_at_first(cache):
    assert known_rates() == Rates({}, 1)
    assert known_rates().duration_s(RUNS[0], 1) is None


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"made_with": 3}', '{"made_with": [], "seconds": []}'])
def test_unreadable_cache_counts_as_empty(cache, content):
    cache.parent.mkdir()
    cache.write_text(content)
    assert known_rates() == Rates({}, 1)


def test_rates_of_another_version_are_forgotten(cache, trials):
    measure(RUNS)
    content = json.loads(cache.read_text())
    content["made_with"][0] = "0.0.0"
    cache.write_text(json.dumps(content))
    assert known_rates() == Rates({}, 1)


def test_cache_that_cannot_be_written_is_no_error(tmp_path, monkeypatch, trials):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NALM_CACHE", str(tmp_path / "file" / "below"))
    assert measure(RUNS).duration_s(RUNS[0], 1) is not None
