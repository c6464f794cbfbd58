"""What is trained, and what it is called, is the class that is loaded; several at once do not disturb each other."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import nalm
from nalm.errors import StoreError

CLASS = """
import torch
class Unit(torch.nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.w = torch.nn.Parameter(torch.full((o, i), 0.6))
    def forward(self, x):
        return {}
"""
PRODUCT, SUM = "(self.w * x.unsqueeze(-2) + 1 - self.w).prod(-1)", "x @ self.w.T"
STUDY = """
title = "typed"
seeds = "0:2"
[task]
kind = "single-module"
operation = "mul"
interpolation_range = [1, 2]
extrapolation_range = [2, 6]
[settings]
iterations = 40
log_interval = 20
ramp_start = 10
ramp_end = 30
validation_samples = 50
test_samples = 60
[[networks]]
unit = "typed_in_a_session:Unit"
"""


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Type the class anew, with this forward, into a module that is on no disk."""
    monkeypatch.chdir(tmp_path)
    Path("study.toml").write_text(STUDY)

    def session(forward: str) -> None:
        module = ModuleType("typed_in_a_session")
        monkeypatch.setitem(sys.modules, "typed_in_a_session", module)
        exec(compile(CLASS.format(forward), "<string>", "exec", dont_inherit=True), vars(module))

    return session


def trained(out: str, **arguments: Any) -> Any:
    return nalm.run("study.toml", out=out, progress=False, **{"workers": 1, **arguments}).records()


def test_a_class_that_is_typed_again_is_trained_under_a_name_of_its_own(typed: Callable[[str], None]) -> None:
    typed(PRODUCT)
    product = trained("product")
    typed(SUM)
    total = trained("sum")
    typed(PRODUCT)
    again = trained("again")
    assert again.equals(product)
    assert not set(total["run"]) & set(product["run"])
    assert total["interpolation_error"].to_list() != product["interpolation_error"].to_list()
    typed(SUM)
    with pytest.raises(StoreError, match="the code of typed_in_a_session:Unit has been changed since"):
        trained("product")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_workers_train_the_class_that_is_loaded_here(typed: Callable[[str], None]) -> None:
    """They could not import it: it is on no disk."""
    typed(PRODUCT)
    # a batch for each of the workers
    Path("study.toml").write_text(STUDY.replace("iterations = 40\n", "") + "[grid]\niterations = [40, 60]\n")
    assert trained("together", workers=2).equals(trained("alone"))


@pytest.mark.parametrize("unit", ["snmu", "typed_in_a_session:Unit"])
def test_threads_with_one_cold_cache_give_what_one_alone_gives(
    typed: Callable[[str], None], unit: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    typed(f"{PRODUCT} + (torch.rand_like(x[:, :1]) if self.training else 0)")
    Path("study.toml").write_text(STUDY.replace("typed_in_a_session:Unit", unit))
    monkeypatch.setenv("NALM_CACHE", str(tmp_path / "cache"))
    from nalm.training.lowerings.choice import lower

    lower.cache_clear()
    rates = (1e-3, 1e-2, 3e-3)
    found: dict[float, Any] = {}
    waiting = threading.Barrier(len(rates))

    def work(rate: float) -> None:
        waiting.wait()
        found[rate] = trained(f"together/{rate}", settings={"learning_rate": rate})

    threads = [threading.Thread(target=work, args=(rate,)) for rate in rates]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lower.cache_clear()
    for rate in rates:
        assert found[rate].equals(trained(f"alone/{rate}", settings={"learning_rate": rate}))
    lower.cache_clear()
