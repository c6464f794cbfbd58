from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from nalm.errors import InputError
from nalm.training import toolchain
from nalm.training.lowerings import choice
from nalm.training.lowerings.choice import Fallback, lower, program_key, step_of, warn_of_fallbacks
from nalm.training.lowerings.native import NativeCode
from nalm.training.stacked.batches import Batch
from nalm.training.stacked.engine import train_batch
from nalm.training.toolchain import NoCompilerError
from support.lowered import trained
from support.reference import truth
from support.runs import run

TYPED = """
import torch
class Unit(torch.nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.w = torch.nn.Parameter(torch.ones(i))
    def forward(self, x):
        return ({}).sum(-1, keepdim=True)
"""


def test_numbers_do_not_need_another_program() -> None:
    key = program_key(run("nmu"))
    for settings in ({"learning_rate": 0.1}, {"iterations": 7}, {"sparsity_penalty": 3.0}, {"ramp_end": 250}):
        assert program_key(run("nmu", **settings)) == key
    for settings in ({"batch_size": 64}, {"sparsity_penalty": 0.0}, {"loss": "pcc"}, {"clip_gradient_value": 0.1}):
        assert program_key(run("nmu", **settings)) != key


def test_control_flow_on_values_is_trained_one_run_at_a_time_and_its_line_is_named() -> None:
    mine = run("support.modules:Branching", iterations=3, log_interval=1)
    key = program_key(mine)
    found = lower(key)
    assert isinstance(found, Fallback)
    assert not found.batched
    with pytest.warns(RuntimeWarning, match=r"one run at a time.*modules\.py:\d+: if x\.sum\(\) > 0: \(\w+: "):
        warn_of_fallbacks([("branching", found)])
    result = train_batch(Batch((mine,)), {key: found})
    assert np.isfinite(result.metrics["train_loss"]).all()
    assert result.metrics["train_loss"][0] != result.metrics["train_loss"][-1]


@pytest.fixture
def empty_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A folder for kernels where there are none; what this process knows of kernels is forgotten before and after."""
    monkeypatch.setenv("NALM_CACHE", str(tmp_path))
    lower.cache_clear()
    yield tmp_path
    lower.cache_clear()


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch, empty_cache: Path) -> None:
    def missing(source: str, flags: tuple[str, ...] = ()) -> None:
        raise NoCompilerError("there is no compiler", "install g++")

    monkeypatch.setattr(toolchain, "build", missing)


@pytest.mark.usefixtures("no_compiler")
def test_without_a_compiler_networks_are_trained_with_one_warning() -> None:
    found = [lower(program_key(run(unit))) for unit in ("nmu", "nalu")]
    assert all(isinstance(item, Fallback) and item.compiler and item.batched for item in found)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_of_fallbacks(zip(("nmu", "nalu"), found, strict=True))
    assert len(caught) == 1
    assert "nmu, nalu" in str(caught[0].message)
    assert "because there is no compiler (install g++)" in str(caught[0].message)


def test_a_version_of_pytorch_with_other_inner_parts_is_named_not_the_module(
    monkeypatch: pytest.MonkeyPatch, empty_cache: Path
) -> None:
    def other(function: object, table: object) -> None: ...

    monkeypatch.setattr("torch.fx.experimental.proxy_tensor.make_fx", other)
    found = lower(program_key(run("nmu")))
    assert isinstance(found, Fallback)
    assert found.compiler
    assert found.batched
    with pytest.warns(RuntimeWarning, match=r"PyTorch \S+ has other inner parts than nalm knows \(TypeError: .*other"):
        warn_of_fallbacks([("nmu", found)])


def test_kernels_are_kept_between_processes(monkeypatch: pytest.MonkeyPatch, empty_cache: Path) -> None:
    key = program_key(run("nau"))
    first = lower(key)
    assert isinstance(first, NativeCode)
    assert first.library.path.is_relative_to(empty_cache)
    lower.cache_clear()
    monkeypatch.setattr(choice, "generate", None)  # a second process must not trace again
    assert lower(key) == first


def test_kernels_of_a_users_own_class_are_kept_under_its_code(
    monkeypatch: pytest.MonkeyPatch, empty_cache: Path
) -> None:
    keys, codes = [], []
    for body in ("x * self.w", "x + self.w"):
        module = ModuleType("typed_for_choice")
        exec(TYPED.format(body), vars(module))
        monkeypatch.setitem(sys.modules, "typed_for_choice", module)
        keys.append(program_key(run("typed_for_choice:Unit")))
        codes.append(lower(keys[-1]))
    assert all(isinstance(code, NativeCode) and code.library.path.is_relative_to(empty_cache) for code in codes)
    assert codes[0] != codes[1]
    lower.cache_clear()
    step_of.cache_clear()
    assert lower(keys[0]) == codes[0]  # needs no class, so that it does not matter which is loaded
    with pytest.raises(InputError, match="typed_for_choice:Unit: its code has been changed since"):
        step_of(keys[0])


# what ATEN_CPU_CAPABILITY may say, and what the processor must know for it
VECTORS = {"default": "architecture", "avx2": "avx2", "avx512": "avx512_f"}


@pytest.mark.heavy
@pytest.mark.usefixtures("empty_cache")
@pytest.mark.parametrize("vectors", VECTORS)
def test_kernels_are_right_with_vectors_of_every_length(vectors: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not torch.cpu.get_capabilities().get(VECTORS[vectors]):
        pytest.skip(f"this processor has no {vectors}")
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", vectors)
    runs = [run("nmu", seed, iterations=20, log_interval=10) for seed in range(2)]
    assert isinstance(lower(program_key(runs[0])), NativeCode)
    truth(runs).assert_agrees(trained(runs))
