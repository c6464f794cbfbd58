"""Modules as strangers write them are trained as an ordinary loop trains them, or refused in one sentence.

The loop of these tests is written out here, so that it shares nothing with the trainer but data and seeds.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from nalm.errors import InputError
from nalm.runs import Run
from nalm.streams import derived_key
from nalm.training import train
from nalm.training.lowerings import examine
from nalm.training.lowerings.ordinary import OrdinaryLoop
from nalm.training.lowerings.proof import Trajectory
from nalm.training.stacked.data import Data, GeneralSource
from support import field_modules
from support.runs import run

SETTINGS = {
    "iterations": 59,
    "log_interval": 30,
    "validation_samples": 100,
    "test_samples": 90,
    "learning_rate": 1e-2,
}


def run_of(cls: type[nn.Module], seed: int = 0, **settings: Any) -> Run:
    return run(f"support.field_modules:{cls.__name__}", seed, **{**SETTINGS, **settings})


def trained(runs: list[Run]) -> tuple[Any, list[str]]:
    """What comes of some runs, and the warnings meanwhile."""
    results: list[Any] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        train(runs, results.append, workers=1)
    (result,) = results
    return result, [str(item.message) for item in caught if item.category is RuntimeWarning]


def by_hand(cls: type[nn.Module], mine: Run) -> tuple[list[float], list[float], dict[str, np.ndarray]]:
    """Losses and validation errors of the logged rows, and the final state, of what a person would write."""
    settings = mine.training
    assert settings is not None
    torch.manual_seed(mine.seed)
    np.random.seed(derived_key(mine.seed, "numpy", 4))
    random.seed(derived_key(mine.seed, "python"))
    module = cls(2, 1)
    if any(isinstance(p, nn.UninitializedParameter) for p in module.parameters()):
        with torch.no_grad():
            module.eval()(torch.ones(2, 2))
    everything = list(module.parameters())
    optimizer = torch.optim.Adam(everything, lr=settings.learning_rate) if everything else None
    (block,) = GeneralSource([mine], settings.iterations + 1).next(settings.iterations + 1)
    sets = [torch.from_numpy(Data([mine]).evaluation(mine, part, rows)[0]) for part, rows in PARTS]
    losses, errors = [], []
    for step, batch in enumerate(torch.from_numpy(block)):
        if step in settings.logged_steps:
            module.eval()
            with torch.no_grad():
                found = [nn.functional.mse_loss(module(s[:2].T.contiguous()), s[2:].T).item() for s in sets]
            errors.append(found[0])
        module.train()
        loss = nn.functional.mse_loss(module(batch[:2].T.contiguous()), batch[2:].T)
        if step in settings.logged_steps:
            losses.append(loss.item())
        if optimizer is not None:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    held = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    wide = {name: value.float() if value.dtype == torch.bfloat16 else value for name, value in held.items()}
    return losses, errors, {name: value.detach().numpy() for name, value in wide.items()}


PARTS: Any = (("validation", SETTINGS["validation_samples"]), ("test", SETTINGS["test_samples"]))


@pytest.fixture
def generators() -> Iterator[None]:
    """What a test seeds is undone."""
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()
    yield
    torch.set_rng_state(states[0])
    np.random.set_state(states[1])
    random.setstate(states[2])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("generators")
@pytest.mark.parametrize("cls", field_modules.TRAINED, ids=lambda cls: cls.__name__)
def test_a_module_is_trained_as_an_ordinary_loop_trains_it(cls: type[nn.Module]) -> None:
    runs = [run_of(cls, seed) for seed in (0, 1)]
    result, said = trained(runs)
    assert len(said) <= 1
    assert "\n" not in "".join(said)
    for number, mine in enumerate(runs):
        losses, errors, state = by_hand(cls, mine)
        rows = result.run_index == number
        np.testing.assert_allclose(result.metrics["train_loss"][rows], losses, rtol=2e-4, atol=1e-6)
        np.testing.assert_allclose(result.metrics["interpolation_error"][rows], errors, rtol=2e-4, atol=1e-6)
        got = result.state[mine.id]
        assert set(got) >= {name for name, value in state.items() if np.issubdtype(value.dtype, np.floating)}
        for name, value in got.items():
            np.testing.assert_allclose(value, state[name], rtol=1e-3, atol=2e-4)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("cls", field_modules.REFUSED, ids=lambda cls: cls.__name__)
def test_what_cannot_be_trained_is_refused_in_one_sentence(cls: type[nn.Module]) -> None:
    with pytest.raises(InputError, match=rf"^support\.field_modules:{cls.__name__}: ") as caught:
        train([run_of(cls)], lambda result: None, workers=1)
    assert caught.match(field_modules.REFUSED[cls])
    assert "\n" not in str(caught.value)


def test_what_another_thread_draws_is_not_taken_for_the_module_s(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NALM_CACHE", str(tmp_path))  # nothing is known of the module yet
    drawn: list[float] = []
    train_a_few_steps = examine.by_ordinary_loop

    def disturbed(loop: OrdinaryLoop, *rest: Any) -> Trajectory:
        if not drawn:
            with loop.streams.drawing():
                drawn.append(random.random())
        return train_a_few_steps(loop, *rest)

    monkeypatch.setattr(examine, "by_ordinary_loop", disturbed)
    result, warned = trained([run_of(field_modules.NoDraws)])
    assert (len(drawn), warned) == (1, [])
    assert result.status == ("finished",)


def test_the_generators_of_the_process_are_left_as_they_were() -> None:
    before = torch.get_rng_state(), np.random.get_state()[1], random.getstate()
    trained([run_of(cls) for cls in (field_modules.NumpyNoise, field_modules.PythonNoise, field_modules.Recurrent)])
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])
    assert random.getstate() == before[2]


def test_a_seed_that_makes_another_module_is_trained_as_written_with_one_warning() -> None:
    runs = [run_of(field_modules.RarelyOther, seed) for seed in (0, 1, 7)]
    result, said = trained(runs)
    assert len(said) == 1
    assert re.search(
        r"^RarelyOther: seed 7 is trained one run at a time.*attribute first.*field_modules\.py:\d+", said[0]
    )
    assert [way.lowering for way in result.made_by] == ["a kernel", "a kernel", "an ordinary loop"]
    for mine in runs:
        _, _, state = by_hand(field_modules.RarelyOther, mine)
        for name, value in state.items():
            np.testing.assert_allclose(result.state[mine.id][name], value, rtol=1e-3, atol=2e-4)


CHECKED = """
from nalm.training.lowerings.choice import program_key
from nalm.training.lowerings.hashes import check_hashes
from support.runs import run
key = program_key(run("support.field_modules:OrderedByHashes", validation_samples=50, test_samples=40))
check_hashes(key, key.sources, key.label)
"""


@pytest.mark.heavy
def test_a_module_that_depends_on_the_order_of_a_set_is_refused_where_that_order_is_drawn() -> None:
    def said(hashes: str) -> str:
        places = [str(Path(__file__).parents[1]), *filter(None, sys.path)]
        environment = os.environ | {"PYTHONHASHSEED": hashes, "PYTHONPATH": os.pathsep.join(places)}
        words = [sys.executable, "-c", CHECKED]
        return subprocess.run(words, env=environment, capture_output=True, text=True).stderr

    assert re.search(r"OrderedByHashes: it depends on the order of a set .* at .*field_modules\.py:\d+: ", said("1"))
    assert said("0") == ""


@pytest.mark.parametrize(
    ("cls", "bounds"), [(field_modules.Logarithmic, "[-2,2]"), (field_modules.OfNegative, "[1,2]")], ids=str
)
def test_a_run_that_is_not_finite_from_the_start_says_where(cls: type[nn.Module], bounds: str) -> None:
    """Other runs of the same module, in ranges for which it is defined, are trained."""
    result, _ = trained([run_of(cls, interpolation_range=bounds)])
    assert result.failed_step == (0,)
    assert re.search(r"before any update forward gave nan at .*field_modules\.py:\d+: return", result.reason[0])


def test_another_default_dtype_is_refused_and_does_not_stay() -> None:
    with pytest.raises(InputError, match=r"^the network sets PyTorch's default dtype to torch\.float64"):
        train([run_of(field_modules.SetsTheDefaultType)], lambda result: None, workers=1)
    assert torch.get_default_dtype() == torch.float32
    torch.set_default_dtype(torch.float64)
    try:
        with pytest.raises(InputError, match=r"^PyTorch's default dtype is torch\.float64, .* drawn in float32"):
            train([run("nmu", 0, **SETTINGS)], lambda result: None, workers=1)
    finally:
        torch.set_default_dtype(torch.float32)
