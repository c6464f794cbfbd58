"""The compiler that the environment names, and libraries that are kept, found again, and never run when damaged."""

from __future__ import annotations

import ctypes
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from nalm.errors import InputError
from nalm.training import kept, toolchain
from nalm.training.toolchain import Library, NoCompilerError, address, build, find, load, recall, remember

DOUBLED = 'extern "C" void doubled(float* x) { x[0] *= 2; }'


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A new folder for libraries; the private one among the temporary files as well."""
    monkeypatch.setenv("NALM_CACHE", str(tmp_path / "a cache"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path / "a cache" / "kernels"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library that nobody damages."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NALM_CACHE", str(tmp_path_factory.mktemp("libraries")))
        yield build(DOUBLED)


def doubled(library: Library) -> float:
    x = np.array([3.0], dtype=np.float32)
    load(library).doubled(address(x))
    return float(x[0])


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_a_library_says_what_made_it(library: Library) -> None:
    assert doubled(library) == 6
    assert library.compiler.startswith("g++")
    assert library.flags.startswith("-O3 ")
    assert "fast-math" not in library.flags
    assert library.instructions


@pytest.mark.parametrize("place", [0, 100, -1, -20, -60, -200, None])
def test_a_damaged_library_is_not_there(library: Library, cache: Path, place: int | None) -> None:
    cache.mkdir(parents=True)
    path = cache / library.path.name
    whole = library.path.read_bytes()
    path.write_bytes(whole)
    copy = find(library.name)
    assert copy is not None
    assert doubled(copy) == 6
    damaged = bytearray(whole[:-1000] if place is None else whole)
    if place is not None:
        damaged[place] ^= 1
    path.unlink()  # a library that is loaded must not change
    path.write_bytes(damaged)
    assert find(library.name) is None
    with pytest.raises(OSError, match="damaged"):
        load(copy)


def test_a_library_under_the_name_of_another_is_not_that_one(library: Library, cache: Path) -> None:
    cache.mkdir(parents=True)
    shutil.copy(library.path, cache / f"{'0' * 32}.so")
    assert find("0" * 32) is None


def test_what_is_known_is_found_by_its_description(
    library: Library, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.mkdir(parents=True)
    shutil.copy(library.path, cache)
    remember("a network", library, rows=[3])
    assert recall("another network") is None
    found = recall("a network")
    assert found is not None
    assert found[0].name == library.name
    assert found[1]["rows"] == [3]
    (path,) = cache.glob("*.json")
    path.write_bytes(path.read_bytes().replace(b"[3]", b"[4]"))
    assert recall("a network") is None
    remember("a network", library)
    monkeypatch.setenv("CXX", "another compiler")
    assert recall("a network") is None


def test_a_launcher_in_a_folder_with_a_space_is_used_and_its_flags_are_seen(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher = program(tmp_path / "my tools" / "launch", 'exec "$@" -ffast-math')
    monkeypatch.setenv("CXX", f"'{launcher}' g++ -DNOTHING")
    made = build(DOUBLED)
    assert doubled(made) == 6
    assert made.path.parent == cache
    assert "(fast-math) (finite-math-only)" in made.flags
    assert list(cache.glob(".build-*")) == []


def test_the_compilers_own_words_are_told(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = program(tmp_path / "g++", 'echo "note: hello" >&2; echo "g++: fatal error: no licence" >&2; exit 3')
    monkeypatch.setenv("CXX", str(failing))
    with pytest.raises(NoCompilerError, match=r"g\+\+: fatal error: no licence \(it needs mending, or name another"):
        build(DOUBLED)
    monkeypatch.setenv("CXX", str(tmp_path / "missing++"))
    with pytest.raises(NoCompilerError, match=r"missing\+\+' cannot be run: No such file.*\(install g\+\+"):
        build(DOUBLED)


def test_without_a_cache_libraries_are_kept_in_a_folder_of_the_users_own(
    library: Library, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NALM_CACHE", str(tmp_path / "file" / "below"))
    made = build(DOUBLED)
    assert doubled(made) == 6
    assert made.path.parent.stat().st_mode & 0o077 == 0
    remember("a network", made)
    assert recall("a network") is not None


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="gives a folder to another user")
def test_code_from_a_folder_that_others_can_write_is_refused(
    library: Library, cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cache.mkdir(parents=True)
    shutil.copy(library.path, cache)
    os.chown(cache, 12345, -1)
    assert find(library.name) is not None  # shared on purpose, and closed
    cache.chmod(0o777)
    with pytest.raises(InputError, match=r"belongs to somebody else and is open to others.*NALM_CACHE"):
        find(library.name)
    os.chown(cache, os.getuid(), -1)
    assert find(library.name) is not None
    assert cache.stat().st_mode & 0o022 == 0
    # a folder among the temporary files that somebody else has made is not used
    private = tmp_path / f"nalm-{os.getuid()}"
    private.mkdir()
    os.chown(private, 12345, -1)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NALM_CACHE", str(tmp_path / "file"))
    assert build(DOUBLED).path.parent not in (private, cache)


def test_what_a_killed_process_left_is_removed(cache: Path) -> None:
    with kept.building() as now:
        old = cache / ".build-killed"
        old.mkdir()
        (old / "source.cpp").write_text("")
        os.utime(old, (time.time() - 7200,) * 2)
        with kept.building():
            assert not old.exists()
            assert now.exists()


def test_a_run_that_fails_is_seen_whatever_the_compiler_believes() -> None:
    """The test for numbers looks at their bits: under -ffinite-math-only `std::isfinite` is always true."""
    source = (Path(toolchain.__file__).parent / "kernel" / "kernel.hpp").read_text()
    source += 'extern "C" int64_t good(float* x) { return is_finite(x[0]); }'
    checked = load(build(source, ("-ffast-math",)))
    checked.good.restype = ctypes.c_int64
    values = [np.float32(v) for v in (0, 1, -3e38, 1e-45, np.inf, -np.inf, np.nan)]
    assert [checked.good(address(np.array([v]))) for v in values] == [1, 1, 1, 1, 0, 0, 0]


def test_a_library_of_fast_mathematics_changes_no_other_numbers() -> None:
    """Loading one of GCC's makes the whole thread take subnormal numbers for zero."""
    load(build('extern "C" float half(float x) { return x / 2; }', ("-ffast-math",)))
    assert np.float32(1e-45) * np.float32(1) > 0
    assert torch.tensor(1e-45) * 1 > 0
