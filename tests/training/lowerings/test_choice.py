from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from nalm.training.lowerings import choice, native
from nalm.training.lowerings.choice import Fallback, lower, program_key, warn_of_fallbacks
from nalm.training.lowerings.native import NativeCode, NoCompilerError
from nalm.training.stacked.batches import Batch
from nalm.training.stacked.engine import train_batch
from support.lowered import trained
from support.reference import truth
from support.runs import run


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
    with pytest.warns(RuntimeWarning, match=r"one run at a time.*modules\.py:\d+: if x\.sum\(\) > 0"):
        warn_of_fallbacks([("branching", found)])
    result = train_batch(Batch((mine,)), {key: found})
    assert np.isfinite(result.metrics["train_loss"]).all()
    assert result.metrics["train_loss"][0] != result.metrics["train_loss"][-1]


@pytest.fixture
def empty_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A folder for kernels where there are none; what this process knows of kernels is forgotten before and after."""
    monkeypatch.setenv("NALM_CACHE", str(tmp_path))
    for known in (lower, native.build):
        known.cache_clear()
    yield tmp_path
    for known in (lower, native.build):
        known.cache_clear()


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch, empty_cache: Path) -> None:
    def missing(source: str, flags: tuple[str, ...] = ()) -> None:
        raise NoCompilerError("no compiler")

    monkeypatch.setattr(choice, "build", missing)


@pytest.mark.usefixtures("no_compiler")
def test_without_a_compiler_networks_are_trained_with_one_warning() -> None:
    found = [lower(program_key(run(unit))) for unit in ("nmu", "nalu")]
    assert all(isinstance(item, Fallback) and item.compiler and item.batched for item in found)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_of_fallbacks(zip(("nmu", "nalu"), found, strict=True))
    assert len(caught) == 1
    assert "nmu, nalu" in str(caught[0].message)
    assert "install g++" in str(caught[0].message)


@pytest.mark.usefixtures("empty_cache")
def test_a_compiler_that_fails_on_the_headers_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    from torch._inductor import exc
    from torch._inductor.codecache import CppCodeCache

    def fails(*args: object, **kwargs: object) -> None:
        raise exc.CppCompileError(["g++"], "no such header")

    monkeypatch.setattr(CppCodeCache, "load", fails)
    with pytest.raises(NoCompilerError):
        native.build("int main() {}")


def test_kernels_are_kept_between_processes(monkeypatch: pytest.MonkeyPatch, empty_cache: Path) -> None:
    key = program_key(run("nau"))
    first = lower(key)
    assert isinstance(first, NativeCode)
    assert first.library.is_relative_to(empty_cache)
    lower.cache_clear()
    monkeypatch.setattr(choice, "generate", None)  # a second process must not trace again
    assert lower(key) == first


def test_a_users_own_class_is_never_taken_from_disk(empty_cache: Path) -> None:
    found = lower(program_key(run("support.modules:Exploding")))
    assert isinstance(found, NativeCode)
    assert not found.library.is_relative_to(empty_cache)


# what ATEN_CPU_CAPABILITY may say, and what the processor must know for it
VECTORS = {"default": "architecture", "avx2": "avx2", "avx512": "avx512_f"}


@pytest.mark.usefixtures("empty_cache")
@pytest.mark.parametrize("vectors", VECTORS)
def test_kernels_are_right_with_vectors_of_every_length(vectors: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not torch.cpu.get_capabilities().get(VECTORS[vectors]):
        pytest.skip(f"this processor has no {vectors}")
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", vectors)
    runs = [run("nmu", seed, iterations=20, log_interval=10) for seed in range(2)]
    assert isinstance(lower(program_key(runs[0])), NativeCode)
    truth(runs).assert_agrees(trained(runs))
