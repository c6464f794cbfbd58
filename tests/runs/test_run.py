"""The identity of runs."""

import pickle

import pytest

from nalm.digits import StaticDigits
from nalm.runs import Run
from nalm.studies import expand, load, loads, pin, to_toml
from support.runs import network
from support.study_texts import MINIMAL

OWN = MINIMAL.replace('"nmu"', '"my.units:Own"') + '\n[[networks]]\nlayers = ["nau", "nmu"]\n'


# results that exist are found by these names: a change makes all of them be trained again
@pytest.mark.parametrize(
    ("study", "first", "last"),
    [
        ("quickstart", "47a265d0e6cb213d", "798a7ecc55f4f0ff"),
        ("snmu-2022/figure-2", "8308d091e981b4f0", "0a3867940cbdfd25"),
        ("nau-nmu-2020/gating", "3ed651a1a2f33cde", "4d15664864e63d65"),
        ("snmu-2022/figure-8", "1952c3513fb874e5", "357b450ae5a43150"),
        ("snmu-2022/figure-10", "62b12778bfd6c63b", "1ee2da291613742f"),
    ],
)
def test_names_of_runs_stay(study, first, last):
    for version in (load(study), pin(load(study))):
        runs = expand(version)
        assert (runs[0].id, runs[-1].id) == (first, last)


def versions(*hashes):
    """The runs of a study of one class and one network of registered units, for versions of the class's code."""
    study = loads(OWN, "x")
    return [expand(study.model_copy(update={"sources": {"my.units:Own": text}})) for text in hashes]


def test_code_of_a_class_is_part_of_the_identity_of_its_runs_alone():
    one, same, other = versions("aa", "aa", "bb")
    assert [run.id for run in one] == [run.id for run in same]
    changed = [run.network.label for run, edited in zip(one, other, strict=True) if run.id != edited.id]
    assert changed == ["Own"] * (len(one) // 2)


def test_code_of_a_class_is_part_of_the_identity_of_digit_runs():
    one, other = (
        Run(study="x", task=StaticDigits(stage="my:Own"), network=network("Own"), seed=0, sources={"my:Own": text})
        for text in ("aa", "bb")
    )
    assert one.id != other.id
    text = 'title = "T"\nseeds = "0:1"\n[task]\nkind = "static-digits"\n[[networks]]\nunit = "my:Own"\n'
    study = loads(text, "x").model_copy(update={"sources": {"my:Own": "aa", "my:Other": "cc"}})
    assert expand(study)[0].sources == {"my:Own": "aa"}


def test_workers_keep_the_identity():
    run = versions("aa")[0][0]
    assert pickle.loads(pickle.dumps(run)).id == run.id


def test_study_file_keeps_the_code_of_its_classes():
    study = loads(OWN, "x").model_copy(update={"sources": {"my.units:Own": "aa"}})
    assert loads(to_toml(study), "x") == study
