from __future__ import annotations

import warnings

import numpy as np
import pytest

from nalm.training.lowerings import choice, native
from nalm.training.lowerings.choice import Fallback, lower, program_key, warn_of_fallbacks
from nalm.training.lowerings.native import NativeCode, NoCompilerError
from nalm.training.stacked.batches import Batch
from nalm.training.stacked.engine import train_batch
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


def test_eager_program_equals_native_kernel() -> None:
    mine = run("snmu_batch", iterations=30, log_interval=10)
    key = program_key(mine)
    one_by_one = Fallback("by request", compiler=False, batched=False)
    results = [train_batch(Batch((mine,)), {key: item}) for item in (lower(key), one_by_one)]
    for column in ("train_loss", "penalty_loss", "interpolation_error", "extrapolation_error"):
        np.testing.assert_allclose(*(result.metrics[column] for result in results), rtol=1e-4, atol=1e-6)


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    def missing(source: str, flags: tuple[str, ...] = ()) -> None:
        raise NoCompilerError("no compiler")

    monkeypatch.setenv("NALM_CACHE", str(tmp_path))
    monkeypatch.setattr(choice, "build", missing)
    lower.cache_clear()
    yield
    lower.cache_clear()


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


def test_a_compiler_that_fails_on_the_headers_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    from torch._inductor import exc
    from torch._inductor.codecache import CppCodeCache

    def fails(*args: object, **kwargs: object) -> None:
        raise exc.CppCompileError(["g++"], "no such header")

    native.build.cache_clear()
    monkeypatch.setattr(CppCodeCache, "load", fails)
    with pytest.raises(NoCompilerError):
        native.build("int main() {}")
    native.build.cache_clear()


def test_kernels_are_kept_between_processes(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("NALM_CACHE", str(tmp_path))
    key = program_key(run("nau"))
    lower.cache_clear()
    first = lower(key)
    assert isinstance(first, NativeCode)
    assert first.library.is_relative_to(str(tmp_path))
    lower.cache_clear()
    monkeypatch.setattr(choice, "generate", None)  # a second process must not trace again
    assert lower(key) == first
    lower.cache_clear()


def test_a_users_own_class_is_never_taken_from_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("NALM_CACHE", str(tmp_path))
    lower.cache_clear()
    found = lower(program_key(run("support.modules:Exploding")))
    assert isinstance(found, NativeCode)
    assert not found.library.is_relative_to(str(tmp_path))
    lower.cache_clear()
