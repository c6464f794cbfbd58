from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nalm.cluster import Part, parse_part, runs_of, split
from nalm.cluster._parts import _cuts
from nalm.errors import InputError
from nalm.studies import expand, load, names
from nalm.training import by_trainer

QUICKSTART = expand(load("quickstart"))


def work(run):
    (trainer,) = by_trainer([run])
    return trainer.work(run)


def ids(runs):
    return [run.id for run in runs]


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("count", [1, 3, 7])
def test_parts_of_every_study_are_disjoint_complete_and_never_empty(name, count):
    runs = expand(load(name), tuple(range(3)))
    if len(runs) < count:
        with pytest.raises(InputError, match=f"{count} parts: give 1 to {len(runs)}, the number of chosen runs"):
            split(runs, count)
        return
    parts = split(runs, count)
    assert len(parts) == count
    assert all(parts)
    assert sorted(run for part in parts for run in ids(part)) == sorted(ids(runs))


@pytest.mark.parametrize("count", [2, 4, 16])
def test_parts_differ_by_little_work(count):
    totals = [sum(map(work, part)) for part in split(QUICKSTART, count)]
    share = sum(totals) / count
    assert max(totals) <= 1.25 * share + max(map(work, QUICKSTART))


def test_runs_of_a_seed_stay_together_and_every_part_has_every_network():
    for part in split(QUICKSTART, 5):
        assert len({run.seed for run in part}) == 2
        assert {run.label for run in part} == {"nmu", "snmu"}
        assert len(part) == 36


def test_part_keeps_the_order_of_the_study():
    for part in split(QUICKSTART, 7):
        assert ids(part) == [run for run in ids(QUICKSTART) if run in set(ids(part))]


def test_split_depends_on_the_runs_and_their_number_alone():
    again = expand(load("quickstart"))
    assert [ids(part) for part in split(QUICKSTART, 6)] == [ids(part) for part in split(again, 6)]
    assert ids(runs_of(QUICKSTART, Part(2, 6))) == ids(split(QUICKSTART, 6)[1])


def test_as_many_parts_as_runs_is_one_run_each():
    assert [len(part) for part in split(QUICKSTART, len(QUICKSTART))] == [1] * len(QUICKSTART)


@settings(deadline=None)
@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=40), st.data())
def test_cuts_rise_whatever_runs_cost(costs, data):
    count = data.draw(st.integers(1, len(costs)))
    done = [sum(costs[:end]) for end in range(len(costs) + 1)]
    inner = data.draw(st.sets(st.integers(1, len(costs)), max_size=5))
    cuts = _cuts(done, sorted({0, len(costs), *inner}), count)
    assert cuts[0] == 0
    assert cuts[-1] == len(costs)
    assert len(cuts) == count + 1
    assert all(low < high for low, high in pairwise(cuts))


def test_a_cut_moves_to_a_near_border_and_to_no_other():
    done = list(range(0, 101))
    assert _cuts(done, [0, 51, 100], 2) == [0, 51, 100]
    assert _cuts(done, [0, 56, 100], 2) == [0, 56, 100]
    assert _cuts(done, [0, 57, 100], 2) == [0, 50, 100]


def test_part_is_read_and_written():
    assert parse_part("3/16") == Part(3, 16)
    assert str(Part(3, 16)) == "3/16"


@pytest.mark.parametrize("text", ["", "3", "3/", "/4", "a/4", "3/4/5", "-1/4", "1.5/4", "³/4", "3 / 4"])
def test_no_part_is_named_with_the_form_that_is(text):
    with pytest.raises(InputError, match=r"give I/N, such as 3/16 for the third of 16 parts"):
        parse_part(text)


@pytest.mark.parametrize("text", ["0/4", "5/4", "1/0"])
def test_part_outside_its_number_is_refused(text):
    with pytest.raises(InputError, match=rf"part {text}: parts are counted from 1/"):
        parse_part(text)
